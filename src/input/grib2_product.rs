//! The product definition section of GRIB2: what a field is, on which surface, for which time.
//!
//! Templates 4.0 to 4.15 share their first 34 octets (WMO-No. 306, Manual on Codes, Volume I.2, FM 92 GRIB edition 2).

use super::grib2_message::{u16_at, word};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Last of the templates that share their first 34 octets.
const LAST_COMMON_TEMPLATE: u16 = 15;
/// Surface of a field whose template has it elsewhere: missing.
const NO_SURFACE: u8 = 255;

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parameter {
    /// Originating centre (common code table C-11): 7 NCEP, 98 ECMWF. Numbers from 192 mean what the centre says.
    pub centre: u16,
    /// Product definition template (code table 4.0): 0 an instant, 8 an interval, 1 and 11 the same of an ensemble member.
    pub template: u16,
    pub discipline: u8,
    pub category: u8,
    pub number: u8,
    /// Type of the first fixed surface (code table 4.5): 1 ground, 100 isobaric [Pa], 103 height above ground [m], 105 hybrid;
    /// 255 none.
    pub surface: u8,
    /// Value of the first fixed surface, rounded.
    pub level: i64,
    /// Number of the ensemble member.
    pub member: Option<u8>,
}

/// Time of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    Instant(DateTime<Utc>),
    /// Statistically processed over an interval.
    Interval {
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        process: Process,
    },
}

impl When {
    /// The instant, or the end of the interval.
    pub fn end(self) -> DateTime<Utc> {
        match self {
            Self::Instant(t) => t,
            Self::Interval { end, .. } => end,
        }
    }
}

/// Statistical processing (code table 4.10) that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Process {
    Average,
    Accumulation,
    Other(u8),
}

/// The parameter of a product definition section; `None` for one that is cut short.
pub fn parameter(identification: &[u8], product: &[u8], discipline: u8) -> Option<Parameter> {
    let template = u16_at(product, 8)?;
    let common = template <= LAST_COMMON_TEMPLATE;
    if product.len() < if common { 34 } else { 11 } {
        return None;
    }
    Some(Parameter {
        centre: u16_at(identification, 6)?,
        template,
        discipline,
        category: product[9],
        number: product[10],
        surface: if common { product[22] } else { NO_SURFACE },
        level: level(product).map_or(0, |l| l.round() as i64),
        member: if matches!(template, 1 | 11) { product.get(35).copied() } else { None },
    })
}

/// Value of the first fixed surface, in the unit of its type; `None` where it has none.
pub fn level(product: &[u8]) -> Option<f64> {
    let common = u16_at(product, 8)? <= LAST_COMMON_TEMPLATE && product.len() >= 34;
    let scale = i32::from(product.get(23)? & 0x7f) * if product[23] & 0x80 == 0 { 1 } else { -1 };
    let value = Some(word(product, 25)).filter(|v| common && *v != u32::MAX)?;
    // divided where that is exact: 0.4 is 4 / 10
    Some(if scale > 0 { f64::from(value) / 10_f64.powi(scale) } else { f64::from(value) * 10_f64.powi(-scale) })
}

/// The time of a field of template 4.0, 4.1, 4.8 or 4.11; an error is what is wrong, what was found, what was expected.
pub fn when(identification: &[u8], product: &[u8]) -> Result<When, (&'static str, String, &'static str)> {
    let Some(reference) = instant(identification, 13) else {
        return Err(("reference time", format!("{:?}", identification.get(12..19)), "a date"));
    };
    let template = u16_at(product, 8).unwrap_or(u16::MAX);
    if !matches!(template, 0 | 1 | 8 | 11) {
        return Err(("product definition template", format!("4.{template}"), "4.0, 4.1, 4.8 or 4.11"));
    }
    let forecast = word(product, 19);
    let unit = match product[17] {
        0 => 60,
        1 => 3600,
        2 => 86_400,
        10 => 3 * 3600,
        11 => 6 * 3600,
        12 => 12 * 3600,
        13 => 1,
        other => return Err(("unit of forecast time", other.to_string(), "a unit of code table 4.4 up to days")),
    };
    if forecast > 1_000_000 {
        return Err(("forecast time", forecast.to_string(), "a forecast of at most 1 000 000 units"));
    }
    let start = reference + Duration::seconds(i64::from(forecast) * unit);
    // the member of an ensemble takes three octets before the end of the interval
    let end_octet = match template {
        0 | 1 => return Ok(When::Instant(start)),
        8 => 35,
        _ => 38,
    };
    let (Some(end), Some(process)) = (instant(product, end_octet), product.get(end_octet + 11)) else {
        return Err(("end of the interval", format!("{:?}", product.get(end_octet - 1..end_octet + 6)), "a date"));
    };
    let process = match process {
        0 => Process::Average,
        1 => Process::Accumulation,
        other => Process::Other(*other),
    };
    if end < start {
        return Err(("interval", format!("{start} to {end}"), "an end after the start"));
    }
    Ok(When::Interval { start, end, process })
}

/// The coordinate values after the template, IEEE 32-bit.
pub(super) fn coordinates(product: &[u8]) -> Vec<f64> {
    let count = usize::from(u16_at(product, 6).unwrap_or(0));
    let from = product.len().saturating_sub(4 * count).max(9);
    let value = |b: &[u8]| f64::from(f32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    product.get(from..).unwrap_or_default().chunks_exact(4).map(value).collect()
}

/// Year (2 octets), month, day, hour, minute, second from an octet counted from 1.
pub fn instant(section: &[u8], octet: usize) -> Option<DateTime<Utc>> {
    let s = section.get(octet - 1..octet + 6)?;
    let date = NaiveDate::from_ymd_opt(i32::from(s[0]) * 256 + i32::from(s[1]), u32::from(s[2]), u32::from(s[3]))?;
    Some(date.and_hms_opt(u32::from(s[4]), u32::from(s[5]), u32::from(s[6]))?.and_utc())
}
