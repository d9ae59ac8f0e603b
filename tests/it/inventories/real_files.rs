//! The table of every file of `../shared/data/emis`: what it is read as, or why it is refused.

use super::*;
use crate::real;
use hazecast::input::inventory_csv;
use std::collections::BTreeSet;

enum Outcome {
    /// Layout and number of sources.
    Read(&'static str, usize),
    /// Words of the reason.
    Refused(&'static [&'static str]),
}

const NO_EMISSIONS: &[&str] = &["without emissions", "E_<species>"];
const NO_INVENTORY: &[&str] = &["line 1"];

const TABLE: [(&str, Outcome); 20] = [
    ("formats/EmissV_edgar_co_test.nc", Outcome::Read("longitude-latitude NetCDF", 45)),
    // geopotential of a WRF grid
    ("formats/EmissV_vertical.nc", Outcome::Refused(NO_EMISSIONS)),
    // positions drawn at random: an area source is no cell of the file's axes
    (
        "formats/emiproc_tno_test_minimal.nc",
        Outcome::Refused(&["longitude_source", "source 1", "the centre of a cell"]),
    ),
    ("formats/emiproc_wrfinput_for_testing.nc", Outcome::Refused(NO_EMISSIONS)),
    ("formats/eixport_wrfinput_d02", Outcome::Refused(NO_EMISSIONS)),
    // all of its 34 species are zero everywhere
    ("formats/eixport_wrfchemi/wrfchemi_d02_2011-08-02_00_00_00", Outcome::Read("wrfchemi", 0)),
    ("wri_gppd_ne_china_plants.csv", Outcome::Read("power plants", 69)),
    // profiles of time and height are no inventories: the reader of tables names the first line
    ("profiles/copernicus_gnfr/timeprofiles-day_in_week.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/copernicus_gnfr/timeprofiles-hour_in_day.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/copernicus_gnfr/timeprofiles-month_in_year.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/copernicus_gnfr/vertical.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/edgar/hourly_profiles.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/edgar/weekdays.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/edgar/weekenddays.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/edgar/weekly_profiles.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/tno_gnfr/country_tz.csv", Outcome::Refused(NO_INVENTORY)),
    ("profiles/tno_gnfr/timeprofiles-day-in-week_GNFR.csv", Outcome::Refused(&["timeprofiles-day-in-week_GNFR.csv"])),
    ("profiles/tno_gnfr/timeprofiles-hour-in-day_GNFR.csv", Outcome::Refused(&["timeprofiles-hour-in-day_GNFR.csv"])),
    (
        "profiles/tno_gnfr/timeprofiles-month-in-year_GNFR.csv",
        Outcome::Refused(&["timeprofiles-month-in-year_GNFR.csv"]),
    ),
    ("absent.nc", Outcome::Refused(&["missing"])),
];

/// Layout and number of sources.
fn read(path: &Path) -> Result<(String, usize)> {
    use hazecast::input::power_plants_csv;
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    if name.starts_with("wri_") {
        let factors = include_str!("../../../models/power_plants.toml");
        let factors = power_plants_csv::PlantFactors::parse(factors, Path::new("models/power_plants.toml"))?;
        return power_plants_csv::read(path, &factors, ALL, &[]).map(|a| ("power plants".into(), a.items.len()));
    }
    if path.exists() && !inventory_files::is_gridded(path)? {
        return inventory_csv::read(path).map(|a| ("table".into(), a.items.len()));
    }
    let content = inventory_files::content(path, &vocabulary(), ALL)?;
    let layout = content.layout.clone();
    let (groups, _) = inventory_files::together(content, &vocabulary())?;
    Ok((layout, groups.iter().map(|g| g.sources.len()).sum()))
}

#[test]
fn every_file_is_read_or_refused_for_a_stated_reason() {
    let Some(folder) = real("emis") else { return };
    for (name, outcome) in &TABLE {
        match (read(&folder.join(name)), outcome) {
            (Ok((layout, n)), Outcome::Read(wanted, count)) => {
                assert_eq!((layout.as_str(), n), (*wanted, *count), "{name}")
            }
            (Err(e), Outcome::Refused(words)) => {
                let text = e.to_string();
                words.iter().for_each(|w| assert!(text.contains(w), "{name}: `{text}`, not `{w}`"));
            }
            (Ok(read), Outcome::Refused(_)) => panic!("{name} is read: {read:?}"),
            (Err(e), Outcome::Read(..)) => panic!("{name} is refused: {e}"),
        }
    }
    let listed: BTreeSet<PathBuf> = TABLE.iter().map(|(name, _)| folder.join(name)).collect();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(listed.contains(&path), "{} is in no row of the table", path.display());
            }
        }
    }
}
