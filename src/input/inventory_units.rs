//! Units of emissions as inventories write them: `kg m-2 s-1`, `Mg/month/cell`, `mol km^-2 hr^-1`, `10^6 mol/month`, `ug/m3 m/s`.

use crate::units::SECONDS_PER_YEAR;

/// Emission above which a value cannot be that of a cell: 1 g m-2 s-1.
pub(super) const FLUX_LIMIT_KG_M2_S: f64 = 1e-3;

/// What the unit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Mass [kg].
    Mass,
    /// Amount of substance [mol].
    Moles,
}

/// Per what span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    Second,
    Month,
    Year,
    /// The span that a step of the file stands for, as the file does not say: a year, or one of twelve months.
    Step,
}

/// A unit of emission.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmissionUnit {
    pub measure: Measure,
    /// kg or mol per m2 (or per cell) and span of time that one unit is.
    pub factor: f64,
    /// Per area; else per cell.
    pub per_area: bool,
    pub per: Per,
}

impl EmissionUnit {
    /// kg or mol that a value of 1 over a cell emits in a time of `seconds`, which is `months` of a year.
    pub fn amount(&self, area_m2: f64, seconds: f64, months: f64) -> f64 {
        let times = match self.per {
            Per::Second => seconds,
            Per::Month => months,
            Per::Year => seconds / SECONDS_PER_YEAR,
            Per::Step => 1.0,
        };
        self.factor * times * if self.per_area { area_m2 } else { 1.0 }
    }
}

#[derive(Clone, Copy)]
enum Word {
    Kg(f64),
    Mol(f64),
    Metre(f64),
    SquareMetre(f64),
    Second(f64),
    Month,
    Year,
    Cell,
    Number(f64),
}

/// Reads a unit; `None` when it is no emission per area or cell and time.
pub fn parse(text: &str) -> Option<EmissionUnit> {
    read(text).filter(|unit| unit.per != Per::Step)
}

/// Reads a mass of a cell without a time, as EDGAR states it; `None` for all else.
pub fn parse_mass(text: &str) -> Option<EmissionUnit> {
    read(text).filter(|unit| unit.per == Per::Step && unit.measure == Measure::Mass && !unit.per_area)
}

fn read(text: &str) -> Option<EmissionUnit> {
    let (mut factor, mut mass, mut mol, mut length, mut second, mut month, mut year, mut cell) =
        (1.0f64, 0, 0, 0, 0, 0, 0, 0);
    for (name, exponent) in terms(text)? {
        let apply = |value: f64| value.powi(exponent);
        match word(&name)? {
            Word::Kg(f) => (factor, mass) = (factor * apply(f), mass + exponent),
            Word::Mol(f) => (factor, mol) = (factor * apply(f), mol + exponent),
            Word::Metre(f) => (factor, length) = (factor * apply(f), length + exponent),
            Word::SquareMetre(f) => (factor, length) = (factor * apply(f), length + 2 * exponent),
            Word::Second(f) => (factor, second) = (factor * apply(f), second + exponent),
            Word::Month => month += exponent,
            Word::Year => year += exponent,
            Word::Cell => cell += exponent,
            Word::Number(f) => factor *= apply(f),
        }
    }
    let measure = match (mass, mol) {
        (1, 0) => Measure::Mass,
        (0, 1) => Measure::Moles,
        _ => return None,
    };
    let per = match (second, month, year) {
        (-1, 0, 0) => Per::Second,
        (0, -1, 0) => Per::Month,
        (0, 0, -1) => Per::Year,
        (0, 0, 0) => Per::Step,
        _ => return None,
    };
    let per_area = match (length, cell) {
        (-2, 0) => true,
        (0, 0 | -1) => false,
        _ => return None,
    };
    Some(EmissionUnit { measure, factor, per_area, per })
}

/// Names and exponents: a `/` turns the sign of what follows it, of all within brackets.
fn terms(text: &str) -> Option<Vec<(String, i32)>> {
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).replace("**", "^").replace(['·', '*'], " ");
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at, mut sign) = (Vec::new(), 0, 1);
    let mut brackets: Vec<i32> = Vec::new();
    let around = |brackets: &[i32]| brackets.iter().product::<i32>();
    while at < chars.len() {
        match chars[at] {
            '/' => (at, sign) = (at + 1, -1),
            '(' => {
                brackets.push(sign);
                (at, sign) = (at + 1, 1);
            }
            ')' => {
                brackets.pop()?;
                (at, sign) = (at + 1, 1);
            }
            c if c.is_whitespace() => at += 1,
            _ => {
                let start = at;
                while at < chars.len() && !" /()\t".contains(chars[at]) {
                    at += 1;
                }
                let token: String = chars[start..at].iter().collect();
                for (name, exponent) in factors(&token)? {
                    out.push((name, exponent * sign * around(&brackets)));
                }
                sign = 1;
            }
        }
    }
    brackets.is_empty().then_some(out)
}

/// `m-2`, `m^-2`, `m2`, `kg.m-2.s-1`, `10^6`, `1e6`, `0.1degree`.
fn factors(token: &str) -> Option<Vec<(String, i32)>> {
    let is_number = |t: &str| t.parse::<f64>().is_ok();
    if is_number(token) || token.starts_with("10^") || token.to_lowercase().contains("deg") || grid_spacing(token) {
        return Some(vec![(token.to_owned(), 1)]);
    }
    token.split('.').filter(|t| !t.is_empty()).map(factor).collect()
}

/// `0.1x0.1`: a cell of that many degrees.
fn grid_spacing(token: &str) -> bool {
    token.split_once('x').is_some_and(|(a, b)| a.parse::<f64>().is_ok() && b.parse::<f64>().is_ok())
}

fn factor(token: &str) -> Option<(String, i32)> {
    if let Some((name, exponent)) = token.split_once('^') {
        return Some((name.to_owned(), exponent.trim_matches(['{', '}']).parse().ok()?));
    }
    let digits = token.find(|c: char| c == '-' || c.is_ascii_digit());
    match digits {
        None => Some((token.to_owned(), 1)),
        Some(0) => None,
        Some(at) => Some((token[..at].to_owned(), token[at..].parse().ok()?)),
    }
}

fn word(name: &str) -> Option<Word> {
    if let Some(power) = name.strip_prefix("10^") {
        return Some(Word::Number(10f64.powi(power.parse().ok()?)));
    }
    if let Ok(number) = name.parse::<f64>() {
        return Some(Word::Number(number));
    }
    // the case of these tells a million from a thousandth
    match name {
        "Mg" => return Some(Word::Kg(1e3)),
        "mg" => return Some(Word::Kg(1e-6)),
        "Gg" => return Some(Word::Kg(1e6)),
        "Tg" => return Some(Word::Kg(1e9)),
        "Mmol" => return Some(Word::Mol(1e6)),
        "mmol" => return Some(Word::Mol(1e-3)),
        _ => {}
    }
    let lower = name.to_lowercase();
    if lower.contains("deg") || grid_spacing(&lower) {
        return Some(Word::Cell);
    }
    Some(match lower.as_str() {
        "kg" | "kilogram" | "kilograms" => Word::Kg(1.0),
        "g" | "gram" | "grams" => Word::Kg(1e-3),
        "ug" | "µg" | "μg" | "microgram" | "micrograms" => Word::Kg(1e-9),
        "t" | "ton" | "tons" | "tonne" | "tonnes" => Word::Kg(1e3),
        "kt" | "kton" | "kilotonne" | "kilotonnes" => Word::Kg(1e6),
        "mol" | "mole" | "moles" => Word::Mol(1.0),
        "kmol" | "kmole" => Word::Mol(1e3),
        "m" | "meter" | "metre" => Word::Metre(1.0),
        "km" => Word::Metre(1e3),
        "cm" => Word::Metre(1e-2),
        "ha" => Word::SquareMetre(1e4),
        "s" | "sec" | "second" | "seconds" => Word::Second(1.0),
        "min" | "minute" => Word::Second(60.0),
        "h" | "hr" | "hour" | "hours" => Word::Second(3600.0),
        "d" | "day" | "days" => Word::Second(86_400.0),
        "month" | "months" | "mon" | "mo" => Word::Month,
        "a" | "yr" | "year" | "years" | "y" => Word::Year,
        "cell" | "cells" | "grid" | "gridcell" | "grids" | "pixel" => Word::Cell,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kg or mol of a value of 1 in a year on 2 km2, by hand.
    #[test]
    fn units_of_real_files() {
        let year = 31_536_000.0;
        for (text, measure, amount) in [
            ("kg m-2 s-1", Measure::Mass, 2e6 * year),
            ("kg/m2/s", Measure::Mass, 2e6 * year),
            ("kg m**-2 s**-1", Measure::Mass, 2e6 * year),
            ("kg m^-2 s^-1\0\0", Measure::Mass, 2e6 * year),
            ("kg.m-2.s-1", Measure::Mass, 2e6 * year),
            ("kg/(m2 s)", Measure::Mass, 2e6 * year),
            ("kg m-2/s", Measure::Mass, 2e6 * year),
            ("kg/m2/sec", Measure::Mass, 2e6 * year),
            ("ug/m3 m/s", Measure::Mass, 2e6 * year * 1e-9),
            ("ug m^-2 s^-1", Measure::Mass, 2e6 * year * 1e-9),
            ("mol km^-2 hr^-1", Measure::Moles, 2.0 * 8760.0),
            ("Mg/month/cell", Measure::Mass, 12_000.0),
            ("mg/month/cell", Measure::Mass, 12e-6),
            ("10^6 mol/month/cell", Measure::Moles, 12e6),
            ("10**6 mol month-1 grid-1", Measure::Moles, 12e6),
            ("Tonnes", Measure::Mass, f64::NAN),
            ("t/yr", Measure::Mass, 1000.0),
            ("ton/0.1degree/year", Measure::Mass, 1000.0),
            ("t yr-1 cell-1", Measure::Mass, 1000.0),
            ("kg/year", Measure::Mass, 1.0),
            ("moles/s", Measure::Moles, year),
            ("g/s", Measure::Mass, year * 1e-3),
            ("t km-2 a-1", Measure::Mass, 2000.0),
        ] {
            match parse(text) {
                None => assert!(amount.is_nan(), "{text}"),
                Some(u) => {
                    assert_eq!(u.measure, measure, "{text}");
                    assert!((u.amount(2e6, year, 12.0) / amount - 1.0).abs() < 1e-12, "{text}: {u:?}");
                }
            }
        }
    }

    #[test]
    fn a_mass_without_a_time_is_that_of_a_cell_and_step() {
        for (text, kg) in [("Tonnes", 1000.0), ("kg", 1.0), ("Mg/cell", 1000.0), ("t/0.1degree", 1000.0)] {
            let unit = parse_mass(text).unwrap_or_else(|| panic!("{text}"));
            // whatever the step is
            assert_eq!((unit.amount(2e6, 1.0, 0.1), unit.amount(1.0, 1e9, 12.0)), (kg, kg), "{text}");
        }
        for text in ["t/yr", "kg m-2", "mol", "", "m2", "kg kg"] {
            assert!(parse_mass(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_emission_is_refused() {
        for text in [
            "",
            "1",
            "kg",
            "kg m-2",
            "m2",
            "kg m-3",
            "kg m-2 s-2",
            "kgC/m2/s",
            "kg mol m-2 s-1",
            "kg/(m2 s",
            "K",
            "mol mol-1",
            "parsec",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
