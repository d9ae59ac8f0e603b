//! Folders in the layout of a provider of meteorology, and what is fetched into them.

use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Who publishes the meteorology, and so how its files are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Provider {
    /// NCEP GFS at 0.25 degrees: `gfs.YYYYMMDD/HH/atmos/gfs.tHHz.pgrb2.0p25.fFFF`.
    #[serde(rename = "gfs")]
    Gfs,
    /// ECMWF open data at 0.25 degrees: `YYYYMMDD/HHz/ifs/0p25/oper/YYYYMMDDHH0000-{h}h-oper-fc.grib2`.
    #[serde(rename = "ecmwf")]
    EcmwfOpenData,
}

/// A folder that holds runs of a model as their provider lays them out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    pub provider: Provider,
    /// Holds the folders of the days.
    pub folder: PathBuf,
    /// Hours from one time to the next: 1, 3 or 6; ECMWF 3 or 6.
    #[serde(default = "three")]
    pub step_hours: u32,
    /// Hours from one run to the next: 6, 12 or 24; the default is that of the runs that reach far: GFS 6, ECMWF 12.
    #[serde(default)]
    pub cycle_hours: Option<u32>,
    /// How many runs back one may stand in for a run that lacks steps, 0..=8.
    #[serde(default = "three")]
    pub older_runs: u32,
}

/// From where files may be fetched, and how patiently. Without it nothing is ever fetched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetching {
    /// The only hosts that are asked: `host` or `host:port`, names, not addresses.
    pub hosts: Vec<String>,
    /// For a server on this machine (and tests): loopback addresses may stand among the hosts, also with `http`.
    #[serde(default)]
    pub loopback: bool,
    /// Where the provider's layout begins: `https://noaa-gfs-bdp-pds.s3.amazonaws.com`, `https://data.ecmwf.int/forecasts`.
    #[serde(default)]
    pub meteorology: Option<String>,
    /// A step whose index is of no use is fetched as a whole file instead of being left out.
    #[serde(default)]
    pub whole_files: bool,
    /// Pressure levels are fetched up to this pressure [hPa], 1..=500.
    #[serde(default = "one_hundred")]
    pub lowest_pressure_hpa: u32,
    /// Most requests in a minute; 0: no limit.
    #[serde(default = "one_hundred")]
    pub requests_per_minute: u32,
    /// How often one request is tried, 1..=20.
    #[serde(default = "five")]
    pub tries: u32,
    /// Wait before the second try [s]; it doubles from try to try, 0..=600.
    #[serde(default = "two")]
    pub first_wait_s: u32,
    /// Longest wait [s], also where a server asks for more: the request is then given up, 1..=3600.
    #[serde(default = "three_hundred")]
    pub longest_wait_s: u32,
    /// Longest time of one request [s], 1..=3600.
    #[serde(default = "three_hundred")]
    pub request_s: u32,
    /// Largest file [MB], 1..=100000.
    #[serde(default = "one_thousand")]
    pub largest_mb: u32,
    /// Plain files: fires, observations.
    #[serde(default)]
    pub files: Vec<RemoteFile>,
}

/// A plain file per day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteFile {
    /// Its address; `{YYYY}`, `{MM}`, `{DD}` are the day, `{KEY}` a secret.
    pub url: String,
    /// Where it is laid, with the same places for the day; both need all three where there is more than one day.
    pub to: String,
    /// Days up to that of the cycle, 1..=31.
    #[serde(default = "one")]
    pub days: u32,
    /// The days are those of Beijing, not of UTC.
    #[serde(default)]
    pub beijing_days: bool,
    /// Name of the environment variable that holds the secret.
    #[serde(default)]
    pub key_variable: Option<String>,
    /// Text with which the file must begin: a page that says what is wrong is not taken for data.
    #[serde(default)]
    pub begins: Option<String>,
}

fn one() -> u32 {
    1
}

fn two() -> u32 {
    2
}

fn three() -> u32 {
    3
}

fn five() -> u32 {
    5
}

fn one_hundred() -> u32 {
    100
}

fn three_hundred() -> u32 {
    300
}

fn one_thousand() -> u32 {
    1000
}

impl Mirror {
    /// Hours from one run to the next.
    pub fn cycle_hours(&self) -> u32 {
        self.cycle_hours.unwrap_or(match self.provider {
            Provider::Gfs => 6,
            Provider::EcmwfOpenData => 12,
        })
    }

    /// Paths become relative to `base`; the numbers are checked.
    pub(super) fn settle(&mut self, path: &Path, base: &Path) -> Result<()> {
        self.folder = base.join(&self.folder);
        let steps: &[u32] = match self.provider {
            Provider::Gfs => &[1, 3, 6],
            Provider::EcmwfOpenData => &[3, 6],
        };
        let invalid = |field: &str, found: u32, expected: String| {
            Err(Error::invalid(path, format!("inputs.mirror.{field}"), found.to_string(), expected))
        };
        if !steps.contains(&self.step_hours) {
            return invalid("step_hours", self.step_hours, format!("one of {steps:?}"));
        }
        if ![6, 12, 24].contains(&self.cycle_hours()) {
            return invalid("cycle_hours", self.cycle_hours(), "6, 12 or 24".into());
        }
        if self.older_runs > 8 {
            return invalid("older_runs", self.older_runs, "0..=8".into());
        }
        Ok(())
    }
}

impl Fetching {
    /// Paths become relative to `base`; numbers, hosts and templates are checked.
    pub(super) fn settle(&mut self, path: &Path, base: &Path) -> Result<()> {
        let invalid = |field: &str, found: String, expected: &str| {
            Err(Error::invalid(path, format!("fetch.{field}"), found, expected))
        };
        for (field, value, range) in [
            ("lowest_pressure_hpa", self.lowest_pressure_hpa, 1..=500),
            ("requests_per_minute", self.requests_per_minute, 0..=60_000),
            ("tries", self.tries, 1..=20),
            ("first_wait_s", self.first_wait_s, 0..=600),
            ("longest_wait_s", self.longest_wait_s, 1..=3600),
            ("request_s", self.request_s, 1..=3600),
            ("largest_mb", self.largest_mb, 1..=100_000),
        ] {
            if !range.contains(&value) {
                return invalid(field, value.to_string(), &format!("{range:?}"));
            }
        }
        for host in &mut self.hosts {
            host.make_ascii_lowercase();
        }
        if let Some(host) = self.hosts.iter().find(|h| !is_host(h, self.loopback)) {
            return invalid(
                "hosts",
                format!("`{host}`"),
                "names of hosts such as data.ecmwf.int, with a port or without",
            );
        }
        let mut targets = BTreeSet::new();
        for file in &mut self.files {
            if !(1..=31).contains(&file.days) {
                return invalid("files.days", file.days.to_string(), "1..=31");
            }
            if file.url.contains("{KEY}") != file.key_variable.is_some() {
                return invalid("files.url", format!("`{}`", file.url), "{KEY} exactly where there is a key_variable");
            }
            if let Some(c) = file.to.chars().find(|c| c.is_control()) {
                return invalid("files.to", format!("{c:?}"), "a path");
            }
            if file.to.contains("{KEY}") {
                return invalid("files.to", format!("`{}`", file.to), "a path without the secret");
            }
            let dated = |text: &str| ["{YYYY}", "{MM}", "{DD}"].iter().all(|part| text.contains(part));
            for (field, text) in [("files.to", &file.to), ("files.url", &file.url)] {
                if file.days > 1 && !dated(text) {
                    let expected = "{YYYY}, {MM} and {DD} where there is more than one day";
                    return invalid(field, format!("`{text}`"), expected);
                }
            }
            let target = base.join(&file.to);
            // components, since `./a` and `a` are one place
            if !targets.insert(target.components().collect::<PathBuf>()) {
                return invalid("files.to", format!("`{}` twice", file.to), "a path of its own for each file");
            }
            file.to = target.to_string_lossy().into_owned();
        }
        Ok(())
    }
}

/// A name of two labels or more whose last is no number, with a port or without; an address only where loopback is allowed.
fn is_host(host: &str, loopback: bool) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    if port.is_some_and(|p| p.parse::<u16>().ok().is_none_or(|n| n == 0 || n.to_string() != p)) {
        return false;
    }
    let literal = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    if name == "localhost" || literal.parse::<IpAddr>().is_ok_and(|a| a.is_loopback()) {
        return loopback;
    }
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or("");
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(label)
        && last.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn only_names_are_hosts() {
        for good in ["data.ecmwf.int", "noaa-gfs-bdp-pds.s3.amazonaws.com", "a.b:8443", "x1.example"] {
            assert!(is_host(good, false), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "intranet",
            "10.0.0.1",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "127.1",
            "[::1]",
            "::1",
            "[::ffff:127.0.0.1]",
            "a.b:0",
            "a.b:99999",
            "a.b:080",
            "user@a.b",
            "a.b/c",
            "a..b",
            "-a.b",
            "a.b.",
            "a b.c",
            "例.中国",
            "169.254.169.254",
            "a.b:80:80",
            "a.1",
            "*.b.c",
            "a.b\\c.d",
            "a_b.c",
        ] {
            assert!(!is_host(bad, false), "{bad}");
        }
        for local in ["localhost:80", "127.0.0.1:8080", "[::1]:8080", "127.0.0.1"] {
            assert!(is_host(local, true) && !is_host(local, false), "{local}");
        }
        for other in ["10.0.0.1:80", "[fe80::1]:80", "169.254.169.254"] {
            assert!(!is_host(other, true), "{other}");
        }
    }
}
