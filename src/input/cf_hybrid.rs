//! Hybrid levels of CF NetCDF, `p = a + b ps`: by `formula_terms` (CF "atmosphere_hybrid_sigma_pressure_coordinate", with `ap`, or `a` and
//! `p0`), or by variables `hyam` and `hybm` as CDO writes them, with the boundaries `hyai` and `hybi` where the file has them. `ap` and `p0` must
//! have units of pressure; `hyam` too, or `1` beside `p0` or `P0`.

use super::cf_axes::Axes;
use super::hybrid_levels::HybridLevels;
use super::netcdf_file::NetcdfFile;
use super::quantity::Quantity;
use crate::domain::boundary_field::Level;
use crate::error::{Error, Result};

/// Pressure at the ground [Pa] at which hybrid levels are put in order.
const NOMINAL_PA: f64 = 101_325.0;

/// Names of `a`, of the pressure that it is a share of, and of `b`.
pub struct Terms {
    pub a: String,
    p0: Option<String>,
    pub b: String,
}

impl Terms {
    /// The terms of a level axis; `None`: its levels are no hybrid ones.
    ///
    /// # Errors
    /// [`Error::Format`] for a formula with `a` and without `p0`.
    pub fn of(file: &NetcdfFile, level: &str) -> Result<Option<Self>> {
        if let Some(formula) = file.text(Some(level), "formula_terms") {
            let words: Vec<&str> = formula.split_whitespace().collect();
            let term = |key: &str| words.windows(2).find(|w| w[0] == format!("{key}:")).map(|w| w[1].to_owned());
            let Some(b) = term("b") else { return Ok(None) };
            let terms = match (term("ap"), term("a"), term("p0")) {
                (Some(a), ..) => Self { a, p0: None, b },
                (None, Some(a), Some(p0)) => Self { a, p0: Some(p0), b },
                (None, Some(_), None) => {
                    let place = format!("variable {level}, formula_terms");
                    let found = format!("`{formula}`");
                    return Err(Error::format(file.path(), place, found, "`p0:` beside `a:`", "Add the term p0"));
                }
                (None, None, _) => return Ok(None),
            };
            // a formula whose variables were left out when extracting, beside those that CDO writes
            if file.has(&terms.a) && file.has(&terms.b) || !in_file(file) {
                return Ok(Some(terms));
            }
        }
        if !in_file(file) {
            return Ok(None);
        }
        Ok(Some(Self { a: "hyam".into(), p0: share_of(file, "hyam"), b: "hybm".into() }))
    }

    /// The levels in file order.
    ///
    /// # Errors
    /// [`Error::Format`] naming the variable whose values or units are wrong.
    pub fn levels(&self, file: &NetcdfFile) -> Result<Vec<Level>> {
        let a = match &self.p0 {
            None => in_units(file, &self.a, Quantity::Pressure)?,
            Some(p0) => {
                if !file.has(p0) {
                    let (place, found) = (format!("variable {}, a share of p0", self.a), format!("no variable {p0}"));
                    let expected = format!("it in {}", Quantity::Pressure.expected());
                    let remedy = "Add the reference pressure of the levels";
                    return Err(Error::format(file.path(), place, found, expected, remedy));
                }
                let p0 = in_units(file, p0, Quantity::Pressure)?.first().copied().unwrap_or(f64::NAN);
                in_units(file, &self.a, Quantity::Share)?.into_iter().map(|a| a * p0).collect()
            }
        };
        let b = in_units(file, &self.b, Quantity::Share)?;
        if a.len() != b.len() {
            let found = format!("{} and {} values", a.len(), b.len());
            return Err(file.error(format!("variables {} and {}", self.a, self.b), found, "one each per level"));
        }
        Ok(a.into_iter().zip(b).map(|(a_pa, b)| Level { a_pa, b }).collect())
    }
}

/// Whether a file has the coefficients of hybrid levels under CDO's names.
pub fn in_file(file: &NetcdfFile) -> bool {
    file.has("hyam") && file.has("hybm")
}

/// The variable of which the values of `a` are shares, where their units are `1`.
fn share_of(file: &NetcdfFile, a: &str) -> Option<String> {
    let of_pressure = file.text(Some(a), "units").is_none_or(|units| units != "1");
    (!of_pressure).then(|| if file.has("P0") { "P0".into() } else { "p0".into() })
}

/// Values of a whole variable times the factor of its units.
fn in_units(file: &NetcdfFile, name: &str, quantity: Quantity) -> Result<Vec<f64>> {
    let slab: Vec<_> = file.dimensions(name)?.iter().map(|d| 0..d.1).collect();
    let units = file.text(Some(name), "units").unwrap_or_default();
    let Some(factor) = quantity.factor(&units) else {
        let remedy = "Give the variable its units, for example with ncatted";
        let place = format!("variable {name}, units");
        return Err(Error::format(file.path(), place, format!("`{units}`"), quantity.expected(), remedy));
    };
    Ok(file.raw(name, &slab)?.into_iter().map(|v| v * factor).collect())
}

/// Pressure of a level axis [Pa] in file order, over ground at 1013.25 hPa where its levels are hybrid ones.
///
/// # Errors
/// [`Error::Format`] when the levels are neither pressures nor hybrid, or not one per entry of the axis.
pub fn nominal_pressure(file: &NetcdfFile, level: &str) -> Result<Vec<f64>> {
    let Some(terms) = Terms::of(file, level)? else { return Axes::pressures(file, level) };
    let (found, levels) = (terms.levels(file)?, file.dimension(level).unwrap_or(0));
    if found.len() != levels {
        let found = format!("{} values", found.len());
        return Err(file.error(format!("variable {}", terms.a), found, format!("{levels}, one per level")));
    }
    Ok(found.iter().map(|l| l.pressure_pa(NOMINAL_PA)).collect())
}

/// The hybrid levels of an axis upward, with their boundaries where the file has those from the ground up; `None`: levels of pressure.
///
/// # Errors
/// As [`Terms::levels`].
pub fn upward(file: &NetcdfFile, level: &str) -> Result<Option<HybridLevels>> {
    let Some(terms) = Terms::of(file, level)? else { return Ok(None) };
    let rising = |mut levels: Vec<Level>| {
        if levels.first().map(|l| l.pressure_pa(NOMINAL_PA)) < levels.last().map(|l| l.pressure_pa(NOMINAL_PA)) {
            levels.reverse();
        }
        levels
    };
    let full = rising(terms.levels(file)?);
    if file.has("hyai") && file.has("hybi") {
        let boundaries = Terms { a: "hyai".into(), p0: share_of(file, "hyai"), b: "hybi".into() };
        let mut half = rising(boundaries.levels(file)?);
        // a file with the lowest levels only may have all boundaries
        half.truncate(full.len() + 1);
        if let Ok(levels) = HybridLevels::between(half) {
            let same = |(a, b): (&Level, &Level)| (a.pressure_pa(NOMINAL_PA) - b.pressure_pa(NOMINAL_PA)).abs() < 1.0;
            if levels.full.len() == full.len() && levels.full.iter().zip(&full).all(same) {
                return Ok(Some(levels));
            }
        }
    }
    Ok(Some(HybridLevels { full, half: None }))
}
