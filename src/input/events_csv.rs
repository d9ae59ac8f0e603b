//! Exceptional events (例外事件) as an office records them: `kind,adcode,from,to,share,certified,evidence,source`.
//!
//! `kind`: dust, fireworks, wildfire, straw_burning, outside_transport or other. `adcode`: six digits of a county, prefecture or province;
//! 0: everywhere. `from`, `to`: UTC hours such as `2026-03-05T08Z`; the event covers the hours that end after `from` and not after `to`.
//! `share`: part of the concentration that is the event's, 0 to 1, or blank. `certified`: true or false; a certified event needs its
//! evidence (a document, a bulletin, satellite pictures). Exactly these columns, in any order. The same event twice is refused.

use super::csv_rows::{Refusal, Row, Table, shorten};
use crate::calendar::parse_cycle;
use crate::domain::event::{Event, EventKind};
use crate::error::{Accepted, Result};
use chrono::{DateTime, Utc};
use std::path::Path;

const COLUMNS: [&str; 8] = ["kind", "adcode", "from", "to", "share", "certified", "evidence", "source"];

/// Reads the events, in the order of the file. A file without events is a normal file.
///
/// # Errors
/// `Missing` without the file; `Format` when its columns are others or it ends in the middle of a record. A refused row is in
/// `rejections`, with its line.
pub fn read(path: &Path) -> Result<Accepted<Event>> {
    let mut table = Table::read(path, "the file of events")?.whole()?;
    let mut columns = [0; 8];
    for (slot, name) in columns.iter_mut().zip(COLUMNS) {
        *slot = table.column(name)?;
    }
    if let Some(other) = table.header.iter().find(|h| !COLUMNS.contains(&h.as_str())) {
        return Err(table.refuse_file("line 1", format!("a column `{other}`"), COLUMNS.join(",")));
    }
    let mut items: Vec<Event> = Vec::new();
    let mut refused = Vec::new();
    for row in &table.rows {
        match event(row, columns) {
            Ok(event) if items.contains(&event) => {
                let refusal = Refusal::new("the same event again", "each event once");
                refused.push(table.rejection(format!("line {}", row.line), refusal));
            }
            Ok(event) => items.push(event),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    Ok(Accepted { items, rejections: table.rejections })
}

fn event(row: &Row, columns: [usize; 8]) -> std::result::Result<Event, Refusal> {
    let [kind, adcode, from, to, share, certified, evidence, source] = columns;
    let (from, to) = (hour(row.text(from), "from")?, hour(row.text(to), "to")?);
    if to <= from {
        return Err(Refusal::new(format!("from {from} to {to}"), "an end after its beginning"));
    }
    let share = match row.number(share, "share")? {
        Some(s) if !(0.0..=1.0).contains(&s) => return Err(Refusal::new(format!("share {s}"), "0 to 1, or a blank")),
        share => share,
    };
    let (evidence, source) = (row.text(evidence).to_owned(), row.text(source).to_owned());
    let certified = match row.text(certified) {
        "true" => true,
        "false" => false,
        other => return Err(Refusal::new(format!("certified `{}`", shorten(other)), "true or false")),
    };
    if certified && evidence.is_empty() {
        return Err(Refusal::new("a certified event without evidence", "its document, or certified false"));
    }
    if source.is_empty() {
        return Err(Refusal::new("no source", "who recorded or certified the event"));
    }
    let kind = EventKind::ALL.into_iter().find(|k| k.name() == row.text(kind)).ok_or_else(|| {
        Refusal::new(format!("kind `{}`", shorten(row.text(kind))), EventKind::ALL.map(EventKind::name).join(", "))
    })?;
    Ok(Event { kind, adcode: code(row.text(adcode))?, from, to, share, certified, evidence, source })
}

fn code(text: &str) -> std::result::Result<u32, Refusal> {
    let code = text.parse().ok().filter(|c| text == "0" || text.len() == 6 && (100_000..1_000_000).contains(c));
    code.ok_or_else(|| Refusal::new(format!("adcode `{}`", shorten(text)), "a code of six digits, or 0 for everywhere"))
}

fn hour(text: &str, name: &str) -> std::result::Result<DateTime<Utc>, Refusal> {
    parse_cycle(text)
        .ok_or_else(|| Refusal::new(format!("{name} `{}`", shorten(text)), "an hour in UTC such as 2026-03-05T08Z"))
}
