//! Learning from the archive, by the commands: nights whose model is half of what was observed teach a correction, the guard keeps it, and
//! a night uses it.

use super::archive::sample_record;
use chrono::{DateTime, Duration, Timelike, Utc};
use hazecast::archive;
use hazecast::archive::run_id::RunId;
use hazecast::archive::store::Store;
use hazecast::calendar::{beijing_day_hour, beijing_local};
use hazecast::cli::example;
use hazecast::consultation::Status;
use hazecast::domain::aqi::AqiReport;
use hazecast::domain::pollutant::Concentrations;
use hazecast::forecast::county_weather::CountyWeather;
use hazecast::forecast::{CountyForecast, Estimate, HourForecast};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const YANJI: u32 = 222_401;
const TUMEN: u32 = 222_402;
const NIGHTS: i64 = 90;
/// Observed over modelled.
const BIAS: f64 = 2.0;

/// What the model of the archived nights has at an hour [ug m-3]: all levels of a winter.
fn modelled(end: DateTime<Utc>) -> f64 {
    let hours = (example::cycle() - end).num_hours() as f64;
    let wave = (hours / 31.7).sin() + 0.6 * (hours / 7.3).cos() + 0.4 * (hours / 113.0).sin();
    (3.2 + 0.8 * wave).exp()
}

fn hazecast(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
    command.args(args).env("LANG", "C").env_remove("LC_ALL").env("HDF5_USE_FILE_LOCKING", "FALSE").output().unwrap()
}

fn json(args: &[&str]) -> Value {
    let out = hazecast(args);
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
}

fn county(cycle: DateTime<Utc>, aqi: &AqiReport) -> CountyForecast {
    let hours = (1..=48).map(|lead| {
        let end = cycle + Duration::hours(lead);
        let (beijing_day, beijing_hour) = beijing_day_hour(end);
        let raw = modelled(end);
        let swing = |period: f64| (lead as f64 / period + cycle.timestamp() as f64 / 86_400.0).sin();
        HourForecast {
            end,
            beijing_day,
            beijing_hour,
            lead_hour: lead as i32,
            concentrations: Concentrations {
                pm25_ug_m3: Some(Estimate { raw, value: raw, lower: 0.5 * raw, upper: 2.0 * raw }),
                ..Concentrations::default()
            },
            pm25_area_mean_ug_m3: raw,
            aqi: aqi.clone(),
            weather: CountyWeather {
                mixing_height_m: 300.0 + 200.0 * swing(11.0),
                wind_speed_m_s: 2.0 + 1.5 * swing(5.0),
                temperature_c: -12.0 + 6.0 * swing(24.0),
                inversion_k: Some(3.0 * swing(9.0)),
                ..CountyWeather::default()
            },
        }
    });
    CountyForecast {
        adcode: YANJI,
        name_zh: "延吉市".into(),
        name_en: "Yanji".into(),
        has_station: true,
        observed: Vec::new(),
        hours: hours.collect(),
        days: Vec::new(),
    }
}

/// The example's night, one day long, with ninety archived nights before it and the hours observed then.
fn case(folder: &Path) -> PathBuf {
    let inventory = concat!(env!("CARGO_MANIFEST_DIR"), "/data/yanbian/inventory.csv");
    let config = example::write(folder, &std::fs::read_to_string(inventory).unwrap()).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text
        .replace("forecast_hours = 72", "forecast_hours = 24\ncorrection = \"learned.json\"")
        .replace("register =", "# register =")
        .replace("china_sites_*\"]", "china_sites_*\", \"past.csv\"]");
    std::fs::write(&config, text).unwrap();
    let store = Store::open(&folder.join("runs")).unwrap();
    let lock = store.lock().unwrap();
    for night in 1..=NIGHTS {
        let cycle = example::cycle() - Duration::days(NIGHTS + 1 - night);
        let mut record = sample_record::record(cycle);
        let any = record.forecast.counties[0].hours[0].aqi.clone();
        record.forecast.counties = vec![county(cycle, &any)];
        (record.status, record.assimilation) = (Status::Complete, None);
        let work = store.begin(&lock, &RunId::of(cycle), "a").unwrap();
        work.save_json(archive::RECORD, &record).unwrap();
        archive::series::write(&work.path(archive::BASE_SERIES), &record.forecast).unwrap();
        store.publish(&lock, &work).unwrap();
    }
    let mut past = String::from("date,hour,type,2237A,2238A,2239A\n");
    // the example's own stations begin a day before its cycle
    let mut end = example::cycle() - Duration::days(NIGHTS + 1);
    while end < example::cycle() - Duration::days(2) {
        let (local, value) = (beijing_local(end), BIAS * modelled(end));
        let (day, hour) = (local.format("%Y%m%d"), local.hour());
        past.push_str(&format!("{day},{hour},PM2.5,{:.1},{value:.1},{:.1}\n", value - 0.2, value + 0.2));
        end += Duration::hours(1);
    }
    std::fs::write(folder.join("past.csv"), past).unwrap();
    config
}

#[test]
fn a_bias_of_the_archive_is_learnt_kept_by_the_guard_and_taken_off_in_the_night() {
    let folder = tempfile::tempdir().unwrap();
    let config = case(folder.path());
    let config = config.to_str().unwrap();
    let trained = json(&["train", "--config", config, "--json"]);
    assert_eq!((&trained["replaced"], &trained["nights"]), (&true.into(), &NIGHTS.into()), "{trained}");
    let pm25 = trained["model"]["pollutants"].as_array().unwrap().iter().find(|p| p["pollutant"] == "PM2.5").unwrap();
    assert_eq!(pm25["method"], "trees", "{pm25}");
    let score = |key: &str| pm25["scores"][key].as_f64().unwrap();
    // the model alone is wrong by half of what is observed
    assert!(score("trees") < 0.25 * score("raw"), "{pm25}");
    let kept = std::fs::read(folder.path().join("learned.json")).unwrap();

    // the same nights again have nothing that the correction in use did not see: it stays, byte for byte
    let again = json(&["train", "--config", config, "--json"]);
    assert_eq!((&again["replaced"], &again["written"]), (&false.into(), &Value::Null), "{again}");
    assert_eq!(std::fs::read(folder.path().join("learned.json")).unwrap(), kept);
    let shown = json(&["model", "show", "--config", config, "--json"]);
    let columns = shown["model"]["columns"].as_array().unwrap();
    for feature in ["wind_east", "relative_humidity", "inversion", "snow", "fires_upwind"] {
        assert!(columns.iter().any(|c| c == feature), "{feature} in {columns:?}");
    }

    // nights with assimilation err otherwise: those without teach them nothing, and their correction stays as it is
    let text = std::fs::read_to_string(config).unwrap();
    let assimilating = folder.path().join("assimilating.toml");
    let keyed = text.replace("correction = \"learned.json\"", "correction = \"learned.json\"\nassimilation = true");
    std::fs::write(&assimilating, keyed).unwrap();
    let refused = json(&["train", "--config", assimilating.to_str().unwrap(), "--json"]);
    assert!(refused["message"].as_str().unwrap().contains("no hour that was both"), "{refused}");
    assert_eq!(std::fs::read(folder.path().join("learned.json")).unwrap(), kept);

    let record = json(&["night", "--config", config, "--json"]);
    let methods = record["forecast"]["correction"]["methods"].as_array().unwrap();
    let method = methods.iter().find(|m| m["pollutant"] == "PM2.5").unwrap();
    assert_eq!(method["method"], "boosted_trees", "{method}");
    assert!(record["inputs"].as_array().unwrap().iter().any(|f| f["role"] == "learned correction"));
    let hours = |adcode: u32| {
        let counties = record["forecast"]["counties"].as_array().unwrap();
        counties.iter().find(|c| c["adcode"] == adcode).unwrap()["hours"].as_array().unwrap().clone()
    };
    let value = |hour: &Value, key: &str| hour["concentrations"]["pm25_ug_m3"][key].as_f64().unwrap();
    let mut ratios: Vec<f64> = hours(YANJI).iter().map(|h| value(h, "value") / value(h, "raw")).collect();
    ratios.sort_by(f64::total_cmp);
    assert_eq!(ratios.len(), 24);
    let middle = ratios[12];
    assert!((0.75 * BIAS..1.25 * BIAS).contains(&middle), "{ratios:?}");
    for hour in hours(YANJI) {
        assert!(value(&hour, "lower") <= value(&hour, "value") && value(&hour, "value") <= value(&hour, "upper"));
        // the weather beside it knows what the trees ask for
        for known in ["inversion_k", "relative_humidity_percent", "wind_east_m_s", "fires_upwind_g_s"] {
            assert!(hour[known].is_number(), "{known}: {hour}");
        }
    }
    // Tumen taught nothing: its intervals are those of the table, which only widen with the lead; learnt ones follow the weather
    let widths = |adcode| -> Vec<f64> { hours(adcode).iter().map(|h| value(h, "upper") / value(h, "lower")).collect() };
    let widens = |w: Vec<f64>| w.windows(2).all(|w| w[1] >= w[0] * (1.0 - 1e-9));
    assert!(widens(widths(TUMEN)) && !widens(widths(YANJI)), "{:?} {:?}", widths(TUMEN), widths(YANJI));
}
