//! GRIB2 messages made for tests, octet by octet as WMO-No. 306 numbers them, and the index that wgrib2 would print of them.

use chrono::{DateTime, Datelike, Timelike, Utc};

/// A message with one field or more, and data of no meaning.
#[derive(Debug, Clone)]
pub struct Made {
    pub name: &'static str,
    pub level: String,
    pub discipline: u8,
    pub category: u8,
    pub number: u8,
    /// Type and value of the surface.
    pub surface: (u8, u32),
    pub run: DateTime<Utc>,
    pub hour: u32,
    /// First hour of the interval, where it is one.
    pub since: Option<u32>,
    /// The data: how many bytes, and which.
    pub data: (usize, u8),
}

impl Made {
    pub fn bytes(&self) -> Vec<u8> {
        let mut sections = Vec::new();
        sections.extend(section(1, &self.identification()));
        sections.extend(section(3, &[0; 67]));
        sections.extend(section(4, &self.product()));
        sections.extend(section(5, &[0; 16]));
        sections.extend(section(6, &[255]));
        sections.extend(section(7, &vec![self.data.1; self.data.0]));
        let mut message = b"GRIB\0\0".to_vec();
        message.extend([self.discipline, 2]);
        message.extend(((16 + sections.len() + 4) as u64).to_be_bytes());
        message.extend(sections);
        message.extend(b"7777");
        message
    }

    /// A message of two fields, the second with the discipline and run of the first.
    pub fn with(&self, second: &Self) -> Vec<u8> {
        let mut sections = section(1, &self.identification());
        sections.extend(section(3, &[0; 67]));
        for field in [self, second] {
            sections.extend(section(4, &field.product()));
            sections.extend(section(5, &[0; 16]));
            sections.extend(section(6, &[255]));
            sections.extend(section(7, &vec![field.data.1; field.data.0]));
        }
        let mut message = b"GRIB\0\0".to_vec();
        message.extend([self.discipline, 2]);
        message.extend(((16 + sections.len() + 4) as u64).to_be_bytes());
        message.extend(sections);
        message.extend(b"7777");
        message
    }

    fn identification(&self) -> Vec<u8> {
        let mut s = vec![0, 7, 0, 0, 2, 1, 1];
        s.extend((self.run.year() as u16).to_be_bytes());
        s.extend([self.run.month() as u8, self.run.day() as u8, self.run.hour() as u8, 0, 0, 0, 1]);
        s
    }

    fn product(&self) -> Vec<u8> {
        let template = if self.since.is_some() { 8_u16 } else { 0 };
        let mut s = vec![0, 0];
        s.extend(template.to_be_bytes());
        s.extend([self.category, self.number, 2, 0, 96, 0, 0, 0, 1]);
        s.extend(self.since.unwrap_or(self.hour).to_be_bytes());
        s.extend([self.surface.0, 0]);
        s.extend(self.surface.1.to_be_bytes());
        s.extend([255, 0, 0, 0, 0, 0]);
        if self.since.is_some() {
            let end = self.run + chrono::Duration::hours(i64::from(self.hour));
            s.extend((end.year() as u16).to_be_bytes());
            s.extend([end.month() as u8, end.day() as u8, end.hour() as u8, 0, 0]);
            s.extend([1, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 6, 255, 0, 0, 0, 0]);
        }
        s
    }

    /// Its line in a wgrib2 inventory.
    pub fn line(&self, number: usize, offset: usize) -> String {
        let time = match (self.since, self.hour) {
            (Some(since), hour) => format!("{since}-{hour} hour acc fcst"),
            (None, 0) => "anl".into(),
            (None, hour) => format!("{hour} hour fcst"),
        };
        format!("{number}:{offset}:d={}:{}:{}:{time}:\n", self.run.format("%Y%m%d%H"), self.name, self.level)
    }
}

fn section(number: u8, content: &[u8]) -> Vec<u8> {
    let mut s = (content.len() as u32 + 5).to_be_bytes().to_vec();
    s.push(number);
    s.extend(content);
    s
}

/// Names of the fields that a model run needs, as GFS lists them, and some that nobody needs between them.
pub fn step(run: DateTime<Utc>, hour: u32, mut size: impl FnMut() -> usize) -> Vec<Made> {
    let mut made = Vec::new();
    let mut add = |name, level: String, code: (u8, u8, u8), surface, since| {
        let fill = made.len() as u8;
        let (discipline, category, number) = code;
        let data = (size(), fill);
        made.push(Made { name, level, discipline, category, number, surface, run, hour, since, data });
    };
    add("PRMSL", "mean sea level".into(), (0, 3, 1), (101, 0), None);
    for pressure in [1000, 925, 850, 700, 500, 300] {
        for (name, code) in [
            ("HGT", (0, 3, 5)),
            ("TMP", (0, 0, 0)),
            ("RH", (0, 1, 1)),
            ("UGRD", (0, 2, 2)),
            ("VGRD", (0, 2, 3)),
            ("VVEL", (0, 2, 8)),
            ("ABSV", (0, 2, 10)),
        ] {
            add(name, format!("{pressure} mb"), code, (100, pressure * 100), None);
        }
    }
    for (name, level, code, surface) in [
        ("PRES", "surface", (0, 3, 0), (1, 0)),
        ("HGT", "surface", (0, 3, 5), (1, 0)),
        ("TMP", "2 m above ground", (0, 0, 0), (103, 2)),
        ("DPT", "2 m above ground", (0, 0, 6), (103, 2)),
        ("UGRD", "10 m above ground", (0, 2, 2), (103, 10)),
        ("VGRD", "10 m above ground", (0, 2, 3), (103, 10)),
        ("UGRD", "80 m above ground", (0, 2, 2), (103, 80)),
        ("HPBL", "surface", (0, 3, 196), (1, 0)),
    ] {
        add(name, level.into(), code, surface, None);
    }
    if hour > 0 {
        add(
            "APCP",
            "surface".into(),
            (0, 1, 8),
            (1, 0),
            Some(hour - hour % 6 - if hour.is_multiple_of(6) { 6 } else { 0 }),
        );
    }
    made
}

/// What of [`step`] a model run takes, told by hand.
pub fn needed(m: &Made) -> bool {
    !matches!(m.name, "PRMSL" | "VVEL" | "ABSV") && !m.level.starts_with("80 m")
}

/// A file of messages and its inventory.
pub fn file(messages: &[Made]) -> (Vec<u8>, String) {
    let (mut bytes, mut index) = (Vec::new(), String::new());
    for (i, m) in messages.iter().enumerate() {
        index += &m.line(i + 1, bytes.len());
        bytes.extend(m.bytes());
    }
    (bytes, index)
}
