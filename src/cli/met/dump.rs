//! `hazecast met dump`: decoded values as little-endian 32-bit numbers, and an index of them on stdout.

use super::super::output;
use super::{as_driver, quantities, raw};
use crate::archive::durable::{install, temporary};
use crate::error::{Error, Result};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct DumpArgs {
    /// A meteorology file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file of numbers to write
    #[arg(long, short, value_name = "OUT")]
    output: PathBuf,
    /// Write the quantities that the model takes, at mass points and earth-relative, instead of the fields of the file
    #[arg(long)]
    driver: bool,
}

/// Where a field stands in the file of numbers.
#[derive(Serialize)]
struct Entry {
    name: String,
    unit: String,
    /// Level, in the file's unit; absent for all levels together.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<u8>,
    time: Option<String>,
    /// Number of the first value.
    offset: u64,
    /// Extent, slowest first: level, y, x; rows northward where the lattice is understood.
    shape: Vec<usize>,
}

struct Numbers<'a> {
    path: &'a Path,
    file: BufWriter<File>,
    written: u64,
}

impl Numbers<'_> {
    /// Writes values and returns the number of the first one.
    fn add(&mut self, values: &[f32]) -> Result<u64> {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(|e| Error::io(self.path, e))?;
        let offset = self.written;
        self.written += values.len() as u64;
        Ok(offset)
    }
}

pub(super) fn run(args: &DumpArgs) -> Result<u8> {
    // the name is taken when the numbers are whole: the output may be the name of an earlier one, or of the file itself
    let draft = temporary(&args.output)?;
    let written = write(args, &draft);
    if written.is_err() {
        // the first error is the one to report
        let _ = std::fs::remove_file(&draft);
    }
    let index = written?;
    install(&draft, &args.output)?;
    output::print_json(&index)?;
    Ok(0)
}

/// Writes the numbers, and says what each of them is.
fn write(args: &DumpArgs, draft: &Path) -> Result<Vec<Entry>> {
    let file = File::create(draft).map_err(|e| Error::io(draft, e))?;
    let mut numbers = Numbers { path: &args.output, file: BufWriter::new(file), written: 0 };
    let mut index = Vec::new();
    if args.driver {
        for met in as_driver(&args.file)? {
            let (cells, extent) = (met.grid.cells(), [met.grid.ny, met.grid.nx]);
            for quantity in &quantities::ALL {
                let Some(values) = quantity.values(&met) else { continue };
                let levels = values.len() / cells;
                index.push(Entry {
                    name: quantity.name.to_owned(),
                    unit: quantity.unit.to_owned(),
                    level: None,
                    member: None,
                    time: Some(met.valid_time.to_rfc3339()),
                    offset: numbers.add(&values)?,
                    shape: if levels > 1 { [vec![levels], extent.to_vec()].concat() } else { extent.to_vec() },
                });
            }
        }
    } else {
        for field in raw(&args.file, None)? {
            let shape = match &field.grid {
                Ok(grid) => vec![grid.ny, grid.nx],
                Err(_) => vec![field.values.len()],
            };
            index.push(Entry {
                unit: field.units,
                level: field.level,
                member: field.member,
                time: field.time.map(|t| t.to_rfc3339()),
                offset: numbers.add(&field.values)?,
                shape,
                name: field.name,
            });
        }
    }
    numbers.file.flush().map_err(|e| Error::io(&args.output, e))?;
    Ok(index)
}
