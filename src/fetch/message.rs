//! What the bytes of a GRIB2 message say themselves, held against what was asked for.
//!
//! **Invariant:** no message is published whose own borders, start of the run, field, level and time are not those of its line in the index.
//! **Why:** files are made again under the same name while their index is still the old one; byte ranges then cut through other fields.

use super::fields::{field_of, lacking, takes};
use super::index::{Entry, Level, Listed, Span};
use super::layout::Step;
use super::trouble::{Kind, Trouble};
use crate::config::mirror::Provider;
use crate::input::grib2_product::{Parameter, When, instant, parameter, when};
use chrono::{DateTime, Duration, Utc};
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of section 0, and the fewest of a message.
pub const HEAD: usize = 16;
const SHORTEST: u64 = 20;
/// Longest section of those that are kept: 1 and 4 are short.
const LONGEST_SECTION: u64 = 1 << 16;

/// A message as its own sections describe it.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// Bytes from `GRIB` to `7777`.
    pub length: u64,
    /// Reference time: the start of the run.
    pub run: DateTime<Utc>,
    pub fields: Vec<Content>,
}

/// A field of a message; `None` where its template is another than those the model reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub parameter: Option<Parameter>,
    pub when: Option<When>,
}

/// Length of a message from its first 16 bytes.
///
/// # Errors
/// What was found instead of `GRIB`, edition 2 and a length.
pub fn length(head: &[u8]) -> Result<u64, String> {
    let Some(head) = head.get(..HEAD) else { return Err(format!("{} bytes", head.len())) };
    if !head.starts_with(b"GRIB") {
        return Err(format!("`{}` instead of `GRIB`", head[..4].escape_ascii()));
    }
    if head[7] != 2 {
        return Err(format!("GRIB edition {}", head[7]));
    }
    let total = head[8..16].iter().fold(0_u64, |sum, &b| sum << 8 | u64::from(b));
    if total < SHORTEST { Err(format!("a message of {total} bytes")) } else { Ok(total) }
}

/// Reads the heading of the message that begins at the reader's place, and leaves the reader behind it. `left`: bytes from there to the end.
///
/// # Errors
/// The outer one of the reader; the inner one says what is wrong with the message.
pub fn read(reader: &mut (impl Read + Seek), left: u64) -> io::Result<Result<Heading, String>> {
    if left < SHORTEST {
        return Ok(Err(format!("{left} bytes instead of a message")));
    }
    let start = reader.stream_position()?;
    let mut head = [0; HEAD];
    reader.read_exact(&mut head)?;
    let total = match length(&head) {
        Ok(n) if n > left => return Ok(Err(format!("a message of {n} bytes where {left} are left"))),
        Ok(n) => n,
        Err(e) => return Ok(Err(e)),
    };
    let (mut at, end) = (HEAD as u64, total - 4);
    let (mut identification, mut contents) = (Vec::new(), Vec::new());
    while at < end {
        let mut section = vec![0; 5];
        if end - at < 5 {
            return Ok(Err(format!("{} bytes instead of a section", end - at)));
        }
        reader.read_exact(&mut section)?;
        let size = u64::from(u32::from_be_bytes([section[0], section[1], section[2], section[3]]));
        let number = section[4];
        if size < 5 || size > end - at {
            return Ok(Err(format!("section {number} of {size} bytes at byte {at}")));
        }
        if matches!(number, 1 | 4) && size <= LONGEST_SECTION {
            section.resize(size as usize, 0);
            reader.read_exact(&mut section[5..])?;
            match number {
                1 => identification = section,
                _ => contents.push(content(&identification, &section, head[6])),
            }
        } else {
            reader.seek(SeekFrom::Start(start + at + size))?;
        }
        at += size;
    }
    let mut tail = [0; 4];
    reader.read_exact(&mut tail)?;
    if &tail != b"7777" {
        return Ok(Err(format!("`{}` instead of `7777` at its end", tail.escape_ascii())));
    }
    let run = (identification.len() >= 21).then(|| instant(&identification, 13)).flatten();
    Ok(run.ok_or_else(|| "no reference time".to_owned()).map(|run| Heading { length: total, run, fields: contents }))
}

fn content(identification: &[u8], product: &[u8], discipline: u8) -> Content {
    let known = identification.len() >= 21 && product.len() >= 34;
    let parameter = known.then(|| parameter(identification, product, discipline)).flatten();
    let when = known.then(|| when(identification, product).ok()).flatten();
    Content { parameter, when }
}

/// Holds a message against its line in the index and against the step that is fetched.
///
/// # Errors
/// [`Kind::Stale`]; [`Kind::Damaged`] where it ends too early.
pub fn prove(provider: Provider, entry: &Entry, bytes: &[u8], step: Step) -> Result<(), Trouble> {
    let stale = |found: String| {
        let zh = format!("索引第{}行与文件内容不符（索引可能过期）：{found}", entry.line);
        let en = format!("line {} of the index is not what the file holds (a stale index?): {found}", entry.line);
        Err(Trouble::new(Kind::Stale, zh, en))
    };
    let size = bytes.len() as u64;
    let heading = match read(&mut io::Cursor::new(bytes), size) {
        Ok(Ok(heading)) => heading,
        Ok(Err(found)) => return stale(found),
        Err(e) => return stale(e.to_string()),
    };
    if heading.length != size {
        return stale(format!("a message of {} bytes in a range of {size}", heading.length));
    }
    if heading.run != step.run {
        return stale(format!("a message of the run {}", heading.run.format("%Y-%m-%dT%HZ")));
    }
    if heading.fields.len() != entry.fields.len() {
        return stale(format!("{} fields where {} are listed", heading.fields.len(), entry.fields.len()));
    }
    for (listed, content) in entry.fields.iter().zip(&heading.fields) {
        if let Err(found) = same(provider, listed, content, step) {
            return stale(format!("{found} where {} is listed", listed.name));
        }
    }
    Ok(())
}

/// A field that the model takes is what the table says; another must only not be one of the model's.
fn same(provider: Provider, listed: &Listed, content: &Content, step: Step) -> Result<(), String> {
    let Some(field) = field_of(provider, listed) else {
        return match content.parameter {
            Some(p) if takes(provider, &p) => Err(described(&p)),
            _ => Ok(()),
        };
    };
    let Some(p) = content.parameter else { return Err("a field of another template".into()) };
    let level = match listed.level {
        Level::Pressure(pa) => i64::from(pa),
        _ => field.surface.1,
    };
    let expected = (field.code, field.surface.0, level);
    let (code, at) = ((p.discipline, p.category, p.number), if p.surface == 1 { 0 } else { p.level });
    if (code, p.surface, at) != expected {
        return Err(described(&p));
    }
    let hours = |h: u32| step.run + Duration::hours(i64::from(h));
    let right = match (listed.span, content.when) {
        (Some(Span::Instant(h)), Some(When::Instant(t))) => t == hours(h),
        (Some(Span::Interval(from, to)), Some(When::Interval { start, end, .. })) => {
            start == hours(from) && end == hours(to)
        }
        (Some(Span::Until(h)), Some(When::Instant(t))) => t == hours(h),
        (Some(Span::Until(h)), Some(When::Interval { end, .. })) => end == hours(h),
        _ => false,
    };
    if right && listed.span.is_some_and(|s| s.end() == step.hour) {
        return Ok(());
    }
    Err(match content.when {
        Some(When::Instant(t)) => format!("a field of {}", t.format("%Y-%m-%dT%HZ")),
        Some(When::Interval { start, end, .. }) => {
            format!("a field of {} to {}", start.format("%Y-%m-%dT%HZ"), end.format("%Y-%m-%dT%HZ"))
        }
        None => "a time of another kind".into(),
    })
}

fn described(p: &Parameter) -> String {
    format!("{}/{}/{} at level {} of type {}", p.discipline, p.category, p.number, p.level, p.surface)
}

/// Walks a whole file: nothing but messages of the run, in which the fields that the model takes are of the step's time, and none that it
/// requires is lacking.
///
/// # Errors
/// The outer one of the reader; the inner one says at which message what is wrong.
pub fn walk(
    reader: &mut (impl Read + Seek),
    size: u64,
    provider: Provider,
    step: Step,
) -> io::Result<Result<usize, String>> {
    let (mut at, mut messages, mut taken) = (0, 0, Vec::new());
    while at < size {
        messages += 1;
        let heading = match read(reader, size - at)? {
            Ok(heading) => heading,
            Err(e) => return Ok(Err(format!("message {messages}, byte {at}: {e}"))),
        };
        if heading.run != step.run {
            let run = heading.run.format("%Y-%m-%dT%HZ");
            return Ok(Err(format!("message {messages}: of the run {run}")));
        }
        let of_model = heading.fields.iter().filter_map(|f| f.parameter.filter(|p| takes(provider, p)).zip(f.when));
        for (parameter, when) in of_model {
            let (When::Instant(time) | When::Interval { end: time, .. }) = when;
            if time != step.valid() {
                let time = time.format("%Y-%m-%dT%H:%MZ");
                return Ok(Err(format!("message {messages}: a field of {time}")));
            }
            taken.push(parameter);
        }
        at += heading.length;
    }
    Ok(if taken.is_empty() {
        Err("no field that the model takes".into())
    } else {
        lacking(provider, step.hour, taken.iter()).map_or(Ok(messages), |what| Err(format!("no {what}")))
    })
}
