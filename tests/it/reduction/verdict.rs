//! Verdicts and statements on forecasts typed by hand.

use chrono::{Duration, NaiveDate, TimeZone, Utc};
use hazecast::domain::aqi::AqiReport;
use hazecast::domain::pollutant::Concentrations;
use hazecast::forecast::{CorrectionReport, CountyForecast, DayForecast, Estimate, Forecast};
use hazecast::reduction::verify::compare;
use hazecast::reduction::{ReductionEffect, Verdict};
use hazecast::warning::WarningLevel::{None as Nothing, Orange, PreWarning, Yellow};
use hazecast::warning::{AreaWarning, Response, WarningDecision, WarningLevel};

const YANJI: Place = (222401, "延吉市", "Yanji");
const TUMEN: Place = (222402, "图们市", "Tumen");

fn report(aqi: u16, level: u8) -> AqiReport {
    AqiReport {
        standard: "HJ 633-2026".into(),
        aqi: Some(aqi),
        level: Some(level),
        primary: Vec::new(),
        iaqi: Default::default(),
        clause: "5.3".into(),
    }
}

/// A county: code and names.
type Place = (u32, &'static str, &'static str);
/// Its days: PM2.5, AQI, AQI level.
type Days<'a> = &'a [(f64, u16, u8)];

/// Day means of PM2.5 with AQI and its level, from 15 January 2026.
fn forecast(counties: [(Place, Days); 2]) -> Forecast {
    let first = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let county = |((adcode, zh, en), days): (Place, Days)| CountyForecast {
        adcode,
        name_zh: zh.into(),
        name_en: en.into(),
        has_station: true,
        observed: Vec::new(),
        hours: Vec::new(),
        days: days
            .iter()
            .enumerate()
            .map(|(i, (pm25, aqi, level))| DayForecast {
                beijing_day: first + Duration::days(i as i64),
                hours: 24,
                concentrations: Concentrations {
                    // The raw model stands far off: only `value` may be compared.
                    pm25_ug_m3: Some(Estimate {
                        raw: 5.0 * pm25,
                        value: *pm25,
                        lower: 0.95 * pm25,
                        upper: 1.05 * pm25,
                    }),
                    ..Default::default()
                },
                aqi: report(*aqi, *level),
                aqi_lower: report(*aqi, *level),
                aqi_upper: report(*aqi, *level),
            })
            .collect(),
    };
    Forecast {
        cycle: Utc.with_ymd_and_hms(2026, 1, 14, 12, 0, 0).unwrap(),
        counties: counties.map(county).to_vec(),
        correction: CorrectionReport { methods: Vec::new(), interval_method: String::new() },
    }
}

fn area((adcode, zh, en): Place, level: WarningLevel) -> AreaWarning {
    AreaWarning {
        level,
        level_called: level,
        level_natural_day: level,
        level_sliding_24h: level,
        response: Response::EmissionReduction,
        response_level: level,
        ..AreaWarning::quiet(adcode, zh, en)
    }
}

fn decision(yanji: WarningLevel, tumen: WarningLevel) -> WarningDecision {
    WarningDecision {
        scheme: "warning-2024".into(),
        prefecture: area((222400, "延边州", "Yanbian"), yanji.max(tumen)),
        counties: vec![area(YANJI, yanji), area(TUMEN, tumen)],
    }
}

fn heavy() -> Forecast {
    forecast([(YANJI, &[(120.0, 157, 4), (160.0, 210, 5)]), (TUMEN, &[(80.0, 107, 3), (90.0, 119, 3)])])
}

fn effect(cut: &Forecast, before: [WarningLevel; 2], after: [WarningLevel; 2]) -> ReductionEffect {
    let hashes = ("aa".to_owned(), "bb".to_owned());
    compare(&heavy(), &decision(before[0], before[1]), cut, &decision(after[0], after[1]), hashes)
}

fn cut(yanji: f64, level: u8) -> Forecast {
    forecast([(YANJI, &[(118.0, 155, 4), (yanji, 190, level)]), (TUMEN, &[(79.5, 106, 3), (89.0, 118, 3)])])
}

#[test]
fn averted_when_no_county_reaches_the_level_any_more() {
    let e = effect(&cut(140.25, 4), [Yellow, PreWarning], [PreWarning, PreWarning]);
    assert_eq!(e.verdict, Verdict::Averted);
    assert_eq!(e.largest_fall_ug_m3, 19.75);
    assert_eq!((e.base_series_sha256.as_str(), e.cut_series_sha256.as_str()), ("aa", "bb"));
    let yanji = &e.counties[0];
    assert_eq!((yanji.level_before, yanji.level_after, yanji.days.len()), (Yellow, PreWarning, 2));
    assert_eq!((yanji.days[1].pm25_before_ug_m3, yanji.days[1].pm25_after_ug_m3), (160.0, 140.25));
    assert_eq!((yanji.days[1].aqi_before, yanji.days[1].aqi_after), (Some(210), Some(190)));
    assert_eq!(
        e.statement_en,
        "Level of the prefecture by this forecast: yellow without the list, pre-warning with it. With the list no county reaches yellow. \
         Lower level: Yanji from yellow to pre-warning. The AQI level falls on 1 county-days. \
         Largest fall of a day mean of PM2.5: 19.8 ug/m3 (Yanji 2026-01-16, from 160.0 to 140.2). \
         The highest day mean with the list is still 140.2 ug/m3 (Yanji 2026-01-16); what remains cannot be averted by the \
         local measures of the list."
    );
    assert!(
        e.statement_zh.starts_with("不落实清单，本次预测对应的全州等级为黄色预警；落实清单后为预警前措施。"),
        "{}",
        e.statement_zh
    );
    // Down to nothing, nothing remains to be said.
    let clear = effect(&cut(60.0, 3), [Yellow, Nothing], [Nothing, Nothing]);
    assert_eq!(clear.verdict, Verdict::Averted);
    assert!(!clear.statement_en.contains("cannot be averted"), "{}", clear.statement_en);
}

#[test]
fn lowered_when_one_county_falls_and_another_stays() {
    let e = effect(&cut(159.0, 5), [Orange, Orange], [Orange, Yellow]);
    assert_eq!(e.verdict, Verdict::Lowered);
    // the largest fall, from 120 to 118, lies inside 114 to 126; that from 160 to 140 above lies outside 152 to 168
    assert!(
        e.statement_en.contains("smaller than the doubt about the forecast itself (80 % interval 114 to 126 ug/m3)")
    );
    assert!(e.statement_zh.contains("80%区间114至126"));
    assert!(e.statement_en.contains("Lower level: Tumen from orange to yellow."), "{}", e.statement_en);
    assert!(e.statement_en.contains("cannot be averted by the local measures"), "{}", e.statement_en);
    assert!(e.statement_zh.contains("图们市由橙色预警变为黄色预警") && e.statement_zh.contains("本地措施无法避免"));
}

#[test]
fn lowered_when_only_the_aqi_level_of_a_day_falls() {
    assert_eq!(effect(&cut(149.0, 4), [Yellow, Nothing], [Yellow, Nothing]).verdict, Verdict::Lowered);
}

#[test]
fn not_averted_when_the_levels_stay() {
    let e = effect(&cut(155.5, 5), [Yellow, Nothing], [Yellow, Nothing]);
    assert_eq!((e.verdict, e.largest_fall_ug_m3), (Verdict::NotAverted, 4.5));
    for (text, figures) in
        [(&e.statement_en, "what remains cannot be averted"), (&e.statement_zh, "清单不能避免本次预警。")]
    {
        assert!(text.contains(figures) && text.contains("155.5"), "{text}");
    }
}

#[test]
fn a_county_that_rises_to_the_level_is_not_averted_and_is_named() {
    let e = effect(&cut(155.0, 5), [Yellow, PreWarning], [PreWarning, Yellow]);
    assert_eq!(e.verdict, Verdict::Lowered);
    assert!(e.statement_en.contains("Higher level: Tumen from pre-warning to yellow."), "{}", e.statement_en);
}

#[test]
fn a_county_that_stays_at_the_level_bars_averted_whatever_the_prefecture_says() {
    let mut after = decision(Yellow, Nothing);
    after.prefecture.level = PreWarning;
    let hashes = ("aa".to_owned(), "bb".to_owned());
    let e = compare(&heavy(), &decision(Yellow, PreWarning), &cut(155.0, 5), &after, hashes);
    assert_eq!(e.verdict, Verdict::Lowered);
}

#[test]
fn without_a_warning_there_is_nothing_to_avert() {
    let e = effect(&cut(155.0, 5), [Nothing, Nothing], [Nothing, Nothing]);
    assert_eq!(e.verdict, Verdict::NotAverted);
    assert!(e.statement_en.contains("There was no warning to avert."), "{}", e.statement_en);
}

#[test]
fn days_without_a_counterpart_are_counted_not_guessed() {
    let mut cut = cut(140.0, 4);
    cut.counties[0].days.pop();
    cut.counties[1].days[0].concentrations.pm25_ug_m3 = None;
    let e = effect(&cut, [Yellow, Nothing], [Yellow, Nothing]);
    assert_eq!((e.counties[0].days.len(), e.counties[1].days.len()), (1, 1));
    assert!(e.statement_en.contains("2 county-days had no PM2.5 to compare"), "{}", e.statement_en);
    assert!(e.statement_zh.contains("2个县日缺少可比的PM2.5"), "{}", e.statement_zh);
}
