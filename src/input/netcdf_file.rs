//! Opening a NetCDF file and reading variables with every check a foreign file needs.
//!
//! The C library is not safe against damaged files: [`super::isolation`] tries a file in a child process first, and
//! [`super::netcdf_signature`] refuses truncated ones before the library sees them. All calls run on one thread
//! ([`on_netcdf_thread`]): Debian's 4.9.0 prints HDF5 diagnostics when a second thread opens a file (Unidata/netcdf-c#2674).

use super::netcdf_signature;
use super::quantity::Quantity;
use crate::error::{Error, Result};
use netcdf::{AttributeValue, Extents};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

type Job = Box<dyn FnOnce() + Send>;

/// Runs `work` on the one thread of this process that calls the NetCDF library, and returns its result. A panic of `work` goes on
/// in the caller. Must not be called from inside `work`.
pub fn on_netcdf_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    static THREAD: OnceLock<Sender<Job>> = OnceLock::new();
    let thread = THREAD.get_or_init(|| {
        let (sender, jobs) = channel::<Job>();
        std::thread::spawn(move || jobs.iter().for_each(|job| job()));
        sender
    });
    let (answer, result) = channel();
    let job = move || {
        // a caller that no longer waits needs no answer
        let _ = answer.send(catch_unwind(AssertUnwindSafe(work)));
    };
    thread.send(Box::new(job)).expect("the NetCDF thread lives as long as the process");
    match result.recv().expect("every job answers") {
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
}

/// An open file whose length agrees with its header.
pub struct NetcdfFile {
    path: PathBuf,
    file: netcdf::File,
}

impl NetcdfFile {
    /// Checks signature and length, then opens.
    ///
    /// # Errors
    /// As [`netcdf_signature::check`], and [`Error::Format`] with the library's message.
    pub fn open(path: &Path) -> Result<Self> {
        netcdf_signature::check(path)?;
        let file = netcdf::open(path).map_err(|e| {
            Error::format(path, "opening", e.to_string(), "a readable NetCDF file", "Fetch or copy the file again")
        })?;
        Ok(Self { path: path.to_path_buf(), file })
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An [`Error::Format`] about this file.
    pub fn error(&self, place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::format(&self.path, place, found, expected, "Check which program wrote the file, or fetch it again")
    }

    /// Whether the variable is there.
    pub fn has(&self, name: &str) -> bool {
        self.file.variable(name).is_some()
    }

    /// Whether the variable is one of characters, strings or other than numbers.
    pub fn is_text(&self, name: &str) -> bool {
        use netcdf::types::NcVariableType;
        let numbers = |t: &NcVariableType| matches!(t, NcVariableType::Int(_) | NcVariableType::Float(_));
        !self.file.variable(name).is_some_and(|v| numbers(&v.vartype()))
    }

    /// Names of all variables, in file order.
    pub fn names(&self) -> Vec<String> {
        self.file.variables().map(|v| v.name()).collect()
    }

    /// Length of a dimension.
    pub fn dimension(&self, name: &str) -> Option<usize> {
        self.file.dimension_len(name)
    }

    /// Names and lengths of the dimensions of a variable.
    ///
    /// # Errors
    /// [`Error::Format`] when the variable is missing.
    pub fn dimensions(&self, name: &str) -> Result<Vec<(String, usize)>> {
        Ok(self.variable(name)?.dimensions().iter().map(|d| (d.name(), d.len())).collect())
    }

    /// A text attribute of a variable, or of the file (`None`), cut at its first NUL byte and trimmed.
    pub fn text(&self, variable: Option<&str>, attribute: &str) -> Option<String> {
        match self.attribute(variable, attribute)? {
            AttributeValue::Str(s) => Some(s.split('\0').next().unwrap_or_default().trim().to_owned()),
            _ => None,
        }
    }

    /// A numeric attribute of a variable, or of the file (`None`).
    pub fn number(&self, variable: Option<&str>, attribute: &str) -> Option<f64> {
        match self.attribute(variable, attribute)? {
            AttributeValue::Floats(v) => v.first().map(|&x| f64::from(x)),
            AttributeValue::Doubles(v) => v.first().copied(),
            AttributeValue::Ints(v) => v.first().map(|&x| f64::from(x)),
            AttributeValue::Shorts(v) => v.first().map(|&x| f64::from(x)),
            other => f64::try_from(other).ok(),
        }
    }

    /// The values of a hyperslab as stored times scale plus offset, fill and missing values as NaN, units not looked at.
    ///
    /// # Errors
    /// [`Error::Format`] when the variable is missing, not numeric, of another rank, or smaller than the slab.
    pub fn raw(&self, name: &str, slab: &[Range<usize>]) -> Result<Vec<f64>> {
        let variable = self.variable(name)?;
        let lengths: Vec<usize> = variable.dimensions().iter().map(netcdf::Dimension::len).collect();
        if lengths.len() != slab.len() || lengths.iter().zip(slab).any(|(&n, r)| r.end > n) {
            return Err(self.error(
                format!("variable {name}"),
                format!("extents {lengths:?}"),
                format!("extents that hold {slab:?}"),
            ));
        }
        let start: Vec<usize> = slab.iter().map(|r| r.start).collect();
        let count: Vec<usize> = slab.iter().map(std::iter::ExactSizeIterator::len).collect();
        let extents = if slab.is_empty() { Extents::from(()) } else { self.extents(name, start, count)? };
        let mut values = variable
            .get_values::<f64, _>(extents)
            .map_err(|e| self.error(format!("variable {name}"), e.to_string(), "numbers that can be read"))?;
        let fills: Vec<f64> =
            ["_FillValue", "missing_value"].iter().filter_map(|a| self.number(Some(name), a)).collect();
        let scale = self.number(Some(name), "scale_factor").unwrap_or(1.0);
        let offset = self.number(Some(name), "add_offset").unwrap_or(0.0);
        for v in &mut values {
            *v = if fills.contains(v) { f64::NAN } else { *v * scale + offset };
        }
        Ok(values)
    }

    /// The values of a hyperslab in SI units of `quantity`; fill values are NaN.
    ///
    /// # Errors
    /// As [`Self::raw`], and [`Error::Format`] when the units are missing or not of this quantity.
    pub fn values_or_gaps(&self, name: &str, quantity: Quantity, slab: &[Range<usize>]) -> Result<Vec<f32>> {
        self.variable(name)?;
        let units = self.text(Some(name), "units").unwrap_or_default();
        let Some(factor) = quantity.factor(&units) else {
            return Err(self.error(format!("variable {name}, units"), format!("`{units}`"), quantity.expected()));
        };
        Ok(self.raw(name, slab)?.into_iter().map(|v| (v * factor) as f32).collect())
    }

    /// As [`Self::values_or_gaps`], and every value must be finite.
    ///
    /// # Errors
    /// As [`Self::values_or_gaps`], and [`Error::Format`] with the first place of a fill value, NaN or infinity.
    pub fn values(&self, name: &str, quantity: Quantity, slab: &[Range<usize>]) -> Result<Vec<f32>> {
        let values = self.values_or_gaps(name, quantity, slab)?;
        let Some(at) = values.iter().position(|v| !v.is_finite()) else {
            return Ok(values);
        };
        let mut rest = at;
        let mut index: Vec<usize> = Vec::new();
        for r in slab.iter().rev() {
            index.insert(0, r.start + rest % r.len());
            rest /= r.len();
        }
        Err(self.error(format!("variable {name} at index {index:?}"), "a fill value or NaN", "a finite number"))
    }

    /// The bytes of a character variable.
    ///
    /// # Errors
    /// [`Error::Format`] when the variable is missing or cannot be read.
    pub fn characters(&self, name: &str) -> Result<Vec<u8>> {
        let variable = self.variable(name)?;
        if variable.vartype() != netcdf::types::NcVariableType::Char {
            return Err(self.error(format!("variable {name}"), "numbers", "characters"));
        }
        variable
            .get_raw_values(..)
            .map_err(|e| self.error(format!("variable {name}"), e.to_string(), "characters that can be read"))
    }

    /// Reads every variable and attribute once and throws them away: what the child process of [`super::isolation`] does.
    ///
    /// # Errors
    /// [`Error::Format`] with the library's message for the first variable that cannot be read.
    pub fn read_everything(&self) -> Result<()> {
        for attribute in self.file.attributes() {
            let _ = attribute.value();
        }
        for variable in self.file.variables() {
            for attribute in variable.attributes() {
                let _ = attribute.value();
            }
            // strings and nested types are not meteorology and are never read
            let plain = matches!(
                variable.vartype(),
                netcdf::types::NcVariableType::Int(_)
                    | netcdf::types::NcVariableType::Float(_)
                    | netcdf::types::NcVariableType::Char
            );
            if plain && variable.len() > 0 {
                variable.get_raw_values(..).map_err(|e| {
                    self.error(format!("variable {}", variable.name()), e.to_string(), "values that can be read")
                })?;
            }
        }
        Ok(())
    }

    fn extents(&self, name: &str, start: Vec<usize>, count: Vec<usize>) -> Result<Extents> {
        Extents::try_from((start, count))
            .map_err(|e| self.error(format!("variable {name}"), e.to_string(), "a valid hyperslab"))
    }

    fn variable(&self, name: &str) -> Result<netcdf::Variable<'_>> {
        self.file
            .variable(name)
            .ok_or_else(|| self.error(format!("variable {name}"), "no such variable", "the variable"))
    }

    fn attribute(&self, variable: Option<&str>, attribute: &str) -> Option<AttributeValue> {
        match variable {
            None => self.file.attribute(attribute)?.value().ok(),
            Some(name) => self.file.variable(name)?.attribute(attribute)?.value().ok(),
        }
    }
}
