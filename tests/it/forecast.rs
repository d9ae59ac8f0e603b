//! Model fields -> county series -> forecast: weights, Beijing days, the cut as a ratio.

use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use hazecast::domain::aqi::AqiRules;
use hazecast::domain::county::{County, CountyWeights, Region};
use hazecast::domain::limits::LimitRules;
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::forecast::build::{Frame, RelativeEnds, forecast, with_cut};
use hazecast::forecast::county_series::{CountySeries, ModelHour, county_series};
use hazecast::forecast::county_weather::CountyWeather;
use hazecast::forecast::uncertainty::Uncertainty;
use hazecast::forecast::{CorrectionReport, Forecast, ObservedHour};
use hazecast::simulation::budget::MassLedger;
use hazecast::simulation::history::History;
use ndarray::Array3;
use std::collections::BTreeMap;
use std::path::Path;

/// 2026-01-15 12 UTC is 20 h in Beijing.
fn cycle() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0).unwrap()
}

fn county() -> County {
    County {
        adcode: 222_401,
        name_zh: "延吉市".into(),
        name_en: "Yanji".into(),
        seat: (129.5, 42.9),
        outline: geo::MultiPolygon::new(Vec::new()),
        settlements: Vec::new(),
    }
}

fn read<T>(name: &str, parse: impl Fn(&str, &Path) -> hazecast::error::Result<T>) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    parse(&std::fs::read_to_string(&path).unwrap(), &path).unwrap()
}

struct Case {
    region: Region,
    aqi: AqiRules,
    uncertainty: Uncertainty,
    limits: LimitRules,
    observed: BTreeMap<u32, Vec<ObservedHour>>,
    ends: RelativeEnds,
}

impl Case {
    fn new() -> Self {
        let region = Region {
            id: "test".into(),
            name_zh: "测试".into(),
            name_en: "Test".into(),
            other_names: Vec::new(),
            adcode: 222_400,
            counties: vec![county()],
            stations: Vec::new(),
        };
        let uncertainty = read("models/uncertainty.toml", |t, p| Uncertainty::from_toml(t, p));
        let limits = read("seeds/limits.toml", LimitRules::from_toml);
        Self {
            region,
            aqi: read("seeds/aqi.toml", AqiRules::from_toml),
            uncertainty,
            limits,
            observed: BTreeMap::new(),
            ends: RelativeEnds::new(),
        }
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            region: &self.region,
            aqi: &self.aqi,
            uncertainty: &self.uncertainty,
            cycle: cycle(),
            validity: self.limits.standards()[0].validity.means,
            observed: &self.observed,
            ends: &self.ends,
        }
    }

    fn of(&self, series: &[CountySeries], factor: f64) -> Forecast {
        let report = CorrectionReport { methods: Vec::new(), interval_method: String::new() };
        forecast(&self.frame(), series, report, &|_, _, _, raw| factor * raw)
    }
}

/// PM2.5 of hour `lead` is `value(lead)`, for `hours` hours after the cycle.
fn series(hours: i64, value: impl Fn(i64) -> f64) -> Vec<CountySeries> {
    let hours = (1..=hours)
        .map(|lead| {
            let mut concentrations = Concentrations::default();
            concentrations.set(Pollutant::Pm25, Some(value(lead)));
            ModelHour {
                end: cycle() + Duration::hours(lead),
                concentrations,
                pm25_area_mean_ug_m3: 1.0,
                weather: CountyWeather {
                    mixing_height_m: 100.0,
                    wind_speed_m_s: 1.0,
                    temperature_c: -10.0,
                    ..CountyWeather::default()
                },
            }
        })
        .collect();
    vec![CountySeries { adcode: 222_401, hours }]
}

/// From 20 h Beijing on the 15th: leads 1..=4 end the 15th (hour 24 ends at lead 4), leads 5..=28 are the 16th.
#[test]
fn a_beijing_day_is_its_own_24_hours_and_nothing_else() {
    let case = Case::new();
    let on_the_16th = |lead: i64| if (5..=28).contains(&lead) { 80.0 } else { 1000.0 };
    let days = &case.of(&series(48, on_the_16th), 1.0).counties[0].days;
    let day = &days[0];
    assert_eq!(day.beijing_day, NaiveDate::from_ymd_opt(2026, 1, 16).unwrap());
    assert_eq!((day.hours, day.concentrations.pm25_ug_m3.unwrap().value), (24, 80.0));
    // 80 ug m-3 before March 2026: 100 + 50 * (80 - 75) / 40 = 106.25, rounded up
    assert_eq!((day.aqi.aqi, day.aqi.standard.as_str()), (Some(107), "HJ 633-2012"));
    // leads 29..=48 are exactly 20 hours of the 17th: enough for a day mean
    assert_eq!(days.len(), 2);
    assert_eq!(days[1].hours, 20);
    assert_eq!(case.of(&series(47, on_the_16th), 1.0).counties[0].days.len(), 1, "19 hours are too few");
}

#[test]
fn raw_stands_beside_the_corrected_value_and_inside_is_the_interval() {
    let case = Case::new();
    let forecast = case.of(&series(30, |_| 50.0), 2.0);
    let first = &forecast.counties[0].hours[0];
    let pm25 = first.concentrations.pm25_ug_m3.unwrap();
    assert_eq!((pm25.raw, pm25.value, first.lead_hour, first.beijing_hour), (50.0, 100.0, 1, 21));
    assert!(pm25.lower < 100.0 && pm25.upper > 100.0);
    let (day, last) = (&forecast.counties[0].days[0], &forecast.counties[0].hours[27]);
    let width = |e: hazecast::forecast::Estimate| e.upper / e.lower;
    assert!(width(day.concentrations.pm25_ug_m3.unwrap()) < width(last.concentrations.pm25_ug_m3.unwrap()));
    assert!(day.aqi_lower.aqi < day.aqi.aqi && day.aqi.aqi < day.aqi_upper.aqi);
}

/// The model says 40 with the list where it said 50 without: the corrected 75 becomes 60, not 60 by another correction.
#[test]
fn a_cut_enters_as_the_ratio_of_the_two_model_runs() {
    let case = Case::new();
    let (base_model, cut_model) = (series(30, |_| 50.0), series(30, |_| 40.0));
    let base = case.of(&base_model, 1.5);
    let cut = with_cut(&case.frame(), &base, &base_model, &cut_model);
    let pm25 = cut.counties[0].hours[3].concentrations.pm25_ug_m3.unwrap();
    assert_eq!(pm25.raw, 40.0);
    assert!((pm25.value - 60.0).abs() < 1e-9, "{}", pm25.value);
    // nothing cut, nothing changed
    assert_eq!(with_cut(&case.frame(), &base, &base_model, &base_model), base);
    // air without any of the pollutant cannot be divided by
    let (none, some) = (series(30, |_| 0.0), series(30, |_| 3.0));
    let from_zero = with_cut(&case.frame(), &case.of(&none, 1.5), &none, &some);
    assert_eq!(from_zero.counties[0].hours[0].concentrations.pm25_ug_m3.unwrap().value, 3.0);
}

#[test]
fn the_county_value_is_the_built_up_mean_with_the_area_mean_beside_it() {
    // cells 0..6 of a 2 x 3 grid hold 0, 10, .. 50 ug m-3 in the first hour and 100 more in the second
    let field = Array3::from_shape_fn((2, 2, 3), |(h, y, x)| (100 * h + 10 * (3 * y + x)) as f32);
    let mut concentrations = Concentrations::default();
    concentrations.set(Pollutant::Pm25, Some(field));
    let history = History {
        ends: vec![cycle(), cycle() + Duration::hours(1)],
        concentrations,
        primary_pm25_ug_m3: Array3::from_elem((2, 2, 3), 120.0),
        mixing_height_m: Array3::from_elem((2, 2, 3), 120.0),
        wind_east_m_s: Array3::from_elem((2, 2, 3), 3.0),
        wind_north_m_s: Array3::from_elem((2, 2, 3), -4.0),
        temperature_k: Array3::from_elem((2, 2, 3), 263.15),
        relative_humidity_percent: Array3::from_elem((2, 2, 3), 81.0),
        inversion_k: Array3::from_elem((2, 2, 3), 2.5),
        snow_kg_m2: None,
        ledger: MassLedger::default(),
        terrain_winds: None,
    };
    let weights = CountyWeights {
        adcode: 222_401,
        area: vec![(0, 0.5), (1, 0.5)],
        built_up: vec![(4, 0.25), (5, 0.75)],
        coverage: 1.0,
    };
    let series = county_series(&history, &[county()], &[weights]);
    let hour = &series[0].hours[1];
    assert_eq!(hour.end, cycle() + Duration::hours(1));
    assert_eq!(hour.concentrations.pm25_ug_m3, Some(100.0 + 0.25 * 40.0 + 0.75 * 50.0));
    assert_eq!(hour.pm25_area_mean_ug_m3, 105.0);
    let weather = &hour.weather;
    assert_eq!((weather.wind_speed_m_s, weather.mixing_height_m), (5.0, 120.0));
    assert_eq!((weather.wind_east_m_s, weather.wind_north_m_s), (Some(3.0), Some(-4.0)));
    assert_eq!(
        (weather.relative_humidity_percent, weather.inversion_k, weather.snow_kg_m2),
        (Some(81.0), Some(2.5), None)
    );
    assert!((hour.weather.temperature_c + 10.0).abs() < 1e-4);
    assert_eq!(hour.concentrations.o3_ug_m3, None);
}

/// Learnt ends stand in for the table's: hour by hour, on the day narrower by the daily factor, and with a list as parts of its value.
#[test]
fn learnt_ends_replace_the_assumed_ones() {
    let mut case = Case::new();
    let model = series(30, |_| 50.0);
    for h in &model[0].hours {
        case.ends.insert((222_401, h.end, Pollutant::Pm25), (0.5, 3.0));
    }
    let base = case.of(&model, 2.0);
    let hour = base.counties[0].hours[0].concentrations.pm25_ug_m3.unwrap();
    assert!((hour.lower - 50.0).abs() < 1e-9 && (hour.upper - 300.0).abs() < 1e-9, "{hour:?}");
    let day = base.counties[0].days[0].concentrations.pm25_ug_m3.unwrap();
    assert!(day.lower > 50.0 && day.lower < 100.0 && day.upper < 300.0 && day.upper > 100.0, "{day:?}");
    let cut = with_cut(&case.frame(), &base, &model, &series(30, |_| 25.0));
    let hour = cut.counties[0].hours[0].concentrations.pm25_ug_m3.unwrap();
    assert!((hour.value - 50.0).abs() < 1e-9 && (hour.upper - 150.0).abs() < 1e-9, "{hour:?}");
    // one hour that was not learnt leaves the day to the table
    case.ends.pop_first();
    let first_day = |c: &Case| c.of(&series(30, |_| 50.0), 2.0).counties[0].days[0].concentrations.pm25_ug_m3.unwrap();
    case.ends.retain(|(_, end, _), _| *end != model[0].hours[9].end);
    assert_ne!(first_day(&case).upper, day.upper);
}
