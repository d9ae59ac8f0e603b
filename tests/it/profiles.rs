//! Published temporal profiles: every file read or refused by name, with the sums that stand in it.

use hazecast::input::profile_csv::{ProfileKind, read};
use hazecast::simulation::temporal_profile::TemporalProfile;

/// Rows counted apart, by text tools; EDGAR's weekly table holds four profiles of seven rows.
#[test]
fn every_file_of_profiles_is_read_or_refused_by_name() {
    for (name, expected) in [
        ("copernicus_gnfr/timeprofiles-day_in_week.csv", Ok((ProfileKind::Weekday, 12))),
        ("copernicus_gnfr/timeprofiles-hour_in_day.csv", Ok((ProfileKind::Hour, 12))),
        ("copernicus_gnfr/timeprofiles-month_in_year.csv", Ok((ProfileKind::Month, 12))),
        ("copernicus_gnfr/vertical.csv", Err("vertical.csv")),
        ("edgar/hourly_profiles.csv", Ok((ProfileKind::Hour, 144))),
        ("edgar/weekly_profiles.csv", Ok((ProfileKind::Weekday, 4))),
        ("edgar/weekdays.csv", Err("weekdays.csv")),
        ("edgar/weekenddays.csv", Err("weekenddays.csv")),
        ("tno_gnfr/country_tz.csv", Err("country_tz.csv")),
        ("tno_gnfr/timeprofiles-day-in-week_GNFR.csv", Ok((ProfileKind::Weekday, 15))),
        ("tno_gnfr/timeprofiles-hour-in-day_GNFR.csv", Ok((ProfileKind::Hour, 15))),
        ("tno_gnfr/timeprofiles-month-in-year_GNFR.csv", Ok((ProfileKind::Month, 15))),
    ] {
        let Some(path) = crate::real(&format!("emis/profiles/{name}")) else { return };
        match (read(&path), expected) {
            (Ok(table), Ok((kind, count))) => {
                println!("{name}: {} profiles, refused {:?}", table.items.len(), table.rejections);
                assert_eq!(table.items.len() + table.rejections.len(), count, "{name}: {:?}", table.rejections);
                assert!(table.items.iter().all(|p| p.kind == kind));
                for p in &table.items {
                    let mean = p.factors.iter().sum::<f64>() / p.factors.len() as f64;
                    assert!((mean - 1.0).abs() < 1e-12, "{name} {}", p.name);
                }
            }
            (Err(error), Err(file)) => assert!(error.to_string().contains(file), "{error}"),
            (other, _) => panic!("{name}: {:?}", other.map(|t| t.items.len())),
        }
    }
}

/// Traffic of Copernicus makes a profile of this program: 7 h is 0.86 of the mean.
#[test]
fn a_published_profile_can_replace_one_of_the_model() {
    let file = |name: &str| crate::real(&format!("emis/profiles/copernicus_gnfr/timeprofiles-{name}.csv"));
    let (Some(month), Some(week), Some(hour)) = (file("month_in_year"), file("day_in_week"), file("hour_in_day"))
    else {
        return;
    };
    let of = |path: &std::path::Path| {
        let all = read(path).unwrap().items;
        all.into_iter().find(|p| p.name == "F Road_Transport").unwrap().factors
    };
    let profile = TemporalProfile::new(&of(&month), &of(&week), &of(&hour)).unwrap();
    assert!((profile.hour_share(6) * 24.0 - 0.86).abs() < 2e-3, "{}", profile.hour_share(6) * 24.0);
}

#[test]
fn profiles_that_do_not_sum_to_one_are_refused_with_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("week.csv");
    let rows = "GNFR,Category,Mon,Tue,Wed,Thu,Fri,Sat,Sun\nA,Good,1,1,1,1,1,1,1\nB,Long,1,1,1,1,1,1,1.2\n\
                C,Shares,0.2,0.2,0.2,0.2,0.2,0,0\nD,Less,2,1,1,1,1,1,-0.0001\nE,Short,1,1,1\n";
    std::fs::write(&path, rows).unwrap();
    let table = read(&path).unwrap();
    let names: Vec<&str> = table.items.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["A Good", "C Shares"]);
    assert!((table.items[1].factors[0] - 1.4).abs() < 1e-12);
    let places: Vec<&str> = table.rejections.iter().map(|r| r.place.as_str()).collect();
    assert_eq!(places, ["line 3", "line 5", "line 6"]);
    assert!(table.rejections[0].found.contains("7.2"), "{:?}", table.rejections[0]);
}
