//! The score book on an archive of sixty nights whose errors are known, by the command.

use super::archive::sample_record;
use chrono::{DateTime, Duration, NaiveDate, TimeZone, Timelike, Utc};
use hazecast::archive::run_id::RunId;
use hazecast::archive::store::Store;
use hazecast::archive::{self, series};
use hazecast::calendar::{beijing_day_hour, beijing_local};
use hazecast::consultation::Status;
use hazecast::domain::aqi::AqiRules;
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::forecast::county_weather::CountyWeather;
use hazecast::forecast::{CountyForecast, DayForecast, Estimate, HourForecast};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NIGHTS: i64 = 60;
const HOURS: i64 = 120;
/// The corrected forecast is too high by this much times the lead day, the raw one by more.
const CORRECTED: f64 = 2.0;
const RAW: f64 = 5.0;
const YANJI: u32 = 222_401;

fn first_cycle() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 12, 1, 12, 0, 0).unwrap()
}

/// PM2.5 in tenths: a wave of nine days and one of a day, and an episode from 15 to 18 December.
fn truth(end: DateTime<Utc>) -> f64 {
    let hours = (end - first_cycle()).num_hours() as f64;
    let wave = 55.0
        + 25.0 * (hours / 216.0 * std::f64::consts::TAU).sin()
        + 8.0 * (hours / 24.0 * std::f64::consts::TAU).cos();
    let episode = if (340.0..420.0).contains(&hours) { 130.0 } else { 0.0 };
    ((wave + episode) * 10.0).round() / 10.0
}

fn aqi() -> AqiRules {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/aqi.toml");
    AqiRules::from_toml(&std::fs::read_to_string(&path).unwrap(), &path).unwrap()
}

fn pm25(e: Estimate) -> Concentrations<Estimate> {
    Concentrations { pm25_ug_m3: Some(e), ..Concentrations::default() }
}

/// Truth and the known error; the interval is a factor of 1.25 to either side.
fn estimate(truth: f64, lead_day: f64) -> Estimate {
    let value = truth + CORRECTED * lead_day;
    Estimate { raw: truth + RAW * lead_day, value, lower: value / 1.25, upper: value * 1.25 }
}

const NOT_FORECAST: [Pollutant; 5] = [Pollutant::Pm10, Pollutant::So2, Pollutant::No2, Pollutant::Co, Pollutant::O3];

fn county(cycle: DateTime<Utc>, rules: &AqiRules) -> CountyForecast {
    let daily = |day, c: &Concentrations<Estimate>, f: fn(&Estimate) -> f64| {
        rules.daily(day, &c.map(|_, e| f(e)), &NOT_FORECAST)
    };
    let hours: Vec<HourForecast> = (1..=HOURS)
        .map(|lead| {
            let end = cycle + Duration::hours(lead);
            let (beijing_day, beijing_hour) = beijing_day_hour(end);
            let concentrations = pm25(estimate(truth(end), ((lead - 1) / 24 + 1) as f64));
            HourForecast {
                end,
                beijing_day,
                beijing_hour,
                lead_hour: lead as i32,
                aqi: rules.hourly(beijing_day, &concentrations.map(|_, e| e.value), &NOT_FORECAST),
                concentrations,
                pm25_area_mean_ug_m3: 0.0,
                weather: CountyWeather {
                    mixing_height_m: 300.0,
                    wind_speed_m_s: 2.0,
                    temperature_c: -12.0,
                    ..CountyWeather::default()
                },
            }
        })
        .collect();
    let days = hours.chunk_by(|a, b| a.beijing_day == b.beijing_day).filter(|d| d.len() >= 20).map(|day| {
        let mean = |f: fn(&Estimate) -> f64| {
            day.iter().map(|h| f(&h.concentrations.pm25_ug_m3.unwrap())).sum::<f64>() / day.len() as f64
        };
        let e = Estimate {
            raw: mean(|e| e.raw),
            value: mean(|e| e.value),
            lower: mean(|e| e.lower),
            upper: mean(|e| e.upper),
        };
        let (beijing_day, concentrations) = (day[0].beijing_day, pm25(e));
        DayForecast {
            beijing_day,
            hours: day.len() as u8,
            aqi: daily(beijing_day, &concentrations, |e| e.value),
            aqi_lower: daily(beijing_day, &concentrations, |e| e.lower),
            aqi_upper: daily(beijing_day, &concentrations, |e| e.upper),
            concentrations,
        }
    });
    CountyForecast {
        adcode: YANJI,
        name_zh: "延吉市".into(),
        name_en: "Yanji".into(),
        has_station: true,
        observed: Vec::new(),
        days: days.collect(),
        hours,
    }
}

/// Archive and observation file.
fn case() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let store = Store::open(&runs).unwrap();
    let lock = store.lock().unwrap();
    let rules = aqi();
    for night in 0..NIGHTS {
        let cycle = first_cycle() + Duration::days(night);
        let mut record = sample_record::record(cycle);
        record.forecast.counties = vec![county(cycle, &rules)];
        record.status = if night == 7 { Status::Degraded } else { Status::Complete };
        let work = store.begin(&lock, &RunId::of(cycle), "a").unwrap();
        work.save_json(archive::RECORD, &record).unwrap();
        series::write(&work.path(archive::BASE_SERIES), &record.forecast).unwrap();
        store.publish(&lock, &work).unwrap();
    }
    let mut text = String::from("date,hour,type,2237A,2238A,2239A\n");
    let (mut end, last) = (first_cycle() - Duration::days(1), last_observed());
    while end <= last {
        // the file's hour 0 is the hour 24 of the day before
        let local = beijing_local(end);
        // a station a tenth below the mean, one a tenth above it
        let [low, high] = [-0.1, 0.1].map(|d| truth(end) + d);
        let (day, hour) = (local.format("%Y%m%d"), local.hour());
        text.push_str(&format!("{day},{hour},PM2.5,{low:.1},{:.1},{high:.1}\n", truth(end)));
        end += Duration::hours(1);
    }
    let observations = folder.path().join("hours.csv");
    std::fs::write(&observations, text).unwrap();
    (folder, runs, observations)
}

/// Of the last day 19 hours are observed: too few for a day mean.
fn last_observed() -> DateTime<Utc> {
    first_cycle() + Duration::days(NIGHTS) - Duration::hours(1)
}

fn score(runs: &Path, observations: &Path, more: &[&str]) -> Output {
    let mut args = vec!["score", "--runs", runs.to_str().unwrap(), "--observations", observations.to_str().unwrap()];
    args.extend(more);
    Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

fn find(list: &Value, wanted: impl Fn(&Value) -> bool) -> &Value {
    list.as_array().unwrap().iter().find(|v| wanted(v)).expect("an entry")
}

fn close(found: &Value, expected: f64, within: f64) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

/// Forecast hours of a lead day whose truth was observed: (cycle, end).
fn hours_of(lead_day: i64) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let nights = (0..NIGHTS).map(|n| first_cycle() + Duration::days(n));
    let leads = 24 * (lead_day - 1) + 1..=24 * lead_day;
    nights
        .flat_map(|c| leads.clone().map(move |l| (c, c + Duration::hours(l))))
        .filter(|(_, end)| *end <= last_observed())
        .collect()
}

/// Upper tail of the standard normal law by Simpson's rule.
fn tail(z: f64) -> f64 {
    let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let (n, to) = (4000, 12.0);
    let step = (to - z) / f64::from(n);
    let at = |i: i32| density(z + step * f64::from(i));
    step / 3.0 * (at(0) + at(n) + (1..n).map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * at(i)).sum::<f64>())
}

#[test]
fn the_book_holds_what_was_planted() {
    let (_folder, runs, observations) = case();
    let html = observations.with_file_name("scores.html");
    let out = score(&runs, &observations, &["--json", "--html", html.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let book: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&book["nights"], &book["degraded_nights"]), (&NIGHTS.into(), &1.into()));

    for lead_day in 1..=5i64 {
        let d = lead_day as f64;
        let hours = hours_of(lead_day);
        let (n, mean) = (hours.len(), hours.iter().map(|h| truth(h.1)).sum::<f64>() / hours.len() as f64);
        let hourly = |kind: &str| {
            find(&book["hourly"], |s| {
                s["kind"] == kind
                    && s["group"]["lead_day"] == lead_day
                    && s["group"]["season"].is_null()
                    && s["pollutant"] == "PM2.5"
            })
        };
        for (kind, step) in [("corrected", CORRECTED), ("raw", RAW)] {
            let s = hourly(kind);
            assert_eq!(s["n"], n, "{kind} {lead_day}");
            close(&s["mae"]["value"], step * d, 1e-9);
            close(&s["mae"]["lower"], step * d, 1e-9);
            close(&s["rmse"], step * d, 1e-9);
            close(&s["nmb"], step * d / mean, 1e-9);
            close(&s["correlation"], 1.0, 1e-9);
        }
        let persistence = hours.iter().map(|(cycle, end)| (truth(*cycle) - truth(*end)).abs()).sum::<f64>() / n as f64;
        close(&hourly("persistence")["mae"]["value"], persistence, 1e-9);
        close(&hourly("persistence")["crps"]["value"], persistence, 1e-9);
        close(&hourly("corrected")["skill_over_persistence"]["value"], 1.0 - CORRECTED * d / persistence, 1e-9);
        let inside = hours.iter().filter(|h| truth(h.1) >= (truth(h.1) + CORRECTED * d) / 1.25).count();
        close(&hourly("corrected")["coverage_80"], inside as f64 / n as f64, 1e-9);
    }

    // Beijing days whose forecast began after the cycle at 20:00: lead day 1 has hours 5 to 28
    let rules = aqi();
    let mean = |day: NaiveDate| {
        let first = Utc.from_utc_datetime(&day.and_hms_opt(0, 0, 0).unwrap()) - Duration::hours(8);
        (1..=24).map(|h| truth(first + Duration::hours(h))).sum::<f64>() / 24.0
    };
    let reported = |day, v: f64| {
        let c = Concentrations { pm25_ug_m3: Some(v), ..Concentrations::default() };
        rules.daily(day, &c, &NOT_FORECAST)
    };
    // the day after the last cycle is not over
    let days: Vec<NaiveDate> = (1..NIGHTS).map(|n| beijing_day_hour(first_cycle() + Duration::days(n)).0).collect();
    // of lead day 1's 24 hours 20 are of the first 24, 4 of the second
    let error = (20.0 * CORRECTED + 4.0 * 2.0 * CORRECTED) / 24.0;
    let pairs: Vec<(u16, u16)> = days
        .iter()
        .map(|d| (reported(*d, mean(*d) + error).aqi.unwrap(), reported(*d, mean(*d)).aqi.unwrap()))
        .collect();
    let corrected = find(&book["daily"], |s| {
        s["kind"] == "corrected" && s["group"]["lead_day"] == 1 && s["group"]["season"].is_null()
    });
    let share = |hit: &dyn Fn(&(u16, u16)) -> bool| pairs.iter().filter(|p| hit(p)).count() as f64 / pairs.len() as f64;
    let level = |a: u16| [50, 100, 150, 200, 300].iter().filter(|top| a > **top).count();
    assert_eq!(corrected["n"], pairs.len());
    close(&corrected["pm25"]["mae"]["value"], error, 1e-6);
    close(&corrected["level_accuracy"]["value"], share(&|p| level(p.0) == level(p.1)), 1e-9);
    close(
        &corrected["aqi_mae"]["value"],
        pairs.iter().map(|p| f64::from(p.0.abs_diff(p.1))).sum::<f64>() / pairs.len() as f64,
        1e-9,
    );
    assert_eq!(corrected["pm25"]["emery"], "goal");
    let above = find(&book["thresholds"], |t| t["kind"] == "corrected" && t["lead_day"] == 1 && t["aqi_above"] == 150);
    let count = |f: bool, o: bool| pairs.iter().filter(|p| (p.0 > 150) == f && (p.1 > 150) == o).count();
    assert_eq!(above["counts"]["hits"], count(true, true));
    assert_eq!(above["counts"]["misses"], count(false, true));
    assert_eq!(above["counts"]["false_alarms"], count(true, false));
    assert!(count(true, true) >= 2);

    // AQI above 100 by the standard of 2012: a mean that rounds half to even to 76 or more, so above 75.5
    let sigma = 1.25f64.ln() / 1.281_551_565_544_600_4;
    let brier = days.iter().zip(&pairs).map(|(day, (_, o))| {
        let p = tail((75.5 / (mean(*day) + error)).ln() / sigma);
        (p - f64::from(u8::from(*o > 100))).powi(2)
    });
    let chance = find(&book["chances"], |c| c["event"] == "aqi>100" && c["lead_day"] == 1);
    assert_eq!(chance["events"], pairs.iter().filter(|p| p.1 > 100).count());
    close(&chance["brier"]["value"], brier.sum::<f64>() / pairs.len() as f64, 2e-4);

    // the chance of yellow that every record states is 0.62; nights whose 120 hours are all over with the last observed one
    let warning = find(&book["warning_chances_stated"], |c| c["event"] == "yellow");
    let over = |n: &i64| first_cycle() + Duration::days(*n) + Duration::hours(HOURS) <= last_observed();
    let whole = (0..NIGHTS).filter(over).count();
    assert_eq!(warning["n"], whole);
    let events = warning["events"].as_f64().unwrap();
    assert!(events > 5.0 && events < 20.0, "{warning}");
    let base = whole as f64;
    close(&warning["brier"]["value"], (events * 0.38f64.powi(2) + (base - events) * 0.62f64.powi(2)) / base, 1e-9);

    let recent = &book["recent"][0]["days"];
    assert_eq!(recent.as_array().unwrap().len(), 30);
    close(&recent[10]["forecast_ug_m3"]["value"], recent[10]["observed_ug_m3"].as_f64().unwrap() + error, 1e-6);

    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.contains("<svg") && page.contains("延吉市") && page.contains("Reliability"), "the page has its plots");
    assert!(
        !page.contains("http://") && !page.contains("https://") && !page.contains("<script"),
        "it needs nothing else"
    );
}

#[test]
fn the_table_speaks_both_languages_and_days_can_be_chosen() {
    let (_folder, runs, observations) = case();
    let zh = score(&runs, &observations, &["--lang", "zh", "--from", "2025-12-10", "--to", "2025-12-19"]);
    let text = String::from_utf8_lossy(&zh.stdout).into_owned();
    assert!(
        zh.status.success() && text.contains("10 个预报") && text.contains("持续") && text.contains("说明"),
        "{text}"
    );
    let en = score(&runs, &observations, &["--complete-only"]);
    let text = String::from_utf8_lossy(&en.stdout).into_owned();
    assert!(text.contains("59 nights (0 with something missing)") && text.contains("persistence"), "{text}");
}

/// A date of another millennium stretches the hours so far that nothing can be checked: the table and the document say so.
#[test]
fn values_that_no_quality_control_checked_are_told() {
    let (_folder, runs, observations) = case();
    let mut text = std::fs::read_to_string(&observations).unwrap();
    text += "10000101,1,PM2.5,30,30,30\n";
    std::fs::write(&observations, text).unwrap();
    let out = score(&runs, &observations, &["--json"]);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &document["quality"]), (Some(5), &Value::Null));
    let told = document["rejections"].as_array().unwrap().iter().any(|r| r["place"] == "quality control");
    assert!(told && document["notes_en"][0].as_str().unwrap().contains("no value was checked"), "{document}");
    let text = String::from_utf8(score(&runs, &observations, &[]).stdout).unwrap();
    assert!(text.contains("quality control: could not run") || text.contains("质量控制: 未能进行"), "{text}");
}

#[test]
fn what_cannot_be_read_is_told() {
    let (folder, runs, observations) = case();
    let record = runs.join("2025121012").join(archive::RECORD);
    std::fs::write(&record, b"{}").unwrap();
    let out = score(&runs, &observations, &["--json"]);
    assert_eq!(out.status.code(), Some(5));
    let book: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&book["nights"], &book["rejections"][0]["file"]), (&(NIGHTS - 1).into(), &"2025121012".into()));
    // hours before the first forecast score nothing
    let early = folder.path().join("early.csv");
    std::fs::write(&early, "date,hour,type,2237A,2238A,2239A\n20251101,1,PM2.5,30,30,30\n").unwrap();
    let out = score(&runs, &early, &["--json"]);
    assert_eq!(out.status.code(), Some(3), "{}", String::from_utf8_lossy(&out.stdout));
    let error: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(error["error"], "missing");
}

/// Consultations that raise PM2.5 by 3 and the AQI by 7 over what came, on twelve days; rows that cannot be are refused by line.
#[test]
fn edited_days_are_scored_beside_the_forecasts() {
    let (folder, runs, observations) = case();
    let rules = aqi();
    let mean = |day: NaiveDate| {
        let first = Utc.from_utc_datetime(&day.and_hms_opt(0, 0, 0).unwrap()) - Duration::hours(8);
        (1..=24).map(|h| truth(first + Duration::hours(h))).sum::<f64>() / 24.0
    };
    let mut text = String::from("run,adcode,date,aqi,primary,pm25_ug_m3\n");
    for n in 10..22 {
        let cycle = first_cycle() + Duration::days(n);
        let day = beijing_day_hour(cycle).0 + Duration::days(1);
        let came = Concentrations { pm25_ug_m3: Some(mean(day)), ..Concentrations::default() };
        let aqi = rules.daily(day, &came, &NOT_FORECAST).aqi.unwrap() + 7;
        // a primary pollutant that is not named is neither right nor wrong
        let primary = if n % 2 == 0 { "PM2.5" } else { "" };
        text.push_str(&format!("{},{YANJI},{day},{aqi},{primary},{:.6}\n", cycle.format("%Y%m%d%H"), mean(day) + 3.0));
    }
    for wrong in [
        "2025121112,222401,2025-12-12,80,PM2.5,60",
        "2025120112,222401,2025-12-02,501,,",
        "2019120112,222401,2019-12-02,80,,",
    ] {
        text.push_str(wrong);
        text.push('\n');
    }
    let edited = folder.path().join("edited.csv");
    std::fs::write(&edited, text).unwrap();
    let out = score(&runs, &observations, &["--json", "--edited", edited.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(5), "{}", String::from_utf8_lossy(&out.stderr));
    let book: Value = serde_json::from_slice(&out.stdout).unwrap();
    let whole = |s: &&Value| s["kind"] == "edited" && s["group"]["season"].is_null();
    let scores: Vec<&Value> = book["daily"].as_array().unwrap().iter().filter(whole).collect();
    assert_eq!(scores.len(), 1, "{scores:?}");
    assert_eq!((&scores[0]["n"], &scores[0]["group"]["lead_day"]), (&12.into(), &1.into()));
    close(&scores[0]["aqi_mae"]["value"], 7.0, 1e-9);
    close(&scores[0]["pm25"]["mae"]["value"], 3.0, 1e-5);
    close(&scores[0]["primary_accuracy"]["value"], 1.0, 1e-9);
    close(&scores[0]["pm25"]["nmb"], scores[0]["pm25"]["nme"].as_f64().unwrap(), 1e-9);
    assert!(!book["hourly"].to_string().contains("edited"));
    let refused: Vec<String> = book["rejections"].as_array().unwrap().iter().map(|r| r.to_string()).collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused[0].contains("line 14") && refused[0].contains("of line 2 again"), "{refused:?}");
    assert!(refused[1].contains("line 15") && refused[1].contains("aqi `501`"), "{refused:?}");
    assert!(refused[2].contains("run 2019120112") && refused[2].contains("no such run"), "{refused:?}");
}
