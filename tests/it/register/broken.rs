//! Registers with a fault: the row is refused where it stands, the others are read; a file that cannot be read safely is refused whole.

use super::{EXAMPLE, example, read, to_xlsx};
use hazecast::domain::register_columns::Column;
use rand_distr::Distribution;
use rust_xlsxwriter::{ExcelDateTime, Formula, Workbook};
use std::io::{Cursor, Write};

/// A sound row by column.
fn row(id: &str) -> Vec<(Column, String)> {
    let value = |c: Column| match c {
        Column::Id => id.into(),
        Column::Family => "工业企业".into(),
        Column::Name => "示例企业".into(),
        Column::County => "延吉市".into(),
        Column::Lon => "129.5".into(),
        Column::Lat => "42.9".into(),
        Column::Lines => "窑|砖|1万块|0.6;坯|砖||0.4".into(),
        Column::StackHeights => "30;45".into(),
        Column::Protection => "民生供热".into(),
        Column::MinimumLoad => "0.7".into(),
        Column::Source => "s1".into(),
        Column::Amount(2) => "2".into(),
        Column::Amount(3) => "1".into(),
        Column::Amount(_) => "0.1".into(),
        _ => String::new(),
    };
    Column::all().into_iter().map(|c| (c, value(c))).collect()
}

/// Three rows, of which the second has `text` in `column`.
fn rows(column: Column, text: &str) -> Vec<Vec<String>> {
    let mut rows = ["a", "b", "c"].map(row);
    rows[1].iter_mut().filter(|(c, _)| *c == column).for_each(|(_, v)| *v = text.into());
    let header = Column::all().into_iter().map(Column::zh).collect();
    std::iter::once(header).chain(rows.map(|r| r.into_iter().map(|(_, v)| v).collect())).collect()
}

fn csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|r| writer.write_record(r).unwrap());
    writer.into_inner().unwrap()
}

fn xlsx(rows: &[Vec<String>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    for (r, cells) in (0..).zip(rows) {
        for (c, cell) in (0..).zip(cells) {
            page.write_string(r, c, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// A value that no row may have, and a word of what is said to be expected.
const FAULTS: [(Column, &str, &str); 41] = [
    (Column::Id, "", "a value"),
    (Column::Id, "a", "once"),
    (Column::Name, "", "a value"),
    (Column::Name, "铃\u{7}", "control"),
    (Column::Family, "", "a family"),
    (Column::Family, "工厂", "enterprise"),
    (Column::CreditCode, "91110000600037342L", "check character P"),
    (Column::CreditCode, "9111000060003734", "18 characters, not 16"),
    (Column::CreditCode, "9111000060003734IL", "without I, O"),
    (Column::County, "", "a value"),
    (Column::County, "长春市", "222401"),
    (Column::County, "220100", "222401"),
    (Column::Lon, "", "longitude and latitude"),
    (Column::Lat, "", "longitude and latitude"),
    (Column::Lon, "181", "-180"),
    (Column::Lat, "129.5", "-90 ..= 90"),
    (Column::Lon, "129°30′", "number"),
    (Column::Lon, "inf", "number"),
    (Column::Lat, "NaN", "number"),
    (Column::Grade, "E", "leading"),
    (Column::Lines, "窑|砖|0.6", "name|product"),
    (Column::Lines, "窑|砖|1|60", "share in 0 ..= 1"),
    (Column::Lines, "窑|砖|1|0.7;坯|砖|1|0.4", "sum to 1"),
    (Column::Lines, "|砖|1|0.7", "name of the line"),
    (Column::Lines, "窑", "name|product"),
    (Column::StackHeights, "0", "1 to 450"),
    (Column::StackHeights, "30;900", "1 to 450"),
    (Column::StackHeights, "高", "1 to 450"),
    (Column::Amount(0), "-0.1", "0 ..="),
    (Column::Amount(0), "1e9", "0 ..="),
    (Column::Amount(1), "1,5", "number"),
    (Column::Amount(4), "3吨", "number"),
    (Column::Amount(2), "0.5", "PM2.5"),
    (Column::Amount(3), "0.1", "1.4 OC"),
    (Column::Amount(3), "3", "PM2.5"),
    (Column::Protection, "", "reason"),
    (Column::Protection, "重要", "heating"),
    (Column::MinimumLoad, "", "minimum load"),
    (Column::MinimumLoad, "1.2", "0 ..= 1"),
    (Column::MinimumLoad, "120%", "0 ..= 1"),
    (Column::Source, "", "a value"),
];

#[test]
fn one_bad_cell_refuses_its_row_with_its_place_in_both_formats() {
    for (column, text, expected) in FAULTS {
        let rows = rows(column, text);
        for (name, bytes) in [("r.csv", csv(&rows)), ("r.xlsx", xlsx(&rows))] {
            let read = read(name, &bytes).unwrap();
            let context = format!("{name}: {} = `{text}`", column.zh());
            let ids: Vec<&str> = read.entries.iter().map(|e| e.id.as_str()).collect();
            assert_eq!(ids, ["a", "c"], "{context}");
            let [fault] = &read.faults[..] else { panic!("{context}: {:?}", read.faults) };
            assert_eq!(fault.row, 3, "{context}");
            // what is said of PM10 may be a fault of PM2.5, and of a position that of its other half
            let near = [column, Column::Amount(2), Column::Lon, Column::Lat].map(|c| Some(c.zh()));
            assert!(near.contains(&fault.column), "{context}: {fault:?}");
            assert!(fault.expected.en.contains(expected), "{context}: {fault:?}");
            for both in [&fault.found, &fault.expected, &fault.remedy] {
                assert!(!both.zh.is_empty() && !both.en.is_empty(), "{context}: {fault:?}");
            }
            let rejection = hazecast::error::Rejection::from(fault.clone());
            let place = if name == "r.csv" { "line 3, column " } else { "sheet Sheet1, row 3, column " };
            assert!(rejection.place.starts_with(place), "{context}: {}", rejection.place);
        }
    }
}

#[test]
fn a_file_that_is_no_register_is_refused_whole() {
    let sound = rows(Column::Id, "b");
    let head = |from: &str, to: &str| {
        let mut rows = sound.clone();
        rows[0].iter_mut().filter(|h| *h == from).for_each(|h| *h = to.into());
        csv(&rows)
    };
    let cut = csv(&sound);
    let damaged = b"\xff\xff,name\n1,2\n".to_vec();
    let table = to_xlsx(&example().entries);
    let wide = format!("id,{}\n", (0..300).map(|i| i.to_string()).collect::<Vec<_>>().join(","));
    let long = format!("id\n{}", "1\n".repeat(20_001));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("unknown.csv", head("备注", "电话"), "`电话`"),
        ("twice.csv", head("备注", "名称"), "twice"),
        ("alias.csv", head("备注", "name"), "`name` in column 25"),
        ("missing.csv", head("县市", ""), "county"),
        ("source.csv", head("排放源编号", ""), "source"),
        ("family.csv", head("类别", ""), "family"),
        ("key.csv", head("清单编号", ""), "清单编号"),
        ("amounts.csv", "清单编号,类别,名称,县市,排放源编号\na,其他,b,延吉市,s\n".into(), "amount"),
        ("empty.csv", Vec::new(), "empty"),
        ("header.csv", csv(&sound[..1]), "no rows"),
        ("cut.csv", cut[..cut.len() - 30].to_vec(), "middle of a record"),
        ("damaged.csv", damaged, "UTF-8"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "password"),
        ("cut.xlsx", table[..table.len() / 2].to_vec(), "XLSX"),
        ("other.xlsx", zipped(&[("hello.txt", b"hello")]), "XLSX"),
        ("wide.csv", wide.into_bytes(), "256"),
        ("long.csv", long.into_bytes(), "20000"),
        ("bomb.xlsx", zipped(&[("xl/worksheets/sheet1.xml", &vec![b' '; 130 << 20])]), "unpacked"),
        ("corner.xlsx", corner(), "first 256 columns"),
    ];
    for (name, bytes, word) in cases {
        let message = read(name, &bytes).map(|r| r.entries.len()).unwrap_err().to_string();
        assert!(message.contains(word) && message.contains(name), "{name}: {message}");
    }
    assert_eq!(read("sound.csv", &csv(&sound)).unwrap().entries.len(), 3);
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A sheet whose two cells lie in opposite corners: 17 billion cells if it were kept as a rectangle.
fn corner() -> Vec<u8> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.write_string(0, 0, "清单编号").unwrap();
    page.write_string(1_048_575, 16_383, "x").unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn cells_that_are_no_text_and_no_number_are_refused_by_name() {
    let rows = rows(Column::Id, "b");
    let book = |put: &dyn Fn(&mut rust_xlsxwriter::Worksheet)| {
        let mut book = Workbook::new();
        let page = book.add_worksheet();
        for (r, cells) in (0..).zip(&rows) {
            for (c, cell) in (0..).zip(cells) {
                page.write_string(r, c, cell).unwrap();
            }
        }
        put(page);
        read("r.xlsx", &book.save_to_buffer().unwrap()).unwrap()
    };
    let at = |c: Column| Column::all().iter().position(|x| *x == c).unwrap() as u16;
    let (so2, name, code) = (at(Column::Amount(0)), at(Column::Name), at(Column::CreditCode));
    // a formula counts with the value that was saved with it, and is kept as no formula
    let read = book(&|p| {
        p.write_formula(2, so2, Formula::new("=1+1").set_result("0.25")).unwrap();
    });
    assert_eq!((read.faults.len(), read.entries[1].emission_t_d.so2), (0, 0.25));
    type Put = Box<dyn Fn(&mut rust_xlsxwriter::Worksheet)>;
    let faults: [(&str, Put); 5] = [
        (
            "TRUE or FALSE",
            Box::new(move |p| {
                p.write_boolean(2, name, true).unwrap();
            }),
        ),
        (
            "a date",
            Box::new(move |p| {
                let format = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
                let day = ExcelDateTime::from_ymd(2026, 1, 15).unwrap();
                p.write_datetime_with_format(2, so2, &day, &format).unwrap();
            }),
        ),
        (
            "the error",
            Box::new(move |p| {
                p.write_formula(2, so2, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
            }),
        ),
        (
            "9111000060003734",
            Box::new(move |p| {
                p.write_number(2, code, 91_110_000_600_037_341_234.0).unwrap();
            }),
        ),
        (
            "a value in column 30",
            Box::new(move |p| {
                p.write_string(2, 29, "beside").unwrap();
            }),
        ),
    ];
    for (word, put) in faults {
        let read = book(&*put);
        assert_eq!((read.entries.len(), read.faults.len()), (2, 1), "{word}: {:?}", read.faults);
        assert!(read.faults[0].found.en.contains(word), "{word}: {:?}", read.faults[0]);
    }
    // a family by the name of its sheet, a title above the header
    let mut book = Workbook::new();
    let page = book.add_worksheet().set_name("施工工地").unwrap();
    page.write_string(0, 0, "某地清单").unwrap();
    for (c, (head, cell)) in
        (0..).zip([("清单编号", "1"), ("名称", "n"), ("县市", "222405"), ("排放源编号", "s"), ("PM10_t_d", "1")])
    {
        page.write_string(2, c, head).unwrap();
        page.write_string(3, c, cell).unwrap();
    }
    let read = super::read("r.xlsx", &book.save_to_buffer().unwrap()).unwrap();
    assert_eq!((read.entries[0].family.zh(), read.places[0].en.as_str()), ("施工工地", "sheet 施工工地, row 4"));
}

/// A saved formula without its result, as programs write that do not calculate: not a blank.
#[test]
fn a_formula_without_a_result_is_not_a_blank() {
    let table = to_xlsx(&example().entries[..2]);
    let mut archive = zip::ZipArchive::new(Cursor::new(table)).unwrap();
    let mut parts = Vec::new();
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut part, &mut text).unwrap();
        let name = part.name().unwrap().into_owned();
        if name.ends_with("sheet1.xml") {
            let from = text.find("<c r=\"L2\"").unwrap();
            let to = from + text[from..].find("</c>").unwrap() + 4;
            text.replace_range(from..to, "<c r=\"L2\"><f>1+1</f></c>");
        }
        parts.push((name, text));
    }
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, t)| (n.as_str(), t.as_bytes())).collect();
    let read = read("r.xlsx", &zipped(&parts)).unwrap();
    assert_eq!((read.entries.len(), read.faults.len()), (1, 1));
    let fault = &read.faults[0];
    assert!(fault.found.en.contains("formula") && fault.column.as_deref() == Some("SO2_t_d"), "{fault:?}");
}

/// Whatever happens to a file on its way, reading it ends with a register or a refusal, in bounded time.
#[test]
fn damaged_files_never_panic() {
    let small = to_xlsx(&example().entries[..20]);
    let csv = &EXAMPLE[..4_000];
    let mut rng = rand_pcg::Pcg64Mcg::new(7);
    let uniform = rand_distr::Uniform::new(0.0_f64, 1.0).unwrap();
    for round in 0..400 {
        let original = if round % 4 == 0 { csv } else { &small[..] };
        let mut bytes = original.to_vec();
        for _ in 0..1 + (uniform.sample(&mut rng) * 8.0) as usize {
            let at = (uniform.sample(&mut rng) * bytes.len() as f64) as usize;
            bytes[at] = (uniform.sample(&mut rng) * 256.0) as u8;
        }
        if round % 5 == 0 {
            bytes.truncate((uniform.sample(&mut rng) * bytes.len() as f64) as usize);
        }
        let _ = read("r", &bytes);
    }
    // damage behind the checksums: the XML itself
    let mut archive = zip::ZipArchive::new(Cursor::new(&small[..])).unwrap();
    let mut parts = Vec::new();
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut bytes).unwrap();
        let name = part.name().unwrap().into_owned();
        parts.push((name, bytes));
    }
    for _ in 0..300 {
        let mut damaged = parts.clone();
        let part = (uniform.sample(&mut rng) * damaged.len() as f64) as usize;
        let bytes = &mut damaged[part].1;
        for _ in 0..1 + (uniform.sample(&mut rng) * 4.0) as usize {
            let at = (uniform.sample(&mut rng) * bytes.len() as f64) as usize;
            bytes[at] = b"<>\"=0129AZ/ &;"[(uniform.sample(&mut rng) * 14.0) as usize];
        }
        let parts: Vec<(&str, &[u8])> = damaged.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        let _ = read("r.xlsx", &zipped(&parts));
    }
}
