//! How providers name the files of a run.
//!
//! * GFS: <https://registry.opendata.aws/noaa-gfs-bdp-pds/>, layout since 2021-03-23; hourly to 120 h, 3-hourly to 384 h.
//! * ECMWF open data: <https://www.ecmwf.int/en/forecasts/datasets/open-data>; 3-hourly to 144 h, 6-hourly to 360 h; the runs of 06 and 18 UTC
//!   are of the stream `scda` until 2026-05-12, then `oper`.

use crate::config::mirror::Provider;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc};

/// A file of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Start of the run.
    pub run: DateTime<Utc>,
    /// Hours after it.
    pub hour: u32,
}

/// From when on every run of ECMWF is of the stream `oper`.
const ONE_STREAM: NaiveDate = NaiveDate::from_ymd_opt(2026, 5, 12).unwrap();

impl Step {
    /// The time of its fields.
    pub fn valid(self) -> DateTime<Utc> {
        self.run + chrono::Duration::hours(i64::from(self.hour))
    }

    /// Path of its file below the mirror's folder and below the provider's address, with `/`.
    pub fn path(self, provider: Provider) -> String {
        let Self { run, hour } = self;
        match provider {
            Provider::Gfs => {
                let cycle = run.format("%H");
                format!("gfs.{}/atmos/gfs.t{cycle}z.pgrb2.0p25.f{hour:03}", run.format("%Y%m%d/%H"))
            }
            Provider::EcmwfOpenData => {
                let stream = match run.hour() {
                    6 | 18 if run.date_naive() < ONE_STREAM => "scda",
                    _ => "oper",
                };
                let folder = run.format("%Y%m%d/%Hz/ifs/0p25");
                format!("{folder}/{stream}/{}-{hour}h-{stream}-fc.grib2", run.format("%Y%m%d%H0000"))
            }
        }
    }

    /// Path of the index of the file.
    pub fn index_path(self, provider: Provider) -> String {
        let path = self.path(provider);
        match provider {
            Provider::Gfs => format!("{path}.idx"),
            Provider::EcmwfOpenData => format!("{}.index", path.trim_end_matches(".grib2")),
        }
    }
}

/// Whether the provider makes this step at all.
pub fn has_step(provider: Provider, hour: u32) -> bool {
    match provider {
        Provider::Gfs => hour <= 120 || hour <= 384 && hour.is_multiple_of(3),
        Provider::EcmwfOpenData => hour <= 144 && hour.is_multiple_of(3) || hour <= 360 && hour.is_multiple_of(6),
    }
}

/// Hours after the start of a run by which its steps to ten days are usually there.
pub fn hours_to_publish(provider: Provider) -> i64 {
    match provider {
        Provider::Gfs => 5,
        Provider::EcmwfOpenData => 9,
    }
}

/// The day of a folder directly below the mirror's, by its name.
pub fn day_of(provider: Provider, folder: &str) -> Option<NaiveDate> {
    let digits = match provider {
        Provider::Gfs => folder.strip_prefix("gfs.")?,
        Provider::EcmwfOpenData => folder,
    };
    let whole = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| NaiveDate::parse_from_str(digits, "%Y%m%d").ok()).flatten()
}

/// The run of a folder in the folder of a day, by its name.
pub fn run_of(provider: Provider, day: NaiveDate, folder: &str) -> Option<DateTime<Utc>> {
    let digits = match provider {
        Provider::Gfs => folder,
        Provider::EcmwfOpenData => folder.strip_suffix('z')?,
    };
    let whole = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    let hour = whole.then(|| digits.parse().ok()).flatten()?;
    day.and_hms_opt(hour, 0, 0).as_ref().map(NaiveDateTime::and_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_cycle;

    /// Names as the providers publish them.
    #[test]
    fn names_are_those_of_the_providers() {
        let step = |run: &str, hour| Step { run: parse_cycle(run).unwrap(), hour };
        let gfs = step("2026-01-15T12Z", 3);
        assert_eq!(gfs.path(Provider::Gfs), "gfs.20260115/12/atmos/gfs.t12z.pgrb2.0p25.f003");
        assert_eq!(gfs.index_path(Provider::Gfs), "gfs.20260115/12/atmos/gfs.t12z.pgrb2.0p25.f003.idx");
        let ecmwf = step("2025-09-12T12Z", 0);
        assert_eq!(ecmwf.path(Provider::EcmwfOpenData), "20250912/12z/ifs/0p25/oper/20250912120000-0h-oper-fc.grib2");
        assert_eq!(
            step("2026-01-15T06Z", 90).index_path(Provider::EcmwfOpenData),
            "20260115/06z/ifs/0p25/scda/20260115060000-90h-scda-fc.index"
        );
        assert!(step("2026-05-12T18Z", 3).path(Provider::EcmwfOpenData).contains("/oper/"));
    }

    #[test]
    fn folders_name_days_and_runs() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
        assert_eq!(day_of(Provider::Gfs, "gfs.20260115"), Some(day));
        assert_eq!(day_of(Provider::EcmwfOpenData, "20260115"), Some(day));
        assert_eq!(run_of(Provider::Gfs, day, "18"), parse_cycle("2026-01-15T18Z"));
        assert_eq!(run_of(Provider::EcmwfOpenData, day, "00z"), parse_cycle("2026-01-15T00Z"));
        for wrong in ["20260115", "gfs.2026011", "gfs.20261301", "gfs.+0260115", "gdas.20260115"] {
            assert_eq!(day_of(Provider::Gfs, wrong), None, "{wrong}");
        }
        for wrong in ["24", "1", "+1", "00z"] {
            assert_eq!(run_of(Provider::Gfs, day, wrong), None, "{wrong}");
        }
    }
}
