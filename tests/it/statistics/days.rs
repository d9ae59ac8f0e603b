//! From hours to days: boundaries, validity, order.

use super::{Rules, air, day, month_ends};
use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Utc};
use hazecast::domain::daily::{DailyValue, Judged, mean_of_stations, of_hours};
use hazecast::domain::observation::Observation;
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Hours = BTreeMap<DateTime<Utc>, Concentrations<f64>>;

/// The end of a Beijing hour, 1 ..= 24, read from a text with its offset.
fn end(day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let begin = DateTime::<FixedOffset>::parse_from_rfc3339(&format!("{day}T{:02}:00:00+08:00", hour - 1)).unwrap();
    begin.to_utc() + TimeDelta::hours(1)
}

fn days(hours: &Hours) -> Vec<DailyValue> {
    let rules = Rules::shipped();
    of_hours(hours, &rules.limits, rules.judgement(Judged::ByItsDate))
}

/// 24 hours at 10 on the last day of a month, 24 at 90 on the first of the next: no hour may change its day.
#[test]
fn no_hour_changes_its_day_at_60_boundaries() {
    for last in month_ends() {
        let first = last + Days::new(1);
        let mut hours = Hours::new();
        for hour in 1..=24 {
            hours.insert(end(last, hour), air(10.0));
            hours.insert(end(first, hour), air(90.0));
        }
        let days = days(&hours);
        let listed: Vec<_> = days.iter().map(|d| (d.day, d.concentrations.pm25_ug_m3, d.hours.pm25_ug_m3)).collect();
        assert_eq!(listed, [(last, Some(10.0), Some(24)), (first, Some(90.0), Some(24))]);
        let old = first < day("2026-03-01");
        assert_eq!(days[1].aqi.aqi, Some(if old { 119 } else { 128 }), "{first}");
    }
}

#[test]
fn the_rules_of_the_day_judge_it() {
    let mut hours = Hours::new();
    for date in ["2026-02-28", "2026-03-01"] {
        for hour in 1..=24 {
            hours.insert(end(day(date), hour), air(61.0));
        }
    }
    let indices: Vec<_> = days(&hours).into_iter().map(|d| (d.aqi.standard, d.aqi.aqi)).collect();
    assert_eq!(indices, [("HJ 633-2012".to_owned(), Some(83)), ("HJ 633-2026".to_owned(), Some(101))]);
}

fn of_part(hours: impl Iterator<Item = u32>, o3: f64) -> DailyValue {
    let date = day("2026-04-10");
    let mut values = air(30.0);
    values.o3_ug_m3 = Some(o3);
    let hours: Hours = hours.map(|h| (end(date, h), values)).collect();
    days(&hours).remove(0)
}

#[test]
fn days_need_20_hours_and_ozone_14_means() {
    let (enough, few) = (of_part(1..=20, 100.0), of_part(1..=19, 100.0));
    assert_eq!((enough.concentrations.pm25_ug_m3, few.concentrations.pm25_ug_m3), (Some(30.0), None));
    assert_eq!((enough.hours.pm25_ug_m3, few.hours.pm25_ug_m3), (Some(20), Some(19)));
    // 19 hours from the first: windows begin at hours 1 to 14 with six values or more
    assert_eq!((few.concentrations.o3_ug_m3, few.aqi.aqi), (Some(100.0), None));
    assert_eq!(of_part(1..=18, 100.0).concentrations.o3_ug_m3, None);
    assert_eq!(of_part(1..=18, 161.0).concentrations.o3_ug_m3, Some(161.0));
    assert_eq!(of_part(1..=18, 160.0).concentrations.o3_ug_m3, None);
    // an 8-h mean of six values, none of five
    assert_eq!(of_part(1..=6, 200.0).concentrations.o3_ug_m3, Some(200.0));
    assert_eq!(of_part(1..=5, 200.0).concentrations.o3_ug_m3, None);
}

#[test]
fn what_is_no_whole_hour_is_passed_over() {
    let mut hours: Hours = (1..=24).map(|h| (end(day("2026-04-10"), h), air(30.0))).collect();
    hours.insert(end(day("2026-04-10"), 7) + TimeDelta::minutes(30), air(900.0));
    let days = days(&hours);
    assert_eq!((days.len(), days[0].concentrations.pm25_ug_m3), (1, Some(30.0)));
}

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    let first = end(day("2024-02-28"), 1);
    prop::collection::btree_map((0_i64..96, 0_usize..3, 0_usize..6), 0_u32..4000, 0..900).prop_map(move |values| {
        let of = |((hour, station, p), tenths): ((i64, usize, usize), u32)| Observation {
            station: format!("223{station}A"),
            end: first + TimeDelta::hours(hour),
            pollutant: Pollutant::ALL[p],
            value: f64::from(tenths) / 10.0,
        };
        values.into_iter().map(of).collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_hours_and_stations_does_not_matter(rows in observations(), seed in any::<u64>()) {
        let mut shuffled = rows.clone();
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        prop_assert_eq!(days(&mean_of_stations(&rows)), days(&mean_of_stations(&shuffled)));
    }

    #[test]
    fn a_series_cut_at_midnight_gives_the_same_days(rows in observations(), cut in 0_i64..5) {
        let hours = mean_of_stations(&rows);
        let midnight = end(day("2024-02-28"), 1) + TimeDelta::hours(24 * cut - 1);
        let (early, late): (Hours, Hours) = hours.iter().map(|(t, v)| (*t, *v)).partition(|(t, _)| *t <= midnight);
        let parts: Vec<_> = days(&early).into_iter().chain(days(&late)).collect();
        prop_assert_eq!(days(&hours), parts);
    }

    /// A day mean lies between the smallest and the largest hour, and so does the largest 8-h mean.
    #[test]
    fn means_lie_between_the_hours(values in prop::collection::vec(0_u32..5000, 24)) {
        let date = day("2026-04-10");
        let of = |tenths: u32| { let mut c = air(f64::from(tenths) / 10.0); c.o3_ug_m3 = c.pm25_ug_m3; c };
        let hours: Hours = (1..).zip(&values).map(|(h, v)| (end(date, h), of(*v))).collect();
        let value = days(&hours).remove(0).concentrations;
        let (low, high) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        for v in [value.pm25_ug_m3.unwrap(), value.o3_ug_m3.unwrap()] {
            prop_assert!(v >= f64::from(*low) / 10.0 && v <= f64::from(*high) / 10.0);
        }
    }
}

/// Two stations at one hour, one at the next: 10 and 20 make 15, then 40.
#[test]
fn a_county_is_the_mean_of_its_stations_that_report() {
    let date = day("2026-04-10");
    let of = |station: &str, hour, value| Observation {
        station: station.into(),
        end: end(date, hour),
        pollutant: Pollutant::Pm25,
        value,
    };
    let rows = [of("a", 1, 10.0), of("b", 1, 20.0), of("a", 2, 40.0), of("b", 2, f64::NAN)];
    let hours = mean_of_stations(&rows);
    assert_eq!(hours.values().map(|c| c.pm25_ug_m3).collect::<Vec<_>>(), [Some(15.0), Some(40.0)]);
}
