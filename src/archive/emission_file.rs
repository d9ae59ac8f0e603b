//! Hourly emissions on the model grid as a CF NetCDF-4 file, written hour by hour.
//!
//! Every species is a variable over (time, layer, y, x) [kg s-1 per cell], the mean of the hour that ends at its time. Species without emission in any
//! hour are zero throughout. The file is under its name only after it was closed without error. The same emissions give the same bytes.
//!
//! # Reference
//! CF Conventions 1.11.

use super::durable::{self, install, prove_space, temporary};
use super::grid_mapping::{GridMapping, grid_mapping};
use crate::domain::grid::Grid;
use crate::domain::species::Species;
use crate::error::{Error, Result};
use crate::input::netcdf_file::on_netcdf_thread;
use crate::simulation::emission_placement::EmissionField;
use chrono::{DateTime, Utc};
use netcdf::{FileMut, VariableMut};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};

const MAPPING: &str = "projection";
const FILL: f32 = -9999.0;
/// Hours that may wait to be written: memory for a slow disk.
const WAITING: usize = 2;
/// Deflate level: emissions aloft are mostly zeros, which any level packs.
const DEFLATE: i32 = 1;

/// Writes the emissions of hours from `start`: `hour` is asked for each field in turn while the one before is written.
///
/// # Errors
/// `Invalid` when the projection has no CF mapping; `Io` when the disk does not take the file; what `hour` returns.
pub fn write(
    path: &Path,
    grid: &Grid,
    layers: usize,
    start: DateTime<Utc>,
    hours: u32,
    mut hour: impl FnMut(u32, EmissionField) -> Result<EmissionField>,
) -> Result<()> {
    let mapping = grid_mapping(&grid.horizontal, path)?;
    let draft = temporary(path)?;
    // HDF5 does not survive a full disk: a deflated file of mostly zeros is below a fifth of its values
    let values = written_species().len() as u64 * layers as u64 * grid.horizontal.cells() as u64 * u64::from(hours);
    prove_space(path, 1_000_000 + values * 4 / 5)?;
    let (sender, receiver) = sync_channel::<EmissionField>(WAITING);
    let (back, spare) = sync_channel::<EmissionField>(WAITING + 2);
    let plan = Plan { draft: draft.clone(), grid: grid.clone(), mapping, layers, start, hours };
    let writer = std::thread::spawn(move || {
        on_netcdf_thread(move || {
            let mut file = plan.create()?;
            let mut done = 0;
            for field in receiver {
                plan.put(&mut file, done, &field)?;
                done += 1;
                // nobody waits for the last fields
                let _ = back.try_send(field);
            }
            file.sync().and_then(|()| file.close()).map_err(|e| refused(&plan.draft, &e))?;
            Ok(done)
        })
    });
    let made = make(grid, layers, hours, &sender, &spare, &mut hour);
    drop(sender);
    let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    match made.and(written) {
        Ok(done) if done == hours => {
            durable::sync_file(&draft)?;
            install(&draft, path)
        }
        other => {
            // the first error is the one to report
            let _ = std::fs::remove_file(&draft);
            other.map(|_| ())
        }
    }
}

fn make(
    grid: &Grid,
    layers: usize,
    hours: u32,
    sender: &SyncSender<EmissionField>,
    spare: &std::sync::mpsc::Receiver<EmissionField>,
    hour: &mut impl FnMut(u32, EmissionField) -> Result<EmissionField>,
) -> Result<()> {
    for h in 0..hours {
        let field = spare.try_recv().unwrap_or_else(|_| EmissionField::new(grid, layers));
        if sender.send(hour(h, field)?).is_err() {
            // the writer ended: its error is the one to report
            return Ok(());
        }
    }
    Ok(())
}

/// The species that are emitted.
fn written_species() -> Vec<Species> {
    Species::ALL.into_iter().filter(|s| *s != Species::Tracer).collect()
}

/// The library does not say why the system refused; a full disk is the usual reason.
fn refused(path: &Path, e: &netcdf::Error) -> Error {
    Error::io(path, std::io::Error::other(format!("{e}; is the disk full, or the folder not writable?")))
}

struct Plan {
    draft: PathBuf,
    grid: Grid,
    mapping: GridMapping,
    layers: usize,
    start: DateTime<Utc>,
    hours: u32,
}

impl Plan {
    fn create(&self) -> Result<FileMut> {
        let mut file = netcdf::create(&self.draft).map_err(|e| refused(&self.draft, &e))?;
        self.describe(&mut file).map_err(|e| refused(&self.draft, &e))?;
        Ok(file)
    }

    fn describe(&self, file: &mut FileMut) -> netcdf::Result<()> {
        let horizontal = &self.grid.horizontal;
        let sizes = [
            ("time", self.hours as usize),
            ("nv", 2),
            ("layer", self.layers),
            ("y", horizontal.ny),
            ("x", horizontal.nx),
        ];
        for (name, length) in sizes {
            file.add_dimension(name, length)?;
        }
        for (name, value) in [
            ("Conventions", "CF-1.11".to_owned()),
            ("title", "Emissions: hourly means on the model grid".to_owned()),
            ("institution", "operator of hazecast".to_owned()),
            ("source", format!("hazecast {}, grid {}", env!("CARGO_PKG_VERSION"), self.grid.name)),
            (
                "history",
                format!("emissions from {} by hazecast {}", self.start.to_rfc3339(), env!("CARGO_PKG_VERSION")),
            ),
            ("comment", "Each hour is stamped with its end; times are UTC. NOx is given as no2.".to_owned()),
        ] {
            file.add_attribute(name, value)?;
        }
        let units = format!("hours since {}", self.start.format("%Y-%m-%d %H:%M:%S"));
        let ends: Vec<f64> = (1..=self.hours).map(f64::from).collect();
        let bounds: Vec<f64> = ends.iter().flat_map(|h| [h - 1.0, *h]).collect();
        let time = [
            ("standard_name", "time"),
            ("long_name", "end of the hour"),
            ("units", &units),
            ("calendar", "standard"),
            ("axis", "T"),
            ("bounds", "time_bnds"),
        ];
        put(&mut file.add_variable::<f64>("time", &["time"])?, &time, &ends)?;
        put(&mut file.add_variable::<f64>("time_bnds", &["time", "nv"])?, &[], &bounds)?;
        let interfaces = &self.grid.vertical.interfaces_m[..=self.layers];
        let middles: Vec<f64> = interfaces.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect();
        let edges: Vec<f64> = interfaces.windows(2).flat_map(|w| [w[0], w[1]]).collect();
        let height = [
            ("standard_name", "height"),
            ("long_name", "middle of the layer above ground"),
            ("units", "m"),
            ("positive", "up"),
            ("axis", "Z"),
            ("bounds", "layer_bnds"),
        ];
        put(&mut file.add_variable::<f64>("layer", &["layer"])?, &height, &middles)?;
        put(&mut file.add_variable::<f64>("layer_bnds", &["layer", "nv"])?, &[], &edges)?;
        self.axes(file)?;
        let mut mapping = file.add_variable::<i32>(MAPPING, &[])?;
        mapping.put_attribute("grid_mapping_name", self.mapping.name)?;
        for (name, values) in &self.mapping.attributes {
            match values.as_slice() {
                [one] => mapping.put_attribute(name, *one)?,
                several => mapping.put_attribute(name, several.to_vec())?,
            };
        }
        mapping.put_attribute("proj_string", horizontal.projection())?;
        mapping.put_value(0i32, ())?;
        for species in written_species() {
            let mut variable = file.add_variable::<f32>(species.name(), &["time", "layer", "y", "x"])?;
            // one hour and layer is one chunk
            variable.set_chunking(&[1, 1, horizontal.ny, horizontal.nx])?;
            variable.set_compression(DEFLATE, true)?;
            variable.set_fill_value(FILL)?;
            let long_name = format!("emission of {}", species.name());
            let mut attributes = vec![
                ("long_name", long_name.as_str()),
                ("units", "kg s-1"),
                ("cell_methods", "time: mean area: sum"),
                ("grid_mapping", MAPPING),
            ];
            attributes.extend((!horizontal.is_latlon()).then_some(("coordinates", "lat lon")));
            put::<f32>(&mut variable, &attributes, &[])?;
        }
        Ok(())
    }

    fn axes(&self, file: &mut FileMut) -> netcdf::Result<()> {
        let g = &self.grid.horizontal;
        for (name, n, origin, step, axis) in [("y", g.ny, g.y0, g.dy, "Y"), ("x", g.nx, g.x0, g.dx, "X")] {
            let (standard_name, units) = match (g.is_latlon(), axis) {
                (true, "X") => ("longitude", "degrees_east"),
                (true, _) => ("latitude", "degrees_north"),
                (false, "X") => ("projection_x_coordinate", "m"),
                (false, _) => ("projection_y_coordinate", "m"),
            };
            let values: Vec<f64> = (0..n).map(|i| origin + i as f64 * step).collect();
            let attributes = [
                ("standard_name", standard_name),
                ("long_name", "centre of the cell"),
                ("units", units),
                ("axis", axis),
            ];
            put(&mut file.add_variable::<f64>(name, &[name])?, &attributes, &values)?;
        }
        if !g.is_latlon() {
            let (lon, lat): (Vec<f64>, Vec<f64>) = g.centres().into_iter().unzip();
            for (name, standard_name, units, values) in
                [("lon", "longitude", "degrees_east", lon), ("lat", "latitude", "degrees_north", lat)]
            {
                let mut variable = file.add_variable::<f64>(name, &["y", "x"])?;
                put(
                    &mut variable,
                    &[("standard_name", standard_name), ("long_name", standard_name), ("units", units)],
                    &values,
                )?;
            }
        }
        Ok(())
    }

    fn put(&self, file: &mut FileMut, hour: u32, field: &EmissionField) -> Result<()> {
        let (ny, nx) = (self.grid.horizontal.ny, self.grid.horizontal.nx);
        let values = field.rate_kg_s.as_slice().expect("fields are in standard layout");
        let planes = self.layers * ny * nx;
        for species in written_species() {
            let of_species = &values[species.index() * planes..(species.index() + 1) * planes];
            if let Some(cell) = of_species.iter().position(|v| !v.is_finite()) {
                return Err(Error::Unstable {
                    process: format!("emission of {}", species.name()),
                    place: format!("hour {hour}, layer {}, cell {}", cell / (ny * nx), cell % (ny * nx)),
                    found: of_species[cell].to_string(),
                    expected: "a finite value in kg s-1".into(),
                });
            }
            let written = (|| {
                let mut variable = file
                    .variable_mut(species.name())
                    .ok_or_else(|| netcdf::Error::Str(format!("no variable {}", species.name())))?;
                variable.put_values(of_species, (hour as usize, .., .., ..))
            })();
            written.map_err(|e| refused(&self.draft, &e))?;
        }
        Ok(())
    }
}

fn put<T: netcdf::NcTypeDescriptor + Copy>(
    variable: &mut VariableMut<'_>,
    attributes: &[(&str, &str)],
    values: &[T],
) -> netcdf::Result<()> {
    for (name, value) in attributes {
        variable.put_attribute(name, *value)?;
    }
    if values.is_empty() { Ok(()) } else { variable.put_values(values, ..) }
}
