//! Files of daily values and of events: both layouts, and broken ones refused with the line.

use super::day;
use crate::real;
use hazecast::domain::event::EventKind;
use hazecast::error::{Accepted, Result};
use hazecast::input::{daily_csv, events_csv};
use std::path::Path;

const OWN: &str = "adcode,date,pm25_ug_m3,pm10_ug_m3,so2_ug_m3,no2_ug_m3,co_mg_m3,o3_8h_ug_m3\n";
const CITY: &str = "city,date,AQI,AQI_range,level,PM2_5,PM10,SO2,CO,NO2,O3,rank\n";
const EVENTS: &str = "kind,adcode,from,to,share,certified,evidence,source\n";

fn with<T>(text: &[u8], read: impl Fn(&Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    read(&path)
}

fn said<T>(outcome: Result<Accepted<T>>) -> String {
    match outcome {
        Err(e) => e.to_string(),
        Ok(read) => {
            read.rejections.iter().map(|r| format!("{}: {}: {}, {}\n", r.file, r.place, r.found, r.expected)).collect()
        }
    }
}

#[test]
fn both_layouts_give_the_same_day() {
    let own = format!("\u{feff}{OWN}222401,2026-03-05,61,80.5,10,40,0.8,120\n");
    let turned = "o3_8h_ug_m3,co_mg_m3,no2_ug_m3,so2_ug_m3,pm10_ug_m3,pm25_ug_m3,date,adcode\r\n120,0.8,40,10,80.5,61,2026-03-05,222401\r\n";
    let city = format!("{CITY}延边州,2026-03-05,999,1~2,优,61,80.5,10,0.8,40,120,1\n");
    let read = |text: &str| {
        let read = with(text.as_bytes(), daily_csv::read).unwrap();
        assert!(read.rejections.is_empty() && read.items.len() == 1, "{:?}", read.rejections);
        read.items.into_iter().next().unwrap()
    };
    let (a, b, c) = (read(&own), read(turned), read(&city));
    assert_eq!((a.place.as_str(), a.day, c.place.as_str()), ("222401", day("2026-03-05"), "延边州"));
    assert_eq!(a, b);
    assert_eq!(a.concentrations, c.concentrations);
    assert_eq!((a.concentrations.co_mg_m3, a.concentrations.no2_ug_m3), (Some(0.8), Some(40.0)));
}

#[test]
fn a_refused_value_leaves_the_rest_of_its_row() {
    let text = format!("{OWN}222401,2026-03-05,0,80,10,40,0.8,120\n222401,2026-03-06,,80,10,40,0.8,120\n");
    let read = with(text.as_bytes(), daily_csv::read).unwrap();
    assert_eq!(read.items.len(), 2);
    assert!(
        read.items.iter().all(|r| r.concentrations.pm25_ug_m3.is_none() && r.concentrations.pm10_ug_m3 == Some(80.0))
    );
    assert_eq!((read.rejections.len(), read.rejections[0].place.as_str()), (1, "line 2, column pm25_ug_m3"));
}

#[test]
fn broken_daily_files_are_refused_by_line() {
    let good = "222401,2026-03-05,61,80,10,40,0.8,120\n";
    let row = |text: &str| format!("{OWN}{good}{text}\n").into_bytes();
    let mut damaged = row("");
    damaged.extend_from_slice(b"\xff\xff,2026-03-06,61,80,10,40,0.8,120\n");
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (b"".to_vec(), &["line 1", "empty"]),
        (OWN.into(), &["line 2", "no rows"]),
        (OWN.replace("date", "day").into(), &["line 1", "`day`"]),
        (format!("station,date\n{good}").into(), &["line 1", "neither `adcode` nor `city`"]),
        (OWN.replace(",o3_8h_ug_m3", "").into(), &["line 1", "o3_8h_ug_m3"]),
        (OWN.replace("o3_8h", "o3").into(), &["line 1", "o3_ug_m3"]),
        (OWN.replace("pm10_ug_m3", "pm25_ug_m3").into(), &["line 1", "twice"]),
        (CITY.replace("PM2_5", "PM2.5").into(), &["line 1", "`PM2.5`"]),
        (row("22240,2026-03-06,61,80,10,40,0.8,120"), &["line 3", "22240", "six digits"]),
        (row("延吉市,2026-03-06,61,80,10,40,0.8,120"), &["line 3", "延吉市"]),
        (row("222401,2026-02-29,61,80,10,40,0.8,120"), &["line 3", "2026-02-29"]),
        (row("222401,2026-3-6,61,80,10,40,0.8,120"), &["line 3", "2026-3-6"]),
        (row("222401,20260306,61,80,10,40,0.8,120"), &["line 3", "20260306"]),
        (row("222401,2026-03-06,-5,80,10,40,0.8,120"), &["line 3, column pm25_ug_m3", "-5", "222401 2026-03-06"]),
        (row("222401,2026-03-06,61,80,10,40,0.8,nan"), &["line 3, column o3_8h_ug_m3", "nan"]),
        (row("222401,2026-03-06,61,80,10,40,800,120"), &["line 3, column co_mg_m3", "at most 150"]),
        (row("222401,2026-03-06,,,,,,"), &["line 3", "without any value"]),
        (row("222401,2026-03-05,60,80,10,40,0.8,120"), &["line 3", "of line 2 again"]),
        (row("222401,2026-03-06,61,80"), &["line 3", "4 fields"]),
        (format!("{OWN}{good}222401,2026-03-06,61").into(), &["line 3", "middle of a record"]),
        (damaged, &["line 4", "UTF-8"]),
    ];
    for (i, (content, words)) in cases.iter().enumerate() {
        let text = said(with(content, daily_csv::read));
        for word in words.iter().chain(&["table.csv"]) {
            assert!(text.contains(word), "case {i} says `{text}`, not `{word}`");
        }
    }
}

#[test]
fn events_are_read_as_written() {
    let text = format!(
        "{EVENTS}dust,222400,2026-03-15T16Z,2026-03-17T04Z,0.7,true,吉林省沙尘认定〔2026〕3号,省生态环境厅\n\
         fireworks,0,2026-02-16T10Z,2026-02-17T10Z,,false,,州气象局\n"
    );
    let read = with(text.as_bytes(), events_csv::read).unwrap();
    assert!(read.rejections.is_empty(), "{:?}", read.rejections);
    let (a, b) = (&read.items[0], &read.items[1]);
    assert_eq!((a.kind, a.adcode, a.share, a.certified), (EventKind::Dust, 222_400, Some(0.7), true));
    assert_eq!(
        (a.from.to_rfc3339(), a.evidence.as_str()),
        ("2026-03-15T16:00:00+00:00".into(), "吉林省沙尘认定〔2026〕3号")
    );
    assert_eq!((b.kind, b.adcode, b.share, b.certified), (EventKind::Fireworks, 0, None, false));
    assert!(with(EVENTS.as_bytes(), events_csv::read).unwrap().items.is_empty());
}

#[test]
fn broken_events_are_refused_by_line() {
    let good = "dust,0,2026-03-15T16Z,2026-03-17T04Z,0.7,true,bulletin,observatory";
    let row = |from: &str, to: &str| {
        assert!(good.contains(from));
        format!("{EVENTS}other,0,2026-01-01T00Z,2026-01-02T00Z,,false,,s\n{}\n", good.replacen(from, to, 1))
            .into_bytes()
    };
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (row("dust", "sand"), &["line 3", "sand", "straw_burning"]),
        (row("dust,0", "dust,2224"), &["line 3", "2224"]),
        (row("dust,0", "dust,"), &["line 3", "adcode"]),
        (row("2026-03-15T16Z", "2026-03-15 16:00"), &["line 3", "from"]),
        (row("2026-03-15T16Z", "2026-03-15T16"), &["line 3", "from"]),
        (row("2026-03-17T04Z", "2026-03-15T16Z"), &["line 3", "an end after"]),
        (row("2026-03-17T04Z", "2026-02-30T04Z"), &["line 3", "to `2026-02-30"]),
        (row("0.7", "1.7"), &["line 3", "share 1.7"]),
        (row("0.7", "much"), &["line 3", "much"]),
        (row("true", "yes"), &["line 3", "certified `yes`"]),
        (row("bulletin", " "), &["line 3", "without evidence"]),
        (row("observatory", ""), &["line 3", "no source"]),
        (row(",observatory", ""), &["line 3", "7 fields"]),
        (format!("{EVENTS}{good}\n{good}\n").into(), &["line 3", "again"]),
        (EVENTS.replace("share,", "").into(), &["line 1", "share"]),
        (EVENTS.replace("source", "source,remark").into(), &["line 1", "remark"]),
    ];
    for (i, (content, words)) in cases.iter().enumerate() {
        let text = said(with(content, events_csv::read));
        for word in words.iter().chain(&["table.csv"]) {
            assert!(text.contains(word), "case {i} says `{text}`, not `{word}`");
        }
    }
}

/// Zeros of the real file stand for missing values.
#[test]
fn the_real_file_is_read_whole() {
    let Some(path) = real("obs/ne_china_daily_2013_201606.csv") else { return };
    let read = daily_csv::read(&path).unwrap();
    assert!(read.rejections.iter().all(|r| r.expected.starts_with("above 0")), "{:?}", read.rejections);
    let first = read.items.iter().find(|r| r.place == "延边州").unwrap();
    assert_eq!((first.day, first.concentrations.pm25_ug_m3), (day("2014-12-31"), Some(14.4)));
    assert_eq!((first.concentrations.co_mg_m3, first.concentrations.o3_ug_m3), (Some(0.611), Some(68.0)));
}
