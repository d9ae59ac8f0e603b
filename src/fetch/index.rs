//! Indexes of GRIB2 files: where each message lies and what it is said to be.
//!
//! `.idx` (wgrib2 inventory, NCEP): `number[.field]:offset:d=YYYYMMDDHH:name:level:time:`; fields of one message share its offset, a message
//! ends where the next begins. `.index` (ECMWF): one JSON object a line with `_offset` and `_length`.
//!
//! **What an index says is a claim**: [`super::message`] holds the bytes against it.

use super::trouble::{Kind, Trouble};
use crate::config::mirror::Provider;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;

/// A message of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Line of the index, from 1.
    pub line: usize,
    pub offset: u64,
    /// Bytes; `None`: to the end of the file.
    pub length: Option<u64>,
    /// In the order of the message.
    pub fields: Vec<Listed>,
}

/// A field as the index names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub name: String,
    pub level: Level,
    pub run: DateTime<Utc>,
    /// `None`: another kind of time than an instant or an interval of the forecast.
    pub span: Option<Span>,
}

/// Level of a listed field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Ground,
    /// m above ground.
    Above(u32),
    /// Pa.
    Pressure(u32),
    Other,
}

/// Time of a listed field: hours after the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Instant(u32),
    Interval(u32, u32),
    /// The index gives the end only.
    Until(u32),
}

impl Span {
    /// Hours after the start of the run at which it ends.
    pub fn end(self) -> u32 {
        match self {
            Self::Instant(h) | Self::Interval(_, h) | Self::Until(h) => h,
        }
    }
}

/// Most lines of an index.
const MOST_LINES: usize = 20_000;

/// Reads an index; messages sorted by offset, none overlapping another.
///
/// # Errors
/// [`Kind::Damaged`] naming the line.
pub fn read(provider: Provider, text: &[u8]) -> Result<Vec<Entry>, Trouble> {
    let text = std::str::from_utf8(text).map_err(|_| damaged(0, "bytes that are not UTF-8"))?;
    if text.lines().count() > MOST_LINES {
        return Err(damaged(MOST_LINES, "too many lines"));
    }
    let lines = text.lines().enumerate().map(|(i, l)| (i + 1, l)).filter(|(_, l)| !l.trim().is_empty());
    let mut entries = Vec::new();
    for (number, line) in lines {
        match provider {
            Provider::Gfs => add_inventory_line(&mut entries, number, line)?,
            Provider::EcmwfOpenData => entries.push(json_line(number, line)?),
        }
    }
    entries.sort_by_key(|e: &Entry| e.offset);
    for i in 0..entries.len().saturating_sub(1) {
        let next = entries[i + 1].offset;
        if entries[i].offset == next {
            return Err(damaged(entries[i + 1].line, "a message at the place of another"));
        }
        match entries[i].length {
            None => entries[i].length = Some(next - entries[i].offset),
            Some(n) if entries[i].offset.checked_add(n).is_none_or(|end| end > next) => {
                return Err(damaged(entries[i].line, "a message that overlaps the next"));
            }
            Some(_) => {}
        }
    }
    if entries.is_empty() {
        return Err(damaged(1, "no message"));
    }
    Ok(entries)
}

fn damaged(line: usize, found: &str) -> Trouble {
    Trouble::new(Kind::Damaged, format!("索引第{line}行无法使用：{found}"), format!("index line {line}: {found}"))
}

fn add_inventory_line(entries: &mut Vec<Entry>, line: usize, text: &str) -> Result<(), Trouble> {
    let parts: Vec<&str> = text.split(':').collect();
    let [number, offset, date, name, level, time, ..] = parts[..] else {
        return Err(damaged(line, "fewer than 6 parts"));
    };
    let offset = decimal(offset).ok_or_else(|| damaged(line, "an offset that is no number"))?;
    let run = date
        .strip_prefix("d=")
        .filter(|d| d.len() == 10 && d.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|d| NaiveDateTime::parse_from_str(&format!("{d}00"), "%Y%m%d%H%M").ok())
        .ok_or_else(|| damaged(line, "no start of the run as d=YYYYMMDDHH"))?
        .and_utc();
    let listed = Listed { name: name.to_owned(), level: inventory_level(level), run, span: inventory_time(time) };
    // 5.2 is the second field of message 5
    let later = number.split_once('.').is_some_and(|(_, field)| field != "1");
    match entries.last_mut() {
        Some(last) if later && last.offset == offset => last.fields.push(listed),
        _ if later => return Err(damaged(line, "a later field of no message")),
        _ => entries.push(Entry { line, offset, length: None, fields: vec![listed] }),
    }
    Ok(())
}

fn inventory_level(text: &str) -> Level {
    if text == "surface" {
        return Level::Ground;
    }
    if let Some(metres) = text.strip_suffix(" m above ground").and_then(|m| m.parse().ok()) {
        return Level::Above(metres);
    }
    let pressure = text.strip_suffix(" mb").and_then(|p| p.parse::<f64>().ok());
    pressure.filter(|p| (0.0..2000.0).contains(p)).map_or(Level::Other, |p| Level::Pressure((p * 100.0).round() as u32))
}

/// `anl`, `3 hour fcst`, `0-3 hour acc fcst`, `0-1 day acc fcst`, `18-24 hour ave fcst`.
fn inventory_time(text: &str) -> Option<Span> {
    if text == "anl" {
        return Some(Span::Instant(0));
    }
    let words: Vec<&str> = text.split(' ').collect();
    let [range, unit, rest @ ..] = &words[..] else { return None };
    let hours = match *unit {
        "hour" => 1,
        "day" => 24,
        _ => return None,
    };
    let hour = |t: &str| decimal(t).and_then(|n| u32::try_from(n).ok()?.checked_mul(hours));
    match (range.split_once('-'), rest) {
        (None, ["fcst"]) => Some(Span::Instant(hour(range)?)),
        (Some((from, to)), ["acc" | "ave", "fcst"]) => Some(Span::Interval(hour(from)?, hour(to)?)),
        _ => None,
    }
}

#[derive(Deserialize)]
struct JsonLine {
    date: String,
    time: String,
    step: String,
    levtype: String,
    #[serde(default)]
    levelist: Option<String>,
    param: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "_offset")]
    offset: u64,
    #[serde(rename = "_length")]
    length: u64,
}

fn json_line(line: usize, text: &str) -> Result<Entry, Trouble> {
    let read: JsonLine = serde_json::from_str(text).map_err(|e| damaged(line, &e.to_string()))?;
    let start = format!("{}{}", read.date, read.time);
    let digits = start.len() == 12 && start.bytes().all(|b| b.is_ascii_digit());
    let run = digits.then(|| NaiveDateTime::parse_from_str(&start, "%Y%m%d%H%M").ok()).flatten();
    let run = run.ok_or_else(|| damaged(line, "no start of the run"))?.and_utc();
    let level = match (read.levtype.as_str(), &read.levelist) {
        ("sfc", _) => Level::Ground,
        ("pl", Some(p)) => match p.parse::<u32>() {
            Ok(p) if p <= 2000 => Level::Pressure(p * 100),
            _ => Level::Other,
        },
        _ => Level::Other,
    };
    // a step `0-3` is a statistic of an ensemble; amounts since the start carry the hour of their end
    let span = (read.kind == "fc").then(|| decimal(&read.step).and_then(|h| u32::try_from(h).ok())).flatten();
    let listed = Listed { name: read.param, level, run, span: span.map(Span::Until) };
    Ok(Entry { line, offset: read.offset, length: Some(read.length), fields: vec![listed] })
}

/// A number of ASCII digits alone.
fn decimal(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_cycle;

    const GFS: &str = "\
1:0:d=2026011512:PRMSL:mean sea level:3 hour fcst:
2:1001:d=2026011512:TMP:1000 mb:3 hour fcst:
3.1:2500:d=2026011512:UGRD:0.4 mb:3 hour fcst:
3.2:2500:d=2026011512:VGRD:0.4 mb:3 hour fcst:
4:4000:d=2026011512:APCP:surface:0-1 day acc fcst:
5:5000:d=2026011512:UGRD:10 m above ground:anl:
";

    #[test]
    fn an_inventory_gives_messages_with_their_fields() {
        let entries = read(Provider::Gfs, GFS.as_bytes()).unwrap();
        let ends: Vec<_> = entries.iter().map(|e| (e.offset, e.length, e.fields.len())).collect();
        assert_eq!(
            ends,
            [(0, Some(1001), 1), (1001, Some(1499), 1), (2500, Some(1500), 2), (4000, Some(1000), 1), (5000, None, 1)]
        );
        let field = |i: usize, j: usize| &entries[i].fields[j];
        assert_eq!((field(0, 0).level, field(1, 0).level), (Level::Other, Level::Pressure(100_000)));
        assert_eq!((field(2, 1).name.as_str(), field(2, 1).level), ("VGRD", Level::Pressure(40)));
        assert_eq!((field(3, 0).span, field(3, 0).level), (Some(Span::Interval(0, 24)), Level::Ground));
        assert_eq!((field(4, 0).span, field(4, 0).level), (Some(Span::Instant(0)), Level::Above(10)));
        assert_eq!(field(1, 0).run, parse_cycle("2026-01-15T12Z").unwrap());
    }

    #[test]
    fn an_index_of_json_lines_is_sorted_by_place() {
        let line = |param: &str, more: &str, offset: u64| {
            format!(
                "{{\"domain\": \"g\", \"date\": \"20260115\", \"time\": \"1200\", \"expver\": \"0001\", \"class\": \"od\", \"type\": \"fc\", \
                 \"stream\": \"oper\", \"step\": \"3\", {more}, \"param\": \"{param}\", \"_offset\": {offset}, \"_length\": 50}}\n"
            )
        };
        let text = line("t", "\"levtype\": \"pl\", \"levelist\": \"850\"", 50) + &line("2t", "\"levtype\": \"sfc\"", 0);
        let entries = read(Provider::EcmwfOpenData, text.as_bytes()).unwrap();
        let seen: Vec<_> = entries.iter().map(|e| (e.offset, e.fields[0].name.as_str(), e.fields[0].level)).collect();
        assert_eq!(seen, [(0, "2t", Level::Ground), (50, "t", Level::Pressure(85_000))]);
        assert_eq!(entries[0].fields[0].span, Some(Span::Until(3)));
        let overlapping = text.replace("\"_offset\": 50", "\"_offset\": 49");
        assert!(read(Provider::EcmwfOpenData, overlapping.as_bytes()).is_err());
        let last = text.replace("\"_offset\": 50", "\"_offset\": 18446744073709551615");
        read(Provider::EcmwfOpenData, last.as_bytes()).unwrap();
    }

    #[test]
    fn damaged_indexes_are_refused_by_line() {
        for (bad, line) in [
            (GFS.replace("2:1001:", "2:x:"), "2"),
            (GFS.replace("2:1001:", "2:-1:"), "2"),
            (GFS.replace("3.2:2500", "3.2:2600"), "4"),
            (GFS.replace("2:1001:", "2:0:"), "2"),
            (GFS.replace("d=2026011512:APCP", "d=2026151512:APCP"), "5"),
            (GFS.replace("5:5000:d=2026011512:UGRD:10 m above ground:anl:", "5:5000:d=2026"), "6"),
            (String::new(), "1"),
            ("<!DOCTYPE html>".into(), "1"),
        ] {
            let trouble = read(Provider::Gfs, bad.as_bytes()).unwrap_err();
            assert!(trouble.text.en.contains(&format!("line {line}:")), "{}: {bad}", trouble.text.en);
        }
        assert!(read(Provider::Gfs, b"\xff\xfe").is_err());
        assert!(read(Provider::EcmwfOpenData, GFS.as_bytes()).is_err());
    }
}
