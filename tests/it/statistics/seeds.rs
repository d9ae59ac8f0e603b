//! The shipped rule files against second tables, and broken ones refused with the line named.

use super::{EVALUATION, EVENTS, LIMITS, Rules, TARGETS, day};
use chrono::Datelike;
use hazecast::domain::averages::Validity;
use hazecast::domain::evaluation::EvaluationRules;
use hazecast::domain::event::{EventKind, EventRules};
use hazecast::domain::limits::{Averaging, Grade, LimitRules, ParticleState};
use hazecast::domain::pollutant::Pollutant;
use hazecast::domain::targets::TargetRules;
use hazecast::error::Error;
use std::path::Path;

/// Grade I / II of year, day (O3: largest 8 h) and hour, typed in from the text: 2012, transition, final.
#[test]
fn limits_are_those_of_the_text() {
    let texts = [
        (Pollutant::So2, ["20/60 50/150 150/500", "20/60 50/150 150/500", "20/20 50/50 150/150"]),
        (Pollutant::No2, ["40/40 80/80 200/200", "40/40 80/80 200/200", "30/30 50/50 200/200"]),
        (Pollutant::Co, ["- 4/4 10/10", "- 4/4 10/10", "- 4/4 10/10"]),
        (Pollutant::O3, ["- 100/160 160/200", "- 100/160 160/200", "- 100/160 160/200"]),
        (Pollutant::Pm10, ["40/70 50/150 -", "40/60 50/120 -", "20/50 50/100 -"]),
        (Pollutant::Pm25, ["15/35 35/75 -", "15/30 35/60 -", "10/25 25/50 -"]),
    ];
    let rules = Rules::shipped().limits;
    assert_eq!(rules.standards().len(), 3);
    for (p, expected) in texts {
        let daily = if p == Pollutant::O3 { Averaging::DayMax8h } else { Averaging::Day };
        for (standard, expected) in rules.standards().iter().zip(expected) {
            let both = |average| match (standard.limit(p, average, Grade::One), standard.limit(p, average, Grade::Two))
            {
                (Some(one), Some(two)) => format!("{one}/{two}"),
                _ => "-".to_owned(),
            };
            let listed = [Averaging::Year, daily, Averaging::Hour].map(both).join(" ");
            assert_eq!(listed, expected, "{} {}", standard.id, p.name());
        }
    }
}

#[test]
fn standards_change_on_their_days() {
    let rules = Rules::shipped();
    for (date, limits, method) in [
        ("2013-01-01", "GB 3095-2012", "HJ 663-2013"),
        ("2026-02-28", "GB 3095-2012", "HJ 663-2013"),
        ("2026-03-01", "GB 3095-2026 transition", "HJ 663-2026"),
        ("2030-12-31", "GB 3095-2026 transition", "HJ 663-2026"),
        ("2031-01-01", "GB 3095-2026 final", "HJ 663-2026"),
        ("2050-01-01", "GB 3095-2026 final", "HJ 663-2026"),
    ] {
        let (standard, evaluation) = (rules.limits.standard(day(date)), rules.evaluation.method(day(date)));
        assert_eq!((standard.id.as_str(), evaluation.id.as_str()), (limits, method), "{date}");
        let means =
            Validity { hours_of_day: 20, hours_of_eight: 6, eights_of_day: 14, eights_unless_above_ug_m3: 160.0 };
        let v = &standard.validity;
        assert_eq!((v.means, v.days_of_year, v.days_needed(1), v.days_needed(2)), (means, 324, 27, 25));
    }
    let state = |date: &str| {
        let r = rules.limits.standard(day(date)).reference(day(date));
        (r.gas_temperature_k, r.particles)
    };
    assert_eq!(state("2018-08-31"), (273.15, ParticleState::Reference));
    assert_eq!(state("2018-09-01"), (298.15, ParticleState::Ambient));
    assert_eq!(state("2026-03-01"), (298.15, ParticleState::Ambient));
}

#[test]
fn methods_are_those_of_the_text() {
    let rules = Rules::shipped().evaluation;
    let listed: Vec<String> = rules
        .methods()
        .iter()
        .map(|m| {
            let one = |p: Pollutant| {
                let s = m.statistics.iter().find(|s| s.pollutant == p).unwrap();
                format!("{} {}{} x{}", p.name(), if s.mean { "mean+" } else { "" }, s.percentile, s.weight)
            };
            Pollutant::ALL.map(one).join(", ")
        })
        .collect();
    assert_eq!(
        listed,
        [
            "PM2.5 mean+95 x1, PM10 mean+95 x1, SO2 mean+98 x1, NO2 mean+98 x1, CO 95 x1, O3 90 x1",
            "PM2.5 mean+95 x3, PM10 mean+95 x1, SO2 mean+98 x1, NO2 mean+98 x2, CO 95 x1, O3 90 x2",
        ]
    );
    assert!(rules.methods().iter().all(|m| (m.good_day_aqi, m.heavy_day_aqi) == (100, 200)));
    assert!(rules.methods().iter().all(|m| !m.weights.verified && !m.exclusion.verified));
    assert_eq!(rules.methods()[0].exclusion.kinds, [EventKind::Dust]);
    assert_eq!([false, true], [rules.methods()[0].three_year_mean, rules.methods()[1].three_year_mean]);
}

/// 235 lunar months are 19 years: New Year's Day comes back within a day. And it lies between 21 January and 20 February.
#[test]
fn new_year_days_return_after_19_years() {
    let dates: Vec<_> = EVENTS
        .split('"')
        .filter_map(|t| t.parse::<chrono::NaiveDate>().ok())
        .filter(|d| (2013..=2035).contains(&d.year()))
        .collect();
    assert_eq!(dates.iter().map(|d| d.year()).collect::<Vec<_>>(), (2013..=2035).collect::<Vec<_>>());
    let mut pairs = 0;
    for d in &dates {
        assert!((21..=51).contains(&d.ordinal()), "{d}");
        if let Some(later) = dates.iter().find(|l| l.year() == d.year() + 19) {
            assert!((i64::from(later.ordinal()) - i64::from(d.ordinal())).abs() <= 1, "{d} {later}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 4);
}

/// Changes the first `from` behind `after` into `to`; the error must name the line on which `at` then first stands behind `after`.
fn refused(seed: &str, read: impl Fn(&str) -> Option<Error>, cases: &[(&str, &str, &str, &str)]) {
    assert!(read(seed).is_none());
    for (after, from, to, at) in cases {
        let start = seed.find(after).unwrap_or_else(|| panic!("no {after}"));
        let place = start + seed[start..].find(from).unwrap_or_else(|| panic!("no {from} behind {after}"));
        let text = format!("{}{to}{}", &seed[..place], &seed[place + from.len()..]);
        let named = start.min(text.len());
        let byte = named + text[named..].find(at).unwrap_or_else(|| panic!("no {at} behind {after}"));
        let line = text[..byte].matches('\n').count() + 1;
        let error = read(&text).unwrap_or_else(|| panic!("accepted: {from} -> {to}")).to_string();
        assert!(
            error.contains(&format!("line {line}:")) && error.contains(".toml"),
            "{from} -> {to}, line {line}: {error}"
        );
    }
}

#[test]
fn broken_limits_are_refused_by_line() {
    let second = "id = \"GB 3095-2026 transition\"";
    refused(
        LIMITS,
        |t| LimitRules::from_toml(t, Path::new("limits.toml")).err(),
        &[
            (second, "grade_2 = 30 }", "grade_2 = 9 }", "grade_2 = 9 }"),
            (second, "grade_1 = 15,", "grade_1 = 0,", "grade_1 = 0,"),
            (
                second,
                "pollutant = \"PM2.5\", average = \"year\"",
                "pollutant = \"PM10\", average = \"year\"",
                "grade_1 = 15,",
            ),
            (
                second,
                "pollutant = \"CO\", average = \"day\"",
                "pollutant = \"CO\", average = \"year\"",
                "\"CO\", average = \"year\"",
            ),
            (second, "average = \"hour\"", "average = \"month\"", "average = \"month\""),
            (second, "grade_1", "grade_one", "grade_one"),
            (second, "{ pollutant = \"PM10\", average = \"day\", grade_1 = 50, grade_2 = 120 },\n", "\n", "limits = ["),
            (second, "valid_from = \"2026-03-01\"", "valid_from = \"2026-03-02\"", "valid_from = \"2026-03-01\""),
            (second, "valid_to = \"2030-12-31\"", "valid_to = \"2030-11-30\"", "valid_from = \"2031-01-01\""),
            (
                "id = \"GB 3095-2026 final\"",
                "valid_from_verified = true",
                "valid_from_verified = true\nvalid_to = \"2040-01-01\"",
                "valid_to = \"2040",
            ),
            (second, "GB 3095-2026 transition", "GB 3095-2012", "id = \"GB 3095-2012\""),
            (second, "clause = \"GB 3095-2026 表1，过渡阶段浓度限值\"", "clause = \" \"", "clause = \" \""),
            (second, "gas_temperature_k = 298.15", "gas_temperature_k = 25", "gas_temperature_k = 25"),
            (second, "particles = \"ambient\"", "particles = \"dry\"", "particles = \"dry\""),
            (second, "days_of_year = 324", "days_of_year = 400", "days_of_year = 400"),
            (second, "days_of_february = 25", "days_of_february = 29", "days_of_february = 29"),
            (second, "hours_of_day = 20", "hours_of_day = 25", "hours_of_day = 25"),
            (second, "eights_of_day = 14", "eights_of_day = 0", "eights_of_day = 0"),
        ],
    );
}

#[test]
fn broken_evaluations_are_refused_by_line() {
    let second = "id = \"HJ 663-2026\"";
    refused(
        EVALUATION,
        |t| EvaluationRules::from_toml(t, Path::new("evaluation.toml")).err(),
        &[
            (second, "percentile = 95", "percentile = 9", "percentile = 9,"),
            (second, "weight = 3", "weight = 0", "weight = 0"),
            (second, "index_limit = \"year\"", "index_limit = \"day\"", "index_limit = \"day\""),
            (second, "pollutant = \"PM10\"", "pollutant = \"PM2.5\"", "statistics = ["),
            (second, "\"O3\", mean = false", "\"O3\", mean = true", "\"O3\", mean = true"),
            (second, "index_value = \"mean\"", "index_value = \"median\"", "\"median\""),
            (second, "heavy_day_aqi = 200", "heavy_day_aqi = 100", "heavy_day_aqi = 100"),
            (second, "good_day_aqi = 100", "good_day_aqi = 20", "good_day_aqi = 20"),
            (second, "percentile_method = \"linear\"", "percentile_method = \"nearest\"", "\"nearest\""),
            (second, "CO = 1, O3 = 0", "CO = 1", "decimals = {"),
            (second, "ratio_decimals = 1", "ratio_decimals = 4", "ratio_decimals = 4"),
            (second, "kinds = [\"dust\"", "kinds = [\"sand\"", "[\"sand\""),
            (second, "valid_from = \"2026-03-01\"", "valid_from = \"2026-02-28\"", "valid_from = \"2026-02-28\""),
        ],
    );
}

#[test]
fn broken_signs_of_events_are_refused_by_line() {
    refused(
        EVENTS,
        |t| EventRules::from_toml(t, Path::new("events.toml")).err(),
        &[
            ("[dust]", "pm25_to_pm10_below = 0.4", "pm25_to_pm10_below = 4", "pm25_to_pm10_below = 4"),
            ("[dust]", "pm10_above_ug_m3 = 150", "pm10_above_ug_m3 = -1", "pm10_above_ug_m3 = -1"),
            ("[fireworks]", "days = [0, 1, 5, 15]", "days = [0, 16]", "days = [0, 16]"),
            ("[fireworks]", "2013-02-10", "2013-02-01", "new_year = ["),
            ("[fireworks]", "verified = false", "verified = \"no\"", "verified = \"no\""),
        ],
    );
}

#[test]
fn broken_targets_are_refused_by_line() {
    let second = "id = \"yanbian-carried-on\"";
    refused(
        TARGETS,
        |t| TargetRules::from_toml(t, Path::new("targets.toml")).err(),
        &[
            (second, "valid_from = \"2022-01-01\"", "valid_from = \"2023-01-01\"", "valid_from = \"2023-01-01\""),
            (second, "valid_from = \"2022-01-01\"", "valid_from = \"2022-02-01\"", "valid_from = \"2022-02-01\""),
            (
                "id = \"yanbian-2021\"",
                "valid_to = \"2021-12-31\"",
                "valid_to = \"2021-12-30\"",
                "valid_to = \"2021-12-30\"",
            ),
            (second, "good_day_percent = 95", "good_day_percent = 950", "good_day_percent = 950"),
            (second, "pm25_ug_m3 = 25", "pm25_ug_m3 = 0", "pm25_ug_m3 = 0"),
            (second, "adcode = 222404", "adcode = 222401", "heavy_days = ["),
            (second, "heavy_days_elsewhere = 4", "heavy_days_elsewhere = -4", "heavy_days_elsewhere = -4"),
            (
                "[guard]",
                "text_zh = \"目标进度仅供会商参考，不是启动或升级应急响应的理由。\"",
                "text_zh = \"\"",
                "text_zh = \"\"",
            ),
        ],
    );
}
