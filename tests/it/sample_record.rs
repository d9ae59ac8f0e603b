//! A consultation record as a winter night of an episode would leave it, for tests of archive, API and page.

use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use hazecast::assimilation::report::{AssimilationReport, ComponentScores};
use hazecast::calendar::beijing_day_hour;
use hazecast::consultation::members::{CountyMembers, MemberDay, MemberOutcome, MembersReport};
use hazecast::consultation::{ConsultationRecord, InputFile, Status};
use hazecast::domain::aqi::AqiReport;
use hazecast::domain::fire::{BannedFire, CountyFires, Fire, FireReport, HeatPlace, HeatReason, LandClass};
use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::domain::quality::{self, Fault, Flag, QualityReport};
use hazecast::domain::register::Family;
use hazecast::domain::source::{Amounts, Sector};
use hazecast::domain::targets::TargetsReport;
use hazecast::error::Rejection;
use hazecast::forecast::analogues::{Analogue, CountyAnalogues, FollowedDay};
use hazecast::forecast::county_weather::CountyWeather;
use hazecast::forecast::experience::{Experience, Yesterday, YesterdayCounty};
use hazecast::forecast::members::Member;
use hazecast::forecast::{
    CorrectionMethod, CorrectionReport, CountyForecast, DayForecast, Estimate, Forecast, HourForecast,
};
use hazecast::reduction::{
    CostProof, CountyEffect, Culprit, DayEffect, PlannedMeasure, ReductionEffect, ReductionPlan, ReductionTarget, Stop,
    Verdict,
};
use hazecast::simulation::budget::{MassLedger, SpeciesLedger};
use hazecast::simulation::history::History;
use hazecast::simulation::terrain_winds::{DivergenceReport, TerrainWindsReport};
use hazecast::warning::advice::{Advice, AdviceKind, AreaAdvice};
use hazecast::warning::explain::{Change, DayAccount, Explanation, RuleAccount};
use hazecast::warning::probability::{LevelChance, LevelProbability};
use hazecast::warning::rules::Condition;
use hazecast::warning::{
    Action, AreaWarning, Because, Evidence, OtherReading, Reading, Response, WarningDecision, WarningLevel,
};
use ndarray::Array3;
use std::collections::BTreeMap;

pub const COUNTIES: [(u32, &str, &str); 8] = [
    (222_401, "延吉市", "Yanji"),
    (222_402, "图们市", "Tumen"),
    (222_403, "敦化市", "Dunhua"),
    (222_404, "珲春市", "Hunchun"),
    (222_405, "龙井市", "Longjing"),
    (222_406, "和龙市", "Helong"),
    (222_424, "汪清县", "Wangqing"),
    (222_426, "安图县", "Antu"),
];

pub fn cycle() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0).unwrap()
}

/// The record of `cycle`: orange for the prefecture, 72 hours, a list of three measures and its certificate.
pub fn record(cycle: DateTime<Utc>) -> ConsultationRecord {
    let forecast = forecast(cycle);
    let warning = warning(cycle);
    ConsultationRecord {
        schema: 1,
        run: cycle.format("%Y%m%d%H").to_string(),
        cycle,
        grid: "demo".into(),
        outer_grid: None,
        region: "yanbian".into(),
        region_name_zh: "延边朝鲜族自治州".into(),
        status: Status::Degraded,
        degraded: vec!["No observation of the last 24 hours: the forecast is not corrected.".into()],
        experience: Some(experience(cycle)),
        members: Some(members()),
        ranking: None,
        reduction: Some(plan(cycle)),
        certificate: Some(certificate(cycle)),
        forecast,
        limits_zh: vec!["O3未模拟".into()],
        limits_en: vec!["O3 is not modelled".into()],
        warning,
        explanations: vec![explanation(cycle)],
        advice: vec![advice(222_400, "延边朝鲜族自治州", "Yanbian"), advice(222_401, "延吉市", "Yanji")],
        targets: Some(targets()),
        observation_quality: Some(observation_quality()),
        assimilation: Some(assimilation()),
        fires: Some(fires(cycle)),
        emission_conditions: None,
        stacks: None,
        terrain_winds: Some(terrain_winds()),
        ledger_base: ledger(),
        ledger_cut: Some(ledger()),
        inputs: vec![InputFile {
            role: "meteorology".into(),
            name: "wrfout_d01_2026-01-15_12:00:00".into(),
            bytes: 48_123_904,
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        }],
        rejections: vec![Rejection {
            file: "china_sites_20260115.csv".into(),
            place: "line 17".into(),
            found: "PM2.5 = -4".into(),
            expected: "a value >= 0".into(),
            by_design: false,
        }],
        hazecast: "0.1.0".into(),
    }
}

/// Five members, of which two call for yellow.
fn members() -> MembersReport {
    let level = |i: usize| if i < 2 { WarningLevel::Yellow } else { WarningLevel::Orange };
    let inputs = |i: usize| Member {
        wind_speed: 1.2 - 0.1 * i as f64,
        mixing_height: 1.0,
        emission: 0.9 + 0.05 * i as f64,
        inflow: 1.0,
        wind_turn_deg: 5.0 * i as f64 - 10.0,
    };
    let day = MemberDay {
        beijing_day: NaiveDate::from_ymd_opt(2026, 1, 16).unwrap(),
        pm25_ug_m3: vec![120.0, 135.0, 151.0, 160.0, 177.0],
        aqi: vec![Some(157), Some(179), Some(201), Some(210), Some(227)],
    };
    MembersReport {
        grid: "demo".into(),
        members: (0..5).map(|i| MemberOutcome { inputs: inputs(i), level: level(i) }).collect(),
        counties: vec![CountyMembers { adcode: 222_401, days: vec![day] }],
    }
}

/// Yesterday a level too low, with the mean inside the interval; one day like today.
fn experience(cycle: DateTime<Utc>) -> Experience {
    let day = NaiveDate::from_ymd_opt(2026, 1, 14).unwrap();
    let county = YesterdayCounty {
        adcode: 222_401,
        forecast_pm25_ug_m3: Some(Estimate { raw: 90.0, value: 98.0, lower: 71.0, upper: 133.0 }),
        observed_pm25_ug_m3: Some(121.0),
        inside: Some(true),
        forecast_aqi: Some(130),
        observed_aqi: Some(159),
        forecast_level: Some(3),
        observed_level: Some(4),
        forecast_primary: vec![Pollutant::Pm25],
        observed_primary: vec![Pollutant::Pm10],
    };
    let analogue = Analogue {
        cycle: cycle - Duration::days(365),
        distance: 0.41,
        mixing_height_m: 212.0,
        wind_speed_m_s: 1.3,
        temperature_c: -16.0,
        pm25_before_ug_m3: 88.0,
        followed: vec![FollowedDay { beijing_day: day, pm25_ug_m3: Some(143.0), aqi: Some(190) }],
    };
    Experience {
        past_nights: 40,
        yesterday: Some(Yesterday { beijing_day: day, cycle: cycle - Duration::days(2), counties: vec![county] }),
        analogues: vec![
            CountyAnalogues { adcode: 222_401, candidates: 38, nearest: vec![analogue] },
            CountyAnalogues { adcode: 222_402, candidates: 3, nearest: Vec::new() },
        ],
    }
}

fn explanation(cycle: DateTime<Utc>) -> Explanation {
    Explanation {
        adcode: 222_401,
        name_zh: "延吉市".into(),
        name_en: "Yanji".into(),
        scheme: "warning-2024".into(),
        document: "环大气〔2024〕6号".into(),
        adoption_verified: false,
        level: WarningLevel::Orange,
        level_called: WarningLevel::Orange,
        level_before: WarningLevel::None,
        action: Action::Issue,
        rules: vec![rule(cycle, Reading::NaturalDay, 48), rule(cycle, Reading::Sliding24h, 47)],
        days: vec![DayAccount {
            beijing_day: NaiveDate::from_ymd_opt(2026, 1, 16).unwrap(),
            aqi: Some(215),
            pm25_ug_m3: Some(172.0),
            primary: vec![Pollutant::Pm25],
            observed: false,
        }],
        changes: vec![
            Change { percent: -12, level: WarningLevel::Yellow },
            Change { percent: 31, level: WarningLevel::Red },
        ],
        other_readings: vec![other_reading()],
    }
}

fn other_reading() -> OtherReading {
    OtherReading {
        parameter: "sliding_hours".into(),
        value: "every_average".into(),
        decided_by: "covered".into(),
        level: WarningLevel::Yellow,
        clause: "48小时的读法 <参数>".into(),
    }
}

/// A rule of 72 h, reached for `longest_hours`.
fn rule(cycle: DateTime<Utc>, reading: Reading, longest_hours: u32) -> RuleAccount {
    RuleAccount {
        rule: "warning-2024.orange.2".into(),
        level: WarningLevel::Orange,
        clause: "橙色预警：<72小时>".into(),
        verified: false,
        reading,
        counts: true,
        fired: false,
        conditions: vec![Condition { aqi_above: 150, hours: 72 }],
        longest_hours,
        from: Some(cycle + Duration::hours(5)),
        to: Some(cycle + Duration::hours(5 + i64::from(longest_hours))),
    }
}

fn advice(adcode: u32, zh: &str, en: &str) -> AreaAdvice {
    AreaAdvice {
        adcode,
        name_zh: zh.into(),
        name_en: en.into(),
        beijing_day: NaiveDate::from_ymd_opt(2026, 1, 17),
        aqi_level: Some(5),
        primary: vec![Pollutant::Pm25],
        advice: vec![Advice {
            id: "public.5".into(),
            kind: AdviceKind::Public,
            subject_zh: "公众".into(),
            subject_en: "everyone".into(),
            text_zh: "留在室内 <尽量>。".into(),
            text_en: "Stay indoors.".into(),
            clause: "HJ 633-2026 表2".into(),
            verified: false,
        }],
    }
}

/// The first fortnight of the year: Yanji at risk, with one heavy day of two used.
fn targets() -> TargetsReport {
    let progress = serde_json::json!({
        "elapsed_days": 14, "valid_days": 13, "undecided_days": 0, "remaining_days": 351, "forecast_days": 3,
        "heavy_days": { "state": "at_risk", "at_most": 2, "used": 1, "left": 1, "forecast": 2 },
        "good_days": {
            "state": "missed", "at_least_percent": 95.0, "good_days": 12, "bad_days": 1, "percent": 92.3,
            "bad_days_left": 17, "forecast_bad": 2, "projected_percent": 80.0
        },
        "pm25": {
            "state": "on_track", "at_most_ug_m3": 25.0, "valid_days": 13, "mean_ug_m3": 24.9,
            "rest_may_have_ug_m3": 25.0, "projected_ug_m3": 41.2
        }
    });
    serde_json::from_value(serde_json::json!({
        "region": 222_400, "region_zh": "延边朝鲜族自治州", "region_en": "Yanbian", "year": 2026, "to": "2026-01-14",
        "target": {
            "id": "yanbian-carried-on", "region": 222_400, "valid_from": "2022-01-01", "valid_to": null,
            "good_day_percent": 95.0, "pm25_ug_m3": 25.0, "heavy_days": [], "heavy_days_elsewhere": 2,
            "clause": "方案 · 一", "source": "assumption", "verified": false, "note_zh": "假定沿用。", "note_en": "Assumed."
        },
        "guard": {
            "clause": "不得以目标为由", "source": "title", "verified": false,
            "text_zh": "不是启动应急响应的理由。", "text_en": "No reason to start a response."
        },
        "areas": [{
            "adcode": 222_401, "name_zh": "延吉市", "name_en": "Yanji", "state": "at_risk",
            "text_zh": "延吉市：有风险。", "text_en": "Yanji: at risk.",
            "all_days": progress, "without_events": progress, "excluded_days": []
        }]
    }))
    .unwrap()
}

fn chance(level: WarningLevel) -> LevelProbability {
    LevelProbability {
        sample: 100,
        levels: vec![LevelChance { level: WarningLevel::Yellow, probability: 0.62, lower: 0.54, upper: 0.70 }],
        starts: Vec::new(),
        lift_within_36_h: None,
        expected_heavy_hours: if level == WarningLevel::None { 0.0 } else { 21.5 },
        calibration: Vec::new(),
        method_zh: "100条轨迹".into(),
        method_en: "100 paths".into(),
    }
}

fn ledger() -> MassLedger {
    let species = SpeciesLedger {
        species: "so2".into(),
        stored_start_kg: 1.25e5,
        stored_end_kg: 131_072.062_5,
        emitted_kg: 48_211.7,
        residual_kg: -3.1e-4,
        ..SpeciesLedger::default()
    };
    MassLedger { species: vec![species], largest_relative_residual: 2.4e-9, tracer_largest_deviation: 1.2e-7 }
}

/// An index with a plausible relation to PM2.5; tests of the index itself are elsewhere.
fn aqi(pm25: f64) -> AqiReport {
    let index = (pm25 * 1.25).round().min(500.0) as u16;
    let level = [50, 100, 150, 200, 300].iter().filter(|&&top| index > top).count() as u8 + 1;
    AqiReport {
        standard: "HJ 633-2026".into(),
        aqi: Some(index),
        level: Some(level),
        primary: if index > 50 { vec![Pollutant::Pm25] } else { vec![] },
        iaqi: BTreeMap::from([(Pollutant::Pm25, index), (Pollutant::So2, 12)]),
        clause: "HJ 633-2026 5.2".into(),
    }
}

fn around(value: f64) -> Option<Estimate> {
    Some(Estimate { raw: value * 0.9, value, lower: value * 0.7, upper: value * 1.3 })
}

fn concentrations(pm25: f64) -> Concentrations<Estimate> {
    Concentrations {
        pm25_ug_m3: around(pm25),
        pm10_ug_m3: around(pm25 * 1.3),
        so2_ug_m3: around(18.0),
        no2_ug_m3: around(41.5),
        co_mg_m3: around(1.1),
        o3_ug_m3: None,
    }
}

pub fn forecast(cycle: DateTime<Utc>) -> Forecast {
    let first_day = NaiveDate::from_ymd_opt(2026, 1, 16).unwrap();
    let counties = COUNTIES.iter().enumerate().map(|(i, &(adcode, zh, en))| {
        let scale = 1.0 - 0.11 * i as f64;
        let hours = (1..=72).map(|lead| {
            let end = cycle + Duration::hours(lead);
            let (beijing_day, beijing_hour) = beijing_day_hour(end);
            let pm25 = scale * (150.0 + 60.0 * (lead as f64 / 12.0).sin());
            HourForecast {
                end,
                beijing_day,
                beijing_hour,
                lead_hour: lead as i32,
                concentrations: concentrations(pm25),
                pm25_area_mean_ug_m3: pm25 * 0.4,
                aqi: aqi(pm25),
                weather: CountyWeather {
                    mixing_height_m: 180.0,
                    wind_speed_m_s: 1.2,
                    temperature_c: -17.5,
                    ..CountyWeather::default()
                },
            }
        });
        let days = (0..3).map(|d| {
            let pm25 = scale * [172.0, 204.0, 96.0][d];
            DayForecast {
                beijing_day: first_day + Duration::days(d as i64),
                hours: if d == 2 { 20 } else { 24 },
                concentrations: concentrations(pm25),
                aqi: aqi(pm25),
                aqi_lower: aqi(pm25 * 0.7),
                aqi_upper: aqi(pm25 * 1.3),
            }
        });
        CountyForecast {
            adcode,
            name_zh: zh.into(),
            name_en: en.into(),
            has_station: i != 6,
            observed: Vec::new(),
            hours: hours.collect(),
            days: days.collect(),
        }
    });
    Forecast {
        cycle,
        counties: counties.collect(),
        correction: CorrectionReport {
            methods: vec![CorrectionMethod {
                pollutant: Pollutant::Pm25,
                method: "none".into(),
                pairs: 0,
                pairs_needed: 240,
                mae_raw: None,
                mae_corrected: None,
            }],
            interval_method: "fixed factors 0.7 and 1.3".into(),
        },
    }
}

fn warning(cycle: DateTime<Utc>) -> WarningDecision {
    let (from, to) = (cycle + Duration::hours(5), cycle + Duration::hours(52));
    let because = Because {
        rule: "warning-2024.orange.1".into(),
        level: WarningLevel::Orange,
        clause: "环办大气函〔2024〕1号 · 二".into(),
        verified: false,
        reading: Reading::NaturalDay,
        text_zh: "预测日AQI>200持续48小时".into(),
        text_en: "Daily AQI > 200 is forecast for 48 hours".into(),
        evidence: vec![Evidence {
            beijing_day: NaiveDate::from_ymd_opt(2026, 1, 16),
            from,
            to,
            aqi: 255,
            pm25_ug_m3: Some(204.0),
            primary: vec![Pollutant::Pm25],
        }],
    };
    let area = |adcode, zh: &str, en: &str, level: WarningLevel| AreaWarning {
        level,
        level_called: level,
        action: if level == WarningLevel::None { Action::None } else { Action::Issue },
        level_natural_day: level,
        level_sliding_24h: level,
        response: if level == WarningLevel::None { Response::None } else { Response::EmissionReduction },
        response_level: level,
        from: (level != WarningLevel::None).then_some(from),
        to: (level != WarningLevel::None).then_some(to),
        lift_from: (level >= WarningLevel::Yellow).then(|| to + Duration::hours(6)),
        unjudged_hours: if adcode == 222_400 { 3 } else { 0 },
        because: if level == WarningLevel::None { vec![] } else { vec![because.clone()] },
        probability: Some(chance(level)),
        other_readings: if adcode == 222_401 { vec![other_reading()] } else { Vec::new() },
        ..AreaWarning::quiet(adcode, zh, en)
    };
    let levels = [WarningLevel::Orange, WarningLevel::Orange, WarningLevel::Yellow];
    WarningDecision {
        scheme: "warning-2024".into(),
        prefecture: area(222_400, "延边朝鲜族自治州", "Yanbian", WarningLevel::Orange),
        counties: COUNTIES
            .iter()
            .enumerate()
            .map(|(i, c)| area(c.0, c.1, c.2, levels.get(i).copied().unwrap_or(WarningLevel::None)))
            .collect(),
    }
}

fn plan(cycle: DateTime<Utc>) -> ReductionPlan {
    let (from, to) = (cycle + Duration::hours(4), cycle + Duration::hours(52));
    let cut = Amounts { so2: 1.5, nox: 2.25, pm25: 0.75, pm10: 1.0, ..Amounts::default() };
    let measure = |measure: &str, source: &str, zh: &str, en: &str, sector| PlannedMeasure {
        measure: measure.into(),
        source: source.into(),
        entry: None,
        entry_name: zh.into(),
        family: Family::of_sector(sector),
        grade: None,
        share: Amounts::all(1.0),
        name_zh: zh.into(),
        name_en: en.into(),
        adcode: 222_401,
        county_zh: "延吉市".into(),
        sector,
        factor: Amounts { so2: 0.6, nox: 0.7, pm25: 0.5, ..Amounts::all(1.0) },
        from,
        to,
        cut_t_d: cut,
        cost_yuan_d: 42_000.0,
        cost_yuan: 84_000.0,
        earliest_from: Some(from),
        mandatory: true,
        department: "州生态环境局".into(),
        role: "厂长".into(),
        verification: "用电量".into(),
        legal_basis: "重污染天气应急减排措施 · 3.2".into(),
    };
    let target = |pollutant: &str, reached: f64| ReductionTarget {
        pollutant: pollutant.into(),
        emission_t_d: 31.5,
        required_fraction: 0.2,
        reached_fraction: reached,
        attainable_fraction: 0.31,
        met: reached >= 0.2,
        culprit: (reached < 0.2).then_some(Culprit::Measures),
    };
    ReductionPlan {
        level: WarningLevel::Orange,
        from,
        to,
        measures: vec![
            measure("power.load", "p-001", "热电厂 <一号>", "Heat and power plant <1>", Sector::Power),
            measure("boiler.stop", "b-014", "燃煤锅炉", "Coal boiler", Sector::Boiler),
            measure("construction.stop", "c-222401", "建筑工地", "Construction sites", Sector::Construction),
        ],
        targets: vec![target("SO2", 0.24), target("NOx", 0.21), target("PM", 0.17), target("VOC", 0.2)],
        cut_t_d: cut.zip(Amounts::all(3.0), |a, b| a * b),
        cost_yuan_d: 126_000.0,
        windows: Vec::new(),
        floors: Vec::new(),
        conflict: Vec::new(),
        proof: Some(CostProof {
            cost_yuan: 252_000.0,
            bound_yuan: 251_900.0,
            gap: 100.0 / 252_000.0,
            nodes: 1,
            stop: Stop::Proven,
            grade_order_yuan: Some(400_000.0),
            grade_order_rows: 5,
        }),
        legal_basis: vec!["warning-2024 · 3.2".into()],
        caveats_zh: vec!["成本为估算值。".into()],
        caveats_en: vec!["Costs are estimates.".into()],
    }
}

fn certificate(_cycle: DateTime<Utc>) -> ReductionEffect {
    let day = NaiveDate::from_ymd_opt(2026, 1, 17).unwrap();
    ReductionEffect {
        verdict: Verdict::Lowered,
        statement_zh: "采取措施后，图们市降为黄色，延吉市仍为橙色。".into(),
        statement_en: "With the list Tumen falls to yellow; Yanji stays orange.".into(),
        counties: COUNTIES[..2]
            .iter()
            .map(|&(adcode, zh, en)| CountyEffect {
                adcode,
                name_zh: zh.into(),
                name_en: en.into(),
                level_before: WarningLevel::Orange,
                level_after: if adcode == 222_402 { WarningLevel::Yellow } else { WarningLevel::Orange },
                days: vec![DayEffect {
                    beijing_day: day,
                    pm25_before_ug_m3: 204.0,
                    pm25_after_ug_m3: 187.5,
                    aqi_before: Some(255),
                    aqi_after: Some(238),
                }],
                hours: Vec::new(),
            })
            .collect(),
        largest_fall_ug_m3: 16.5,
        base_series_sha256: "b".repeat(64),
        cut_series_sha256: "c".repeat(64),
        windows: Vec::new(),
        rounds: Vec::new(),
        strictest: None,
        unaverted: Vec::new(),
    }
}

pub fn grid() -> Grid {
    let projection = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    Grid {
        name: "yanbian-9km".into(),
        horizontal: HorizontalGrid::new(projection, (13, 11), (-54_000.0, -45_000.0), (9000.0, 9000.0)).unwrap(),
        vertical: VerticalGrid::new(vec![0.0, 20.0, 50.0]).unwrap(),
    }
}

fn terrain_winds() -> TerrainWindsReport {
    let divergence = |s: f64| DivergenceReport {
        rms_mean_per_s: 0.9 * s,
        rms_worst_per_s: s,
        largest_per_s: 8.0 * s,
        largest_of_columns_per_s: 0.1 * s,
    };
    TerrainWindsReport {
        hours: 96,
        hours_given_up: 0,
        before: divergence(3.7e-4),
        after: divergence(2.1e-10),
        most_iterations: 4,
        largest_relative_residual: 3.1e-7,
        surface_wind_change_mean_m_s: 0.31,
        surface_wind_change_worst_m_s: 0.62,
    }
}

/// Fields with no two equal values and with the awkward ones: subnormal, the smallest normal, many digits.
pub fn history(cycle: DateTime<Utc>, grid: &Grid) -> History {
    let shape = (24, grid.horizontal.ny, grid.horizontal.nx);
    let field = |seed: f32| {
        Array3::from_shape_fn(shape, |(t, y, x)| {
            seed * (1.0 + 0.37 * t as f32).sin().abs() + 0.013 * y as f32 + x as f32 / 7.0
        })
    };
    let mut pm25 = field(80.0);
    pm25[(0, 0, 0)] = 1e-42;
    pm25[(0, 0, 1)] = f32::MIN_POSITIVE;
    pm25[(0, 0, 2)] = 16_777_217.0 / 3.0;
    History {
        ends: (1..=24).map(|h| cycle + Duration::hours(h)).collect(),
        concentrations: Concentrations {
            pm25_ug_m3: Some(pm25),
            pm10_ug_m3: Some(field(120.0)),
            so2_ug_m3: Some(field(20.0)),
            no2_ug_m3: Some(field(40.0)),
            co_mg_m3: Some(field(1.0)),
            o3_ug_m3: None,
        },
        primary_pm25_ug_m3: field(50.0),
        mixing_height_m: field(300.0),
        wind_east_m_s: field(3.0),
        wind_north_m_s: field(-2.0),
        temperature_k: field(255.0),
        relative_humidity_percent: field(70.0),
        inversion_k: field(-4.0),
        snow_kg_m2: Some(field(12.0)),
        ledger: ledger(),
        terrain_winds: Some(terrain_winds()),
    }
}

fn observation_quality() -> QualityReport {
    let flag = Flag {
        station: "2237A".into(),
        end: cycle(),
        pollutant: Pollutant::Pm25,
        value: 612.0,
        fault: Fault::Spike,
        verdict: quality::Verdict::Rejected,
    };
    QualityReport::new(288, &[flag])
}

fn assimilation() -> AssimilationReport {
    let scores = ComponentScores {
        component: "PM2.5".into(),
        n: 36,
        innovation_mean: 0.4,
        innovation_rms: 0.6,
        residual_rms: 0.2,
        rmse_background: 21.5,
        rmse_left_out: 12.5,
        spread: 0.7,
    };
    AssimilationReport { hours: 12, components: vec![scores], factors_sha256: "0".repeat(64) }
}

/// Two fires in Dunhua, one of them in a window of patrols, and steelworks.
fn fires(cycle: DateTime<Utc>) -> FireReport {
    let first = cycle - Duration::hours(7);
    let fire = Fire {
        lon: 128.3,
        lat: 43.4,
        adcode: 222_403,
        first,
        last: first,
        frp_mw: 12.5,
        land: LandClass::Cropland,
        satellite: "Aqua".into(),
    };
    let (zone_zh, zone_en, clause) = ("全州秸秆禁烧巡查期".into(), "patrols".into(), "二-2".into());
    let day = beijing_day_hour(first).0;
    FireReport {
        detections: 6,
        fires: 2,
        duplicates: 1,
        lasting_heat: 3,
        persistence_per_day: 0.5,
        lookback_hours: 24.0,
        days: vec![CountyFires { adcode: 222_403, day, detections: 3, fires: 2, frp_mw: 20.0, banned: 1 }],
        banned: vec![BannedFire { fire, zone_zh, zone_en, clause }],
        heat: vec![HeatPlace {
            name: Some("steelworks".into()),
            lon: 129.73,
            lat: 41.75,
            reason: HeatReason::Listed,
            detections: 3,
        }],
        ..FireReport::default()
    }
}
