//! HJ 633 against tables typed a second time, rational arithmetic and the national hourly file.

use super::aqi_rules;
use chrono::NaiveDate;
use clap::Parser;
use hazecast::cli::aqi::{AqiArgs, run};
use hazecast::domain::aqi::{AqiReport, AqiRules, Report};
use hazecast::domain::pollutant::Concentrations;
use hazecast::domain::pollutant::Pollutant::{self, Co, No2, O3, Pm10, Pm25, So2};
use hazecast::input::published_hours;
use hazecast::proof::aqi_official::Comparison;
use proptest::prelude::*;
use std::sync::LazyLock;

/// What lies beyond the end of a column.
#[derive(Clone, Copy, PartialEq)]
enum Beyond {
    At(u16),
    NotComputed,
}
use Beyond::{At, NotComputed};

type Column = (&'static str, Report, Pollutant, Beyond, &'static [i128]);

/// Columns of table 1 of HJ 633-2012 and table 3 of HJ 633-2026, typed from the standards; CO in tenths of mg m-3.
const COLUMNS: &[Column] = &[
    ("2012", Report::Daily, So2, At(500), &[0, 50, 150, 475, 800, 1600, 2100, 2620]),
    ("2012", Report::Hourly, So2, NotComputed, &[0, 150, 500, 650, 800]),
    ("2012", Report::Daily, No2, At(500), &[0, 40, 80, 180, 280, 565, 750, 940]),
    ("2012", Report::Hourly, No2, At(500), &[0, 100, 200, 700, 1200, 2340, 3090, 3840]),
    ("2012", Report::Daily, Co, At(500), &[0, 20, 40, 140, 240, 360, 480, 600]),
    ("2012", Report::Hourly, Co, At(500), &[0, 50, 100, 350, 600, 900, 1200, 1500]),
    ("2012", Report::Daily, O3, NotComputed, &[0, 100, 160, 215, 265, 800]),
    ("2012", Report::Hourly, O3, At(500), &[0, 160, 200, 300, 400, 800, 1000, 1200]),
    ("2012", Report::Daily, Pm10, At(500), &[0, 50, 150, 250, 350, 420, 500, 600]),
    ("2012", Report::Hourly, Pm10, At(500), &[0, 50, 150, 250, 350, 420, 500, 600]),
    ("2012", Report::Daily, Pm25, At(500), &[0, 35, 75, 115, 150, 250, 350, 500]),
    ("2012", Report::Hourly, Pm25, At(500), &[0, 35, 75, 115, 150, 250, 350, 500]),
    ("2026", Report::Daily, So2, At(500), &[0, 50, 150, 475, 800, 1600, 2100, 2620]),
    ("2026", Report::Hourly, So2, At(200), &[0, 150, 500, 650, 800]),
    ("2026", Report::Daily, No2, At(500), &[0, 40, 80, 180, 280, 565, 750, 940]),
    ("2026", Report::Hourly, No2, At(500), &[0, 100, 200, 700, 1200, 2340, 3090, 3840]),
    ("2026", Report::Daily, Co, At(500), &[0, 20, 40, 140, 240, 360, 480, 600]),
    ("2026", Report::Hourly, Co, At(500), &[0, 50, 100, 350, 600, 900, 1200, 1500]),
    ("2026", Report::Daily, O3, At(300), &[0, 100, 160, 215, 265, 800]),
    ("2026", Report::Hourly, O3, At(500), &[0, 160, 200, 300, 400, 800, 1000, 1200]),
    ("2026", Report::Daily, Pm10, At(500), &[0, 50, 120, 250, 350, 420, 500, 600]),
    ("2026", Report::Hourly, Pm10, At(500), &[0, 50, 120, 250, 350, 420, 500, 600]),
    ("2026", Report::Daily, Pm25, At(500), &[0, 35, 60, 115, 150, 250, 350, 500]),
    ("2026", Report::Hourly, Pm25, At(500), &[0, 35, 60, 115, 150, 250, 350, 500]),
];
const SCALE: [i128; 8] = [0, 50, 100, 150, 200, 300, 400, 500];

/// The smallest index that is not below the exact line, found by trying every index; `c` in integer steps of the column.
fn oracle(column: &Column, c: i128) -> Option<u16> {
    let limits = column.4;
    let Some(k) = (1..limits.len()).find(|&k| c <= limits[k]) else {
        return match column.3 {
            At(i) => Some(i),
            NotComputed => None,
        };
    };
    let reaches =
        |i: &i128| (i - SCALE[k - 1]) * (limits[k] - limits[k - 1]) >= (SCALE[k] - SCALE[k - 1]) * (c - limits[k - 1]);
    (SCALE[k - 1]..=SCALE[k]).find(reaches).map(|i| i as u16)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn date_of(version: &str) -> NaiveDate {
    day(if version == "2012" { "2026-02-28" } else { "2026-03-01" })
}

/// Read once: a property asks thousands of times.
static RULES: LazyLock<AqiRules> = LazyLock::new(aqi_rules);

fn one(column: &Column, value: f64) -> AqiReport {
    let mut c = Concentrations::default();
    c.set(column.2, Some(value));
    let date = date_of(column.0);
    match column.1 {
        Report::Daily => RULES.daily(date, &c, &Pollutant::ALL),
        Report::Hourly => RULES.hourly(date, &c, &Pollutant::ALL),
    }
}

fn step(p: Pollutant) -> f64 {
    if p == Co { 10.0 } else { 1.0 }
}

#[test]
fn every_limit_and_both_its_sides() {
    for column in COLUMNS {
        let p = column.2;
        for (k, &limit) in column.4.iter().enumerate() {
            let index = |c: i128| one(column, c as f64 / step(p)).iaqi.get(&p).copied();
            assert_eq!(index(limit), Some(SCALE[k] as u16), "{column:?} at {limit}", column = (column.0, p, limit));
            if limit > 0 {
                assert!(index(limit - 1) <= Some(SCALE[k] as u16) && index(limit - 1) > Some(SCALE[k - 1] as u16));
                assert_eq!(index(limit - 1), oracle(column, limit - 1), "{} {p:?} below {limit}", column.0);
            }
            assert_eq!(index(limit + 1), oracle(column, limit + 1), "{} {p:?} above {limit}", column.0);
            if k + 1 < column.4.len() {
                assert!(index(limit + 1) > Some(SCALE[k] as u16), "{} {p:?} above {limit}", column.0);
            }
        }
    }
}

#[test]
fn every_integer_step_of_every_column_agrees_with_rational_arithmetic() {
    let rules = aqi_rules();
    let mut n = 0;
    for column in COLUMNS {
        let end = column.4[column.4.len() - 1];
        for c in 0..=end + 50 {
            let mut conc = Concentrations::default();
            conc.set(column.2, Some(c as f64 / step(column.2)));
            let standard = rules.standard(date_of(column.0));
            let got = rules.report(standard, column.1, &conc, &Pollutant::ALL).iaqi.get(&column.2).copied();
            assert_eq!(got, oracle(column, c), "{} {:?} {c}", column.0, column.2);
            n += 1;
        }
    }
    assert_eq!(n, 30_224);
}

/// Random decimals with up to four places, rounded half to even in integers and looked up in the second table.
#[test]
fn a_million_random_decimals_agree_with_integer_rounding() {
    let rules = aqi_rules();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut ties = 0;
    for i in 0..1_000_000 {
        let column = &COLUMNS[(next() % COLUMNS.len() as u64) as usize];
        let keep = usize::from(column.2 == Co);
        let places = keep + 1 + (next() % 3) as usize;
        let unit = 10_i128.pow((places - keep) as u32);
        let end = column.4[column.4.len() - 1] + 20;
        // every fourth draw is an exact tie
        let n = if i % 4 == 0 {
            ties += 1;
            i128::from(next()) % end * unit + unit / 2
        } else {
            i128::from(next()) % (end * unit)
        };
        let (whole, rest) = (n / unit, n % unit);
        let rounded = match (rest * 2).cmp(&unit) {
            std::cmp::Ordering::Less => whole,
            std::cmp::Ordering::Greater => whole + 1,
            std::cmp::Ordering::Equal => whole + whole % 2,
        };
        let full = 10_i128.pow(places as u32);
        let text = format!("{}.{:0places$}", n / full, n % full);
        let mut c = Concentrations::default();
        c.set(column.2, Some(text.parse::<f64>().unwrap()));
        let report = rules.report(rules.standard(date_of(column.0)), column.1, &c, &Pollutant::ALL);
        assert_eq!(report.iaqi.get(&column.2).copied(), oracle(column, rounded), "{} {:?} {text}", column.0, column.2);
    }
    assert_eq!(ties, 250_000);
}

/// PM2.5 [ug m-3] and the index under both versions, worked out by hand from the tables.
#[test]
fn published_check_values() {
    let column = |version| COLUMNS.iter().find(|c| c.0 == version && c.2 == Pm25).unwrap();
    for (c, old, new) in [
        (70.0, 94, 110),
        (75.0, 100, 114),
        (61.0, 83, 101),
        (115.0, 150, 150),
        (116.0, 152, 152),
        (150.0, 200, 200),
        (151.0, 201, 201),
        (251.0, 301, 301),
        (501.0, 500, 500),
        (1200.0, 500, 500),
    ] {
        assert_eq!(one(column("2012"), c).aqi, Some(old), "2012 {c}");
        assert_eq!(one(column("2026"), c).aqi, Some(new), "2026 {c}");
    }
    assert_eq!(one(column("2026"), 60.5).aqi, Some(100));
    assert_eq!(one(column("2026"), 60.6).aqi, Some(101));
}

#[test]
fn the_last_day_of_2012_and_the_first_of_2026() {
    let rules = aqi_rules();
    let c = Concentrations { pm25_ug_m3: Some(75.0), ..Concentrations::default() };
    let report = |d| rules.daily(day(d), &c, &Pollutant::ALL);
    assert_eq!((report("2026-02-28").standard.as_str(), report("2026-02-28").aqi), ("HJ 633-2012", Some(100)));
    assert_eq!((report("2026-03-01").standard.as_str(), report("2026-03-01").aqi), ("HJ 633-2026", Some(114)));
    assert_eq!(report("2010-01-01").standard, "HJ 633-2012");
    assert_eq!(report("2040-01-01").standard, "HJ 633-2026");
}

#[test]
fn ties_are_primary_together_and_clean_air_has_none() {
    let rules = aqi_rules();
    let date = day("2026-03-05");
    let clean = Concentrations { pm25_ug_m3: Some(35.0), pm10_ug_m3: Some(50.0), ..Concentrations::default() };
    let report = rules.daily(date, &clean, &Pollutant::ALL);
    assert_eq!((report.aqi, report.level, report.primary.as_slice()), (Some(50), Some(1), [].as_slice()));
    let tied = Concentrations { pm25_ug_m3: Some(115.0), pm10_ug_m3: Some(250.0), ..clean };
    let report = rules.daily(date, &tied, &Pollutant::ALL);
    assert_eq!((report.aqi, report.level, report.primary.as_slice()), (Some(150), Some(3), [Pm25, Pm10].as_slice()));
    let zero = clean.map(|_, _| 0.0);
    let report = rules.daily(date, &zero, &Pollutant::ALL);
    assert_eq!((report.aqi, report.level), (Some(0), Some(1)));
}

#[test]
fn a_missing_pollutant_blocks_up_to_100_and_one_outside_the_plan_does_not() {
    let rules = aqi_rules();
    let date = day("2026-03-05");
    let five = |pm25: f64| Concentrations {
        pm25_ug_m3: Some(pm25),
        pm10_ug_m3: Some(10.0),
        so2_ug_m3: Some(5.0),
        no2_ug_m3: Some(5.0),
        co_mg_m3: Some(0.3),
        o3_ug_m3: None,
    };
    let blocked = rules.daily(date, &five(60.0), &[]);
    assert_eq!((blocked.aqi, blocked.level, blocked.primary.len()), (None, None, 0));
    assert_eq!(blocked.iaqi[&Pm25], 100);
    assert!(blocked.clause.contains("5.3"), "{}", blocked.clause);
    assert_eq!(rules.daily(date, &five(61.0), &[]).aqi, Some(101));
    assert_eq!(rules.daily(date, &five(60.0), &[O3]).aqi, Some(100));
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        let c = Concentrations { o3_ug_m3: Some(bad), ..five(60.0) };
        assert_eq!(rules.daily(date, &c, &[]).aqi, None, "{bad}");
    }
    assert_eq!(rules.daily(date, &Concentrations::default(), &Pollutant::ALL).aqi, None);
}

#[test]
fn so2_beyond_the_hourly_table_follows_its_version() {
    let rules = aqi_rules();
    let c = Concentrations { so2_ug_m3: Some(900.0), pm25_ug_m3: Some(20.0), ..Concentrations::default() };
    let rest = [Pm10, No2, Co, O3];
    let new = rules.hourly(day("2026-03-05"), &c, &rest);
    assert_eq!((new.aqi, new.primary.as_slice()), (Some(200), [So2].as_slice()));
    assert!(new.clause.contains("注b"), "{}", new.clause);
    // not computed under 2012: counts as missing, so the clean rest is not published
    let old = rules.hourly(day("2025-03-05"), &c, &rest);
    assert_eq!((old.aqi, old.iaqi.contains_key(&So2)), (None, false));
}

#[test]
fn levels_have_names_and_colours() {
    let rules = aqi_rules();
    let expected = [(1, "优", 50), (2, "良", 100), (3, "轻度污染", 150), (4, "中度污染", 200), (5, "重度污染", 300)];
    for (level, name, up_to) in expected {
        assert_eq!(rules.level(level).unwrap().name_zh, name);
        assert_eq!(rules.level_of(up_to), level);
        assert_eq!(rules.level_of(up_to + 1), level + 1);
    }
    assert_eq!((rules.level(6).unwrap().rgb, rules.level_of(500)), ([126, 0, 35], 6));
    assert!(rules.level(0).is_none() && rules.level(7).is_none());
}

/// Sums at which a mean of 24 h (O3: 8 h) begins to exceed, worked out by hand: rounding lets 0.5 pass an even limit.
#[test]
fn sums_begin_to_exceed_where_rounding_says() {
    let rules = aqi_rules();
    let sums = |version: &str, report, p, aqi, n| rules.standard(date_of(version)).sums_exceeding(report, p, aqi, n);
    let start = |version: &str, p, aqi, n| *sums(version, Report::Daily, p, aqi, n).unwrap().start();
    // 60.5 is 60, the limit; the next sum is above
    assert_eq!(start("2026", Pm25, 100, 24), 24 * 60_500 + 1);
    // 75.5 is a tie that rounds to 76
    assert_eq!(start("2012", Pm25, 100, 24), 24 * 75_500);
    assert_eq!(start("2026", Pm25, 200, 24), 24 * 150_500 + 1);
    assert_eq!(start("2026", Pm10, 100, 20), 20 * 120_500 + 1);
    // CO in tenths: 4.05 is 4.0
    assert_eq!(start("2026", Co, 100, 24), 24 * 4_050 + 1);
    assert_eq!(start("2026", O3, 200, 8), 8 * 265_500);
    // the smallest index above 0 is that of 1 ug m-3; 0.5 rounds to 0
    assert_eq!(start("2026", Pm25, 0, 24), 24 * 500 + 1);
    let end = |version: &str, report, p| sums(version, report, p, 100, 8).map(|s| *s.end());
    assert_eq!(end("2012", Report::Daily, O3), Some(8 * 800_500), "800.5 is 800, the end of the table");
    assert_eq!(end("2012", Report::Hourly, So2), Some(8 * 800_500));
    assert_eq!(end("2026", Report::Daily, O3), Some(8 * 80_000_000), "continued with 300");
    for (version, report, p, aqi) in [
        ("2012", Report::Daily, O3, 300),
        ("2026", Report::Daily, O3, 300),
        ("2026", Report::Hourly, So2, 200),
        ("2026", Report::Daily, Pm25, 500),
    ] {
        assert_eq!(sums(version, report, p, aqi, 8), None, "{version} {p:?} never exceeds {aqi}");
    }
    assert_eq!(sums("2026", Report::Daily, Pm25, 100, 0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// The sums that exceed are those whose mean the report puts above, near every limit and far from it.
    #[test]
    fn sums_exceed_as_the_report_does(
        column in 0..COLUMNS.len(), aqi in prop_oneof![0_u16..=500, Just(100), Just(150), Just(200), Just(300)],
        n in 1_usize..=24, limit in 0..8_usize, near in -600_i64..=600, anywhere in 0_i64..2_000_000_000, close: bool
    ) {
        let column = &COLUMNS[column];
        let limit = column.4[limit % column.4.len()] as i64 * if column.2 == Co { 100 } else { 1000 };
        // half of the sums stand within 0.6 of a limit
        let sum = if close { (limit * n as i64 + near * n as i64).max(0) } else { anywhere % (80_000_000 * n as i64 + 1) };
        let report = one(column, hazecast::domain::averages::mean(sum, n));
        let exceeding = RULES.standard(date_of(column.0)).sums_exceeding(column.1, column.2, aqi, n);
        prop_assert_eq!(
            exceeding.is_some_and(|s| s.contains(&sum)), report.aqi.is_some_and(|a| a > aqi), "{} {} {:?}", sum, n, report
        );
    }

    /// No sum beside either end of the range is misjudged.
    #[test]
    fn both_ends_of_the_exceeding_sums_are_exact(column in 0..COLUMNS.len(), aqi in 0_u16..500, n in 1_usize..=24) {
        let column = &COLUMNS[column];
        let above = |sum: i64| one(column, hazecast::domain::averages::mean(sum, n)).aqi.is_some_and(|a| a > aqi);
        if let Some(sums) = RULES.standard(date_of(column.0)).sums_exceeding(column.1, column.2, aqi, n) {
            prop_assert!(above(*sums.start()) && above(*sums.end()));
            prop_assert!(*sums.start() == 0 || !above(sums.start() - 1));
            prop_assert!(*sums.end() == 80_000_000 * n as i64 || !above(sums.end() + 1));
        }
    }
}

proptest! {
    #[test]
    fn the_aqi_never_falls_as_a_concentration_rises(
        column in 0..COLUMNS.len(), a in 0.0..4000.0_f64, rise in 0.0..500.0_f64
    ) {
        let column = &COLUMNS[column];
        // beyond a table that is not continued there is no value to compare
        prop_assume!(column.3 != NotComputed || a + rise <= 800.0);
        let (low, high) = (one(column, a / step(column.2)), one(column, (a + rise) / step(column.2)));
        prop_assert!(low.aqi <= high.aqi, "{low:?} {high:?}");
        prop_assert!(low.level <= high.level);
    }
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    aqi: AqiArgs,
}

fn cli(args: &[&str]) -> std::result::Result<String, String> {
    let command = Command::try_parse_from([&["aqi"], args].concat()).map_err(|e| e.to_string())?;
    run(&command.aqi, &aqi_rules()).map_err(|e| e.to_string())
}

const SIX: [&str; 14] = [
    "--date",
    "2026-03-05",
    "--pm25",
    "61",
    "--pm10",
    "80",
    "--so2",
    "10",
    "--no2",
    "40",
    "--co",
    "0.8",
    "--o3",
    "120",
];

#[test]
fn the_command_prints_the_fixed_form() {
    let json = cli(&[&SIX[..], &["--json"]].concat()).unwrap();
    assert!(
        json.starts_with(
            "{\"standard\":\"HJ 633-2026\",\"aqi\":101,\"level\":3,\"primary\":[\"PM2.5\"],\"iaqi\":{\"PM2.5\":101,\"PM10\":72,\
             \"SO2\":10,\"NO2\":50,\"CO\":20,\"O3\":67},\"clause\":\"HJ 633-2026"
        ),
        "{json}"
    );
    let table = cli(&SIX).unwrap();
    assert!(table.contains("AQI 101") && table.contains("轻度污染") && table.contains("PM2.5"), "{table}");
    let partial = cli(&["--date", "2026-03-05", "--pm25", "40", "--json"]).unwrap();
    assert!(partial.contains("\"aqi\":null,\"level\":null,\"primary\":[]"), "{partial}");
    let plan =
        cli(&["--date", "2026-03-05", "--pm25", "40", "--not-monitored", "PM10,so2,NO2,co,o3", "--json"]).unwrap();
    assert!(plan.contains("\"aqi\":60,"), "{plan}");
    let hourly = cli(&["--date", "2026-03-05", "--hourly", "--o3", "1300", "--json"]).unwrap();
    assert!(hourly.contains("\"aqi\":500,"), "{hourly}");
}

/// The versions side by side: the air that was good on the last day of the old table and is not under the new one.
#[test]
fn the_command_sets_old_and_new_side_by_side() {
    let air =
        ["--date", "2026-03-05", "--pm25", "70", "--pm10", "130", "--not-monitored", "so2,no2,co,o3", "--compare"];
    let json = cli(&[&air[..], &["--json"]].concat()).unwrap();
    let reports: Vec<AqiReport> = serde_json::from_str(&json).unwrap();
    let of = |r: &AqiReport| (r.standard.clone(), r.aqi, r.level, r.iaqi[&Pm25], r.iaqi[&Pm10]);
    // 70: 50 + 50 * 35 / 40 and 100 + 50 * 10 / 55; 130: 50 + 50 * 80 / 100 and 100 + 50 * 10 / 130
    assert_eq!(of(&reports[0]), ("HJ 633-2012".to_owned(), Some(94), Some(2), 94, 90));
    assert_eq!(of(&reports[1]), ("HJ 633-2026".to_owned(), Some(110), Some(3), 110, 104));
    assert_eq!(reports.len(), 2);
    // each is the fixed form of its own day
    let old =
        cli(&["--date", "2026-02-28", "--pm25", "70", "--pm10", "130", "--not-monitored", "so2,no2,co,o3", "--json"]);
    assert!(json.starts_with(&format!("[{}", old.unwrap().trim_end())), "{json}");
    let table = cli(&air).unwrap();
    for part in ["HJ 633-2012", "HJ 633-2026 *", "94", "110", "良 good", "轻度污染 light pollution"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
}

#[test]
fn a_practice_stands_in_the_clause_of_its_report_only() {
    let air = Concentrations { pm25_ug_m3: Some(40.0), ..Concentrations::default() };
    let clause = |date: &str, hourly: bool| {
        let of = if hourly { AqiRules::hourly } else { AqiRules::daily };
        of(&RULES, day(date), &air, &Pollutant::ALL).clause
    };
    assert!(clause("2023-01-20", true).contains("HJ 633-2012.hourly-pm"));
    assert!(!clause("2023-01-20", false).contains("hourly-pm"));
    assert!(clause("2023-01-20", false).contains("HJ 633-2012.daily-o3"));
    assert!(!clause("2026-03-01", true).contains("hourly-pm"));
}

#[test]
fn the_command_refuses_what_is_no_concentration() {
    for (args, named) in [
        (vec!["--date", "2026-03-05", "--pm25", "-3"], "--pm25"),
        (vec!["--date", "2026-03-05", "--pm25", "NaN"], "--pm25"),
        (vec!["--date", "2026-03-05", "--co", "inf"], "--co"),
        (vec!["--date", "2026-03-05", "--o3", "a lot"], "--o3"),
        (vec!["--date", "2026-02-30", "--o3", "10"], "--date"),
        (vec!["--pm25", "10"], "--date"),
        (vec!["--date", "2026-03-05"], "at least one concentration"),
        (vec!["--date", "2026-03-05", "--pm25", "10", "--not-monitored", "NH3"], "--not-monitored"),
    ] {
        let refused = cli(&args).expect_err(&format!("{args:?}"));
        assert!(refused.contains(named), "{args:?}: {refused}");
    }
}

/// Every station-hour of the national files with all six pollutants and an AQI: the published index must be ours.
#[test]
fn the_national_hourly_files_are_reproduced() {
    for (date, station_hours) in [("20230120", 38_739), ("20230121", 39_412)] {
        let Some(path) = crate::real(&format!("obs/china_sites_{date}.csv")) else { return };
        let read = published_hours::read(&path).unwrap();
        let mut comparison = Comparison::default();
        comparison.add(date, &read.items, &RULES);
        for line in comparison.outcome().lines {
            println!("{date} {}", line.en);
        }
        assert_eq!((comparison.complete.compared, comparison.complete.equal), (station_hours, station_hours), "{date}");
        assert!(comparison.outcome().passed);
    }
}
