//! Emission that follows the weather: the mean climate leaves the inventory's totals, and each rule has the form that was published.

use chrono::{DateTime, Datelike, Duration, NaiveDate, TimeZone, Utc};
use hazecast::domain::grid::HorizontalGrid;
use hazecast::domain::met_field::{FluxTime, MetField};
use hazecast::domain::source::{Amounts, Place, Sector, Source, Strength};
use hazecast::simulation::emission::EmissionModel;
use hazecast::simulation::emission_weather::CountyWeather;
use hazecast::simulation::emission_weather_rules::EmissionWeather;
use hazecast::simulation::place_weather::{HourWeather, place_weather};
use std::path::Path;

const WEATHER: &str = include_str!("../../models/emission_weather.toml");
const EMISSION: &str = include_str!("../../models/emission.toml");
/// As the entry of the prefecture in the file.
const NORMAL_C: [f64; 12] = [-13.5, -9.3, -1.6, 7.2, 13.6, 18.0, 21.5, 21.2, 14.9, 7.0, -2.7, -11.2];
const NORMAL_WIND: [f64; 12] = [2.3, 2.5, 2.9, 3.2, 2.9, 2.2, 1.9, 1.8, 1.8, 2.2, 2.5, 2.3];

fn rules() -> EmissionWeather {
    EmissionWeather::from_toml(WEATHER, Path::new("models/emission_weather.toml")).unwrap()
}

fn model() -> EmissionModel {
    EmissionModel::from_toml(EMISSION, "models/emission.toml").unwrap()
}

/// Midnight Beijing time.
fn midnight(y: i32, m: u32, d: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(y, m, d, 0, 0, 0).unwrap() - Duration::hours(8)
}

fn days_in(y: i32, m: u32) -> i64 {
    let next = if m == 12 { (y + 1, 1) } else { (y, m + 1) };
    (NaiveDate::from_ymd_opt(next.0, next.1, 1).unwrap() - NaiveDate::from_ymd_opt(y, m, 1).unwrap()).num_days()
}

/// Months' means in the middle of the months, linear between.
fn normal(day: NaiveDate) -> f64 {
    let (m, days) = (day.month0() as usize, days_in(day.year(), day.month()) as f64);
    let x = (f64::from(day.day()) - 0.5) / days - 0.5;
    let other = if x < 0.0 { (m + 11) % 12 } else { (m + 1) % 12 };
    NORMAL_C[m] + x.abs() * (NORMAL_C[other] - NORMAL_C[m])
}

fn calm(temperature_c: f64) -> HourWeather {
    HourWeather { temperature_c, wind_m_s: 2.0, rain_mm: None, snow_kg_m2: None }
}

/// Factors of a sector's days in a month of Yanji, whose weather is `of` of each hour.
fn days(sector: Sector, month: (i32, u32), of: impl Fn(NaiveDate, u32) -> HourWeather) -> Vec<f64> {
    days_under(&rules(), sector, month, of)
}

fn days_under(
    rules: &EmissionWeather,
    sector: Sector,
    (y, m): (i32, u32),
    of: impl Fn(NaiveDate, u32) -> HourWeather,
) -> Vec<f64> {
    let begin = NaiveDate::from_ymd_opt(y, m, 1).unwrap();
    let hours = (0..24 * days_in(y, m)).map(|h| of(begin + Duration::days(h / 24), (h % 24) as u32)).collect();
    let county = CountyWeather { adcode: 222_401, hours };
    let (_, report) = rules.conditions(&model(), &[county], midnight(y, m, 1));
    report.days.iter().filter(|d| d.sector == sector).map(|d| d.factor).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn the_mean_climate_keeps_every_month_of_heating() {
    for sector in [Sector::Residential, Sector::Boiler] {
        for m in 1..=12 {
            let factors = days(sector, (2026, m), |day, _| calm(normal(day)));
            assert!((mean(&factors) - 1.0).abs() < 1e-9, "{sector:?} {m}: {}", mean(&factors));
        }
    }
}

/// January: boilers 2.45 of which 0.08 do not heat. A mean of 31.3 degree days or so: 5 K colder everywhere is 16 % more of the heating part.
#[test]
fn colder_days_heat_more_and_days_out_of_season_not_at_all() {
    let january: Vec<NaiveDate> =
        (0..31).map(|d| NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Duration::days(d)).collect();
    let degree_days = mean(&january.iter().map(|d| 18.0 - normal(*d)).collect::<Vec<_>>());
    let colder = days(Sector::Boiler, (2026, 1), |day, _| calm(normal(day) - 5.0));
    let expected = 1.0 + (1.0 - 0.08 / 2.45) * 5.0 / degree_days;
    assert!((mean(&colder) / expected - 1.0).abs() < 1e-3, "{} {expected}", mean(&colder));
    // the mean of the file's boiler months is 1 to rounding, so the least month relative to October is 0.08 / 0.85
    let october = days(Sector::Boiler, (2026, 10), |day, _| calm(normal(day)));
    assert!((october[0] - 0.08 / 0.85).abs() < 1e-9 && (october[13] - october[0]).abs() < 1e-9 && october[14] > 1.2);
    assert!(days(Sector::Boiler, (2026, 7), |_, _| calm(5.0)).iter().all(|f| (*f - 1.0).abs() < 1e-12));
    // households heat when it is cold, whatever the date, but summer has no month's heating to share out
    assert!(days(Sector::Residential, (2026, 10), |_, _| calm(-5.0))[0] > 1.2);
    // warmer than the base nothing but the rest is left
    let warm = days(Sector::Residential, (2026, 1), |_, _| calm(19.0));
    assert!((warm[5] - 0.397 / 1.985).abs() < 1e-9, "{}", warm[5]);
}

#[test]
fn ammonia_rises_by_the_published_share_per_kelvin() {
    let wind = NORMAL_WIND[4];
    let at = |dt: f64, du: f64| {
        let factors = days(Sector::Agriculture, (2026, 5), |day, _| HourWeather {
            wind_m_s: wind + du,
            ..calm(normal(day) + dt)
        });
        factors[10]
    };
    assert!((at(5.0, 0.0) / at(0.0, 0.0) - 1.0223f64.powi(5)).abs() < 1e-9);
    assert!((at(0.0, 2.0) / at(0.0, 0.0) - 1.0419f64.powi(2)).abs() < 1e-9);
    // days that scatter normally by 4 K and 1.2 m/s have the mean 1: sum over a grid of the two normal distributions
    let normal_day = at(0.0, 0.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    for i in -20..=20 {
        for j in -20..=20 {
            let (x, y) = (f64::from(i) * 0.2, f64::from(j) * 0.2);
            let w = (-0.5 * (x * x + y * y)).exp();
            sum += w * normal_day * 1.0223f64.powf(4.0 * x) * 1.0419f64.powf(1.2 * y);
            weight += w;
        }
    }
    assert!((sum / weight - 1.0).abs() < 1e-4, "{}", sum / weight);
}

/// Over many Aprils of Rayleigh winds, wet days and snow as the climate has them the mean of construction dust is 1.
#[test]
fn dust_keeps_its_mean_over_many_months() {
    let april = |largest: &str| {
        let rules = EmissionWeather::from_toml(&WEATHER.replace("largest = 30.0", largest), Path::new("w")).unwrap();
        many_aprils(&rules)
    };
    let (whole, cut) = (april("largest = 1000.0"), april("largest = 30.0"));
    assert!((whole - 1.0).abs() < 0.02, "{whole}");
    // what the largest hours lose
    assert!(cut < whole && cut > 0.95, "{cut}");
    println!("mean of construction dust over 60 Aprils: {whole:.4}, with the largest hours cut {cut:.4}");
}

/// Mean factor of construction over sixty Aprils.
fn many_aprils(rules: &EmissionWeather) -> f64 {
    let golden = |n: f64, phase: f64| (n * 0.618_033_988_749_895 + phase).fract();
    let mut sum = Vec::new();
    for year in 2001..2061 {
        let serial = f64::from(year) * 720.0;
        sum.extend(days_under(rules, Sector::Construction, (year, 4), |day, hour| {
            let n = f64::from(day.day0());
            let hour_number = serial + 24.0 * n + f64::from(hour);
            // wind of mean 3.2 m/s: u = 3.2 sqrt(-4 ln(q) / pi)
            let q = golden(hour_number, 0.1).max(1e-9);
            let wind_m_s = 3.2 * (-4.0 * q.ln() / std::f64::consts::PI).sqrt();
            let day_number = f64::from(year) * 30.0 + n;
            let rain_mm = Some(if golden(day_number, 0.3) < 0.22 { 0.1 } else { 0.0 });
            let snow_kg_m2 = Some(if (day_number * 0.754_877_666).fract() < 0.05 { 10.0 } else { 0.0 });
            HourWeather { temperature_c: 7.0, wind_m_s, rain_mm, snow_kg_m2 }
        }));
    }
    mean(&sum)
}

#[test]
fn rain_snow_and_storms_change_dust_and_nothing_else() {
    let dust = |wind_m_s: f64, rain_mm: Option<f64>, snow_kg_m2: Option<f64>| {
        let hour = HourWeather { temperature_c: 7.0, wind_m_s, rain_mm, snow_kg_m2 };
        days(Sector::Construction, (2026, 4), |_, _| hour)[10]
    };
    let dry = dust(3.0, Some(0.0), Some(0.0));
    assert!((dust(3.0, Some(0.02), Some(0.0)) / dry - 0.1).abs() < 1e-12, "0.48 mm a day is a wet day");
    assert!((dust(3.0, Some(0.01), Some(0.0)) / dry - 1.0).abs() < 1e-12, "0.24 mm a day is not");
    assert!((dust(3.0, Some(0.0), Some(3.0)) / dry - 0.1).abs() < 1e-12);
    assert_eq!(dust(20.0, Some(0.0), Some(0.0)), 30.0);
    // above the threshold the blown part grows as (u - ut) u2
    let blown = |u: f64| dust(u, None, None) - dust(3.0, None, None);
    assert!((blown(8.0) / blown(7.0) - (1.5 * 64.0) / (0.5 * 49.0)).abs() < 1e-9);
    let traffic = days(Sector::Traffic, (2026, 4), |_, _| calm(0.0));
    assert!(traffic.is_empty(), "no rule");
}

/// The night's model gives the same day whether by hours or as a whole; ammonia changes alone; sources elsewhere take the mean of the counties.
#[test]
fn hours_add_up_to_the_day_and_pollutants_keep_their_scope() {
    let begin = midnight(2026, 1, 15);
    let county = |adcode, t: f64| CountyWeather {
        adcode,
        hours: (0..72).map(|h| HourWeather { wind_m_s: 3.0 + f64::from(h % 24) * 0.3, ..calm(t) }).collect(),
    };
    let plain = model();
    let (conditions, report) = rules().conditions(&plain, &[county(222_401, -25.0), county(222_403, -15.0)], begin);
    assert_eq!(report.days.len(), 2 * 5 * 3);
    let mut night = model();
    night.conditions = Some(conditions);
    let source = |sector, adcode| Source {
        id: "s".into(),
        name: "s".into(),
        sector,
        adcode,
        place: Place::County,
        strength: Strength::Annual(Amounts::all(1000.0)),
        changes: Vec::new(),
    };
    let day = NaiveDate::from_ymd_opt(2026, 1, 16).unwrap();
    for sector in Sector::ALL {
        let s = source(sector, 222_401);
        let hours = (24..48).map(|h| night.hourly_rate(&s, begin + Duration::hours(h)));
        let sum = hours.fold(Amounts::default(), |sum, r| sum.zip(r, |a, b| a + 3.6 * b));
        let whole = night.daily_amounts(&s, day);
        assert!((sum.pm10 / whole.pm10 - 1.0).abs() < 1e-12 && (sum.nh3 / whole.nh3 - 1.0).abs() < 1e-12, "{sector:?}");
    }
    let ratio = |s: &Source| night.daily_amounts(s, day).zip(plain.daily_amounts(s, day), |n, p| n / p);
    let boiler = ratio(&source(Sector::Boiler, 222_401));
    assert!(boiler.so2 > 1.3 && (boiler.so2 - boiler.nh3).abs() < 1e-12);
    let farms = ratio(&source(Sector::Agriculture, 222_401));
    assert!(farms.nh3 < 0.95 && (farms.so2 - 1.0).abs() < 1e-12 && (farms.pm25 - 1.0).abs() < 1e-12);
    let elsewhere = ratio(&source(Sector::Boiler, 0)).so2;
    let dunhua = ratio(&source(Sector::Boiler, 222_403)).so2;
    assert!((elsewhere - 0.5 * (boiler.so2 + dunhua)).abs() < 1e-12);
    // hours before the run are as the profiles say
    let early = begin - Duration::hours(1);
    let s = source(Sector::Boiler, 222_401);
    assert_eq!(night.hourly_rate(&s, early), plain.hourly_rate(&s, early));
}

/// A field that is linear in space and time is met exactly, brought to the elevation asked for by 6.5 K km-1.
#[test]
fn weather_of_a_place_is_that_of_the_fields_around_it() {
    let first = midnight(2026, 1, 15);
    let field = |hours: i64| {
        let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (5, 4), (127.0, 41.0), (1.0, 1.0)).unwrap();
        let n = grid.cells();
        let values = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f32> {
            (0..n).map(|c| of((c % 5) as f64, (c / 5) as f64) as f32).collect()
        };
        let flat = |v: f32| vec![v; n];
        MetField {
            valid_time: first + Duration::hours(hours),
            levels: 1,
            altitude_m: flat(500.0),
            pressure_pa: flat(9e4),
            temperature_k: flat(260.0),
            specific_humidity: flat(0.001),
            wind_east_m_s: flat(0.0),
            wind_north_m_s: flat(0.0),
            cloud_water: None,
            terrain_m: flat(450.0),
            surface_pressure_pa: flat(9.5e4),
            temperature_2m_k: values(&|x, y| 263.15 + x + 2.0 * y + hours as f64),
            wind_10m_east_m_s: flat(3.0),
            wind_10m_north_m_s: flat(4.0),
            precipitation_kg_m2_s: Some(flat(hours as f32 / 3600.0)),
            mixing_height_m: None,
            friction_velocity_m_s: None,
            flux_time: FluxTime::Instant,
            sensible_heat_flux_w_m2: None,
            shortwave_w_m2: None,
            snow_kg_m2: None,
            land_fraction: None,
            grid,
        }
    };
    let fields = [field(0), field(3)];
    let hours = place_weather(&fields, false, (128.5, 42.25, 250.0), (first, 5)).unwrap();
    for (h, hour) in hours.iter().enumerate() {
        let t = (h as f64 + 0.5).min(3.0);
        // 1.5 columns and 1.25 rows in, 200 m higher than asked for
        assert!((hour.temperature_c - (-10.0 + 1.5 + 2.5 + t + 1.3)).abs() < 1e-4, "{h} {hour:?}");
        assert!((hour.wind_m_s - 5.0).abs() < 1e-6 && (hour.rain_mm.unwrap() - 3.0).abs() < 1e-5);
        assert_eq!(hour.snow_kg_m2, None);
    }
    let frozen = place_weather(&fields, true, (128.5, 42.25, 250.0), (first, 5)).unwrap();
    assert!(frozen.iter().all(|h| *h == frozen[0]) && (frozen[0].temperature_c + 4.7).abs() < 1e-4);
    assert!(place_weather(&fields, false, (140.0, 42.0, 0.0), (first, 5)).is_none());
}

#[test]
fn broken_rules_are_refused_with_the_field_named() {
    for (from, to, field) in [
        ("base_c = 18.0", "base_c = 180.0", "base_c"),
        ("season_last = \"04-15\"", "season_last = \"04-31\"", "season_last"),
        ("per_k = 1.0223", "per_k = 0.0223", "per_k"),
        ("sectors = [\"agriculture\"]", "sectors = [\"boiler\"]", "heating"),
        ("wet_left = 0.1", "wet_left = 1.1", "wet_left"),
        ("adcode = 222403", "adcode = 222400", "adcode"),
        ("snow_days = [0.95", "snow_days = [9.5", "snow_days"),
        ("largest = 30.0", "largest = 0.5", "largest"),
    ] {
        assert!(WEATHER.contains(from), "{from}");
        let error = EmissionWeather::from_toml(&WEATHER.replacen(from, to, 1), Path::new("w")).unwrap_err().to_string();
        assert!(error.contains(field), "{field}: {error}");
    }
}
