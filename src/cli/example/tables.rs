//! The example's observations in the layout of the national network's public files, and its fires in that of FIRMS.

use std::fmt::Write;

/// MODIS detections in the layout of FIRMS: a few winter fires in fields and woods.
pub(super) const FIRES: &str = "\
latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight
43.52411,128.05162,303.4,1.08,1.04,2026-01-14,0241,T,54,6.1NRT,266.81,6.92,D
43.54873,129.95437,306.9,1.02,1.01,2026-01-14,0426,A,66,6.1NRT,268.02,9.35,D
43.04618,130.55284,301.7,1.12,1.05,2026-01-14,0426,A,41,6.1NRT,269.44,5.18,D
43.26137,128.74905,308.2,1.21,1.09,2026-01-15,0146,T,71,6.1NRT,265.37,12.64,D
42.64592,129.55871,304.8,1.04,1.02,2026-01-15,0509,A,60,6.1NRT,268.9,8.07,D
";

/// Stations of Yanji, and two columns that the network leaves blank.
const STATIONS: [Option<&str>; 5] = [None, Some("2237A"), Some("2238A"), Some("2239A"), None];
const HEADER: &str = "date,hour,type,2236A,2237A,2238A,2239A,2240A";

/// Order of the pollutants in the file, each with the decimals of its values.
const POLLUTANTS: [(&str, usize); 6] = [("PM2.5", 0), ("PM10", 0), ("SO2", 0), ("NO2", 0), ("O3", 0), ("CO", 1)];

/// Last Beijing hour of 15 January in the file: the hour that ends at the cycle, 20:00, is not published yet.
const LAST_HOUR: i32 = 24 + 19;

/// The two files as (name, text). Hours are Beijing hours of the end of the hour, 0 the midnight at which the day begins.
pub(super) fn observations() -> Vec<(String, String)> {
    (0..2)
        .map(|day| {
            let date = 20_260_114 + day;
            let mut text = format!("{HEADER}\n");
            for hour in (0..24).filter(|h| 24 * day + h <= LAST_HOUR) {
                for (kind, values) in rows(24 * day + hour) {
                    let cells = values.map(|v| v.unwrap_or_default()).join(",");
                    writeln!(text, "{date},{hour},{kind},{cells}").expect("a string takes every text");
                }
            }
            (format!("china_sites_{date}.csv"), text)
        })
        .collect()
}

/// The fifteen rows of one hour, counted from 14 January 00:00 Beijing.
fn rows(hour: i32) -> Vec<(String, [Option<String>; 5])> {
    let across = |value: &dyn Fn(usize) -> Option<String>| -> [Option<String>; 5] {
        std::array::from_fn(|s| STATIONS[s].and_then(|_| value(s)))
    };
    let mut rows = vec![("AQI".to_owned(), across(&|s| index(hour, s).map(|i| i.to_string())))];
    for (p, (name, decimals)) in POLLUTANTS.into_iter().enumerate() {
        let text = |v: f64| Some(format!("{v:.decimals$}"));
        rows.push((name.to_owned(), across(&|s| reported(hour, s, p).and_then(text))));
        let day = move |s: usize| -> Vec<f64> { (hour - 23..=hour).map(|h| hourly(h, s, p)).collect() };
        if name == "O3" {
            // running 8-h means and the largest value of the day so far
            let so_far = hour.rem_euclid(24);
            let first = hour - if so_far == 0 { 23 } else { so_far - 1 };
            let eight = move |h: i32, s: usize| (h - 7..=h).map(|i| hourly(i, s, p)).sum::<f64>() / 8.0;
            let largest = |f: &dyn Fn(i32) -> f64| (first..=hour).map(f).fold(0.0, f64::max);
            rows.push(("O3_24h".to_owned(), across(&|s| text(largest(&|h| hourly(h, s, p))))));
            rows.push(("O3_8h".to_owned(), across(&|s| text(eight(hour, s)))));
            rows.push(("O3_8h_24h".to_owned(), across(&|s| text(largest(&|h| eight(h, s))))));
        } else {
            rows.push((format!("{name}_24h"), across(&|s| text(day(s).iter().sum::<f64>() / 24.0))));
        }
    }
    rows
}

/// What the network publishes of one hour: nothing while an instrument is calibrated or a station is maintained.
fn reported(hour: i32, station: usize, pollutant: usize) -> Option<f64> {
    let calibrated = hour.rem_euclid(24) == 3 && pollutant >= 2 && station == 2;
    let maintained = (10..12).contains(&hour) && station == 3;
    (!calibrated && !maintained).then(|| hourly(hour, station, pollutant))
}

/// The hourly mean, rounded as published: traffic and heating peaks in the morning and evening, clean in the north-westerly, rising
/// from the afternoon of 15 January.
fn hourly(hour: i32, station: usize, pollutant: usize) -> f64 {
    let of_day = f64::from(hour.rem_euclid(24));
    let near = |centre: f64, width: f64| {
        let d = (of_day - centre + 36.0).rem_euclid(24.0) - 12.0;
        (-0.5 * (d / width).powi(2)).exp()
    };
    let activity = 0.75 + 0.45 * near(8.0, 1.8) + 0.65 * near(20.0, 2.8) - 0.25 * near(14.0, 2.5);
    let rise = {
        let t = ((f64::from(hour) - 37.0) / 8.0).clamp(0.0, 1.0);
        1.0 + 1.4 * t * t * (3.0 - 2.0 * t)
    };
    let site = [1.0, 1.0, 1.08, 0.86, 1.0][station];
    // small differences between hours and stations, without a pattern in the day
    let phase = f64::from(hour) * 2.399 + station as f64 * 1.7 + pollutant as f64 * 0.9;
    let ripple = 1.0 + 0.07 * phase.sin() + 0.04 * (2.3 * phase).sin();
    let filled = activity * rise * site * ripple;
    match pollutant {
        0 => (34.0 * filled).round(),
        1 => (52.0 * filled + 6.0).round(),
        2 => (13.0 * filled).round(),
        3 => (27.0 * filled.powf(0.8)).round(),
        4 => (62.0 * ripple - 24.0 * filled + 14.0 * near(15.0, 3.0)).max(4.0).round(),
        _ => (6.5 * filled + 1.0).round() / 10.0,
    }
}

/// The real-time AQI of HJ 633-2012, in force on these days, from the particles, which lead in winter: IAQI rounded up.
fn index(hour: i32, station: usize) -> Option<u16> {
    const IAQI: [f64; 8] = [0.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0];
    const PM25: [f64; 8] = [0.0, 35.0, 75.0, 115.0, 150.0, 250.0, 350.0, 500.0];
    const PM10: [f64; 8] = [0.0, 50.0, 150.0, 250.0, 350.0, 420.0, 500.0, 600.0];
    let of = |limits: &[f64; 8], value: f64| {
        let i = limits.iter().rposition(|&l| l < value).unwrap_or(0).min(6);
        let share = (value - limits[i]) / (limits[i + 1] - limits[i]);
        ((IAQI[i] + share * (IAQI[i + 1] - IAQI[i]) - 1e-9).ceil() as u16).min(500)
    };
    Some(of(&PM25, reported(hour, station, 0)?).max(of(&PM10, reported(hour, station, 1)?)))
}
