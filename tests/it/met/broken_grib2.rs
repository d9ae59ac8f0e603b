//! GRIB2 messages written here byte by byte (constant fields), sound and then each broken in one way.

use super::refused;
use hazecast::input::{grib2, meteorology};
use std::path::PathBuf;

#[derive(Clone)]
struct Field {
    /// Discipline, category, number, type of surface, its value.
    what: (u8, u8, u8, u8, u32),
    value: f32,
}

#[derive(Clone)]
struct File {
    fields: Vec<Field>,
    edition: u8,
    hour: u8,
    grid_template: u16,
    product_template: u16,
    packing_template: u16,
    scan: u8,
    ni: u32,
    points: u32,
    bitmap: u8,
}

fn section(number: u8, body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 5).to_be_bytes()[..], &[number], body].concat()
}

impl File {
    fn message(&self, f: &Field) -> Vec<u8> {
        let (discipline, category, number, surface, level) = f.what;
        let be = |v: u32| v.to_be_bytes();
        let identification = [&[0, 7, 0, 0, 2, 1, 1, 0x07, 0xea, 1, 15, self.hour, 0, 0, 0, 1][..]].concat();
        let mut grid = vec![0];
        grid.extend(be(self.points));
        grid.extend([0, 0]);
        grid.extend(self.grid_template.to_be_bytes());
        grid.push(6);
        grid.extend([0; 15]);
        for v in [self.ni, 3, 0, u32::MAX, 42_000_000, 128_000_000] {
            grid.extend(be(v));
        }
        grid.push(0x30);
        for v in [44_000_000, 131_000_000, 1_000_000, 1_000_000] {
            grid.extend(be(v));
        }
        grid.push(self.scan);
        let mut product = vec![0, 0];
        product.extend(self.product_template.to_be_bytes());
        product.extend([category, number, 2, 0, 96, 0, 0, 0, 1]);
        product.extend(be(0));
        product.extend([surface, 0]);
        product.extend(be(level));
        product.extend([255, 0]);
        product.extend(be(0));
        let mut packing = be(self.points).to_vec();
        packing.extend(self.packing_template.to_be_bytes());
        packing.extend(f.value.to_be_bytes());
        packing.extend([0; 6]);
        let sections = [
            section(1, &identification),
            section(3, &grid),
            section(4, &product),
            section(5, &packing),
            section(6, &[self.bitmap]),
            section(7, &[]),
        ]
        .concat();
        let length = (16 + sections.len() + 4) as u64;
        [b"GRIB", &[0, 0, discipline, self.edition][..], &length.to_be_bytes(), &sections, b"7777"].concat()
    }

    fn bytes(&self) -> Vec<u8> {
        self.fields.iter().flat_map(|f| self.message(f)).collect()
    }

    fn drop(&mut self, what: (u8, u8, u8, u8, u32)) {
        let before = self.fields.len();
        self.fields.retain(|f| f.what != what);
        assert!(self.fields.len() < before);
    }

    fn set(&mut self, what: (u8, u8, u8, u8, u32), value: f32) {
        self.fields.iter_mut().find(|f| f.what == what).unwrap().value = value;
    }
}

/// Isothermal air of 273.15 K: heights 7995 m ln(1000 hPa / p).
fn sound() -> File {
    let mut fields = Vec::new();
    for (p, height) in [(85_000, 1299.3), (70_000, 2851.6), (50_000, 5541.7), (30_000, 9625.8), (20_000, 12_867.5)] {
        for (what, value) in [((3, 5), height), ((0, 0), 273.15), ((2, 2), 5.0), ((2, 3), 0.0), ((1, 1), 50.0)] {
            fields.push(Field { what: (0, what.0, what.1, 100, p), value });
        }
    }
    for (what, value) in [
        ((0, 3, 0, 1, 0), 98_757.0),
        ((0, 3, 5, 1, 0), 100.0),
        ((0, 0, 0, 103, 2), 273.15),
        ((0, 2, 2, 103, 10), 3.0),
        ((0, 2, 3, 103, 10), 0.0),
    ] {
        fields.push(Field { what, value });
    }
    File {
        fields,
        edition: 2,
        hour: 0,
        grid_template: 0,
        product_template: 0,
        packing_template: 0,
        scan: 0x40,
        ni: 4,
        points: 12,
        bitmap: 255,
    }
}

fn temporary(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn sound_messages_are_read_from_one_or_several_files() {
    let (_keep, path) = temporary("sound.grib2", &sound().bytes());
    let fields = grib2::read(std::slice::from_ref(&path), None).unwrap();
    let f = &fields[0];
    assert_eq!((fields.len(), f.levels, f.grid.nx, f.grid.ny), (1, 6, 4, 3));
    assert_eq!((f.grid.x0, f.grid.y0, f.grid.dx), (128.0, 42.0, 1.0));
    assert_eq!((f.altitude_m[0], f.wind_10m_east_m_s[0]), (110.0, 3.0));
    // half of 6.11 hPa at 850 hPa
    assert!((f.specific_humidity[12] - 0.002_239).abs() < 1e-5, "{}", f.specific_humidity[12]);
    let bytes = sound().bytes();
    let cut = sound().fields[..7].iter().map(|f| sound().message(f).len()).sum::<usize>();
    let (_keep1, one) = temporary("one.grib2", &bytes[..cut]);
    let (_keep2, two) = temporary("two.grib2", &bytes[cut..]);
    let both = meteorology::read(&[one, two], None, None).unwrap();
    assert_eq!(both[0].altitude_m, f.altitude_m);
    // the next hour in a file of its own
    // zeros between and after the messages, as archives pad to whole blocks
    let zeros = [0; 9000];
    let (_keep4, padded) = temporary("padded.grib2", &[&bytes[..cut], &zeros[..], &bytes[cut..], &zeros[..3]].concat());
    assert_eq!(grib2::read(&[padded], None).unwrap()[0].altitude_m, f.altitude_m);
    let (_keep3, next) = temporary("next.grib2", &File { hour: 1, ..sound() }.bytes());
    assert_eq!(meteorology::read(&[next, path], None, None).unwrap().len(), 2);
}

type Break = (&'static str, fn(&mut File), &'static [&'static str]);

#[test]
fn broken_grib2_is_refused_with_file_and_place() {
    let breaks: [Break; 18] = [
        ("edition 1", |f| f.edition = 1, &["message 1", "edition 1"]),
        ("rotated grid", |f| f.grid_template = 1, &["message 1", "grid definition"]),
        ("ensemble", |f| f.product_template = 1, &["message 1", "product definition template"]),
        ("unsupported packing", |f| f.packing_template = 4, &["message 1", "data"]),
        ("unknown packing", |f| f.packing_template = 999, &["message 1", "data"]),
        ("columns first", |f| f.scan = 0x60, &["scanning mode"]),
        ("scan against latitudes", |f| f.scan = 0, &["latitudes"]),
        ("points that do not multiply", |f| f.ni = 5, &["points"]),
        ("four thousand million points", |f| (f.ni, f.points) = (1_400_000_000, 4_200_000_000), &["points"]),
        ("hour 30", |f| f.hour = 30, &["reference time"]),
        ("no surface pressure", |f| f.drop((0, 3, 0, 1, 0)), &["surface pressure", "2026-01-15 00:00"]),
        ("no terrain", |f| f.drop((0, 3, 5, 1, 0)), &["terrain height"]),
        ("no wind at one level", |f| f.drop((0, 2, 2, 100, 50_000)), &["WindEast at 50000 Pa"]),
        ("no humidity at one level", |f| f.drop((0, 1, 1, 100, 70_000)), &["Humidity at 70000 Pa"]),
        ("NaN", |f| f.set((0, 0, 0, 100, 50_000), f32::NAN), &["temperature", "level 3"]),
        ("Celsius", |f| f.set((0, 0, 0, 103, 2), 0.0), &["temperature"]),
        ("heights that do not increase", |f| f.set((0, 3, 5, 100, 50_000), 20_000.0), &["altitude"]),
        ("a gale of 500 m/s", |f| f.set((0, 2, 2, 100, 50_000), 500.0), &["eastward wind"]),
    ];
    for (i, (what, change, words)) in breaks.iter().enumerate() {
        let mut file = sound();
        change(&mut file);
        let (_keep, path) = temporary(&format!("broken_{i}.grib2"), &file.bytes());
        refused(what, &path, grib2::read(std::slice::from_ref(&path), None), words);
    }
}

#[test]
fn damaged_bytes_are_refused_with_message_and_byte() {
    let whole = sound().bytes();
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let first = sound().message(&sound().fields[0]).len();
    let without_end: Vec<u8> = [&whole[..first - 4], b"7 77", &whole[first..]].concat();
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty", vec![], &["0 bytes"]),
        ("text", b"time,temperature\n0,273\n".to_vec(), &["message 1", "`GRIB`"]),
        ("cut in a message", whole[..whole.len() - 10].to_vec(), &["message 30"]),
        ("cut in section 0", whole[..7].to_vec(), &["message 1", "end of the file"]),
        ("no 7777", without_end, &["message 1", "7777"]),
        ("length too long", changed(11, 200), &["message 1", "bytes"]),
        ("length too short", changed(15, 30), &["message 1", "7777"]),
        ("section past the message", changed(17, 1), &["message 1", "section 1"]),
        ("rubbish after the last message", [&whole[..], b"rubbish and more of it"].concat(), &["message 31"]),
        ("nothing of use", sound().message(&Field { what: (0, 19, 0, 1, 0), value: 1.0 }), &["no field of use"]),
    ];
    for (i, (what, bytes, words)) in cases.into_iter().enumerate() {
        let (_keep, path) = temporary(&format!("damaged_{i}.grib2"), &bytes);
        refused(what, &path, grib2::read(std::slice::from_ref(&path), None), words);
    }
}

/// Every byte of a message is overwritten in turn: an error or other values, never a panic.
#[test]
fn no_single_byte_makes_the_reader_panic() {
    let whole = sound().bytes();
    let first = sound().message(&sound().fields[0]).len();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fuzzed.grib2");
    for at in 0..first {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            std::fs::write(&path, bytes).unwrap();
            if let Err(e) = grib2::read(std::slice::from_ref(&path), None) {
                assert!(e.to_string().contains("fuzzed.grib2"), "byte {at}: {e}");
            }
        }
    }
}
