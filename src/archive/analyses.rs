//! The analyses of a night: the factors that every run of it takes.
//!
//! One line of JSON, then little-endian f32: for each grid, the innermost first, and each of its hours `ln factor [component, y, x]`. The header's
//! hash covers the numbers.

use super::durable::{sha256, write_atomic};
use crate::error::{Error, Result};
use crate::simulation::analysis::{Analyses, Component, GridAnalyses};
use ndarray::Array3;
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: u32,
    /// What the numbers are.
    content: String,
    components: Vec<String>,
    /// The innermost first.
    grids: Vec<GridHeader>,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GridHeader {
    ny: usize,
    nx: usize,
    /// Hours of the run, 0 the first; a factor acts at the end of its hour.
    hours: Vec<u32>,
}

/// Writes the analyses of a night; returns the file's hash.
///
/// # Errors
/// `Io` when the disk does not take the file.
pub fn write(path: &Path, analyses: &Analyses) -> Result<String> {
    let (mut grids, mut body) = (Vec::new(), Vec::new());
    let mut next = Some(analyses);
    while let Some(one) = next {
        let (ny, nx) = one.grid.hours.first().map_or((0, 0), |(_, f)| (f.dim().1, f.dim().2));
        grids.push(GridHeader { ny, nx, hours: one.grid.hours.iter().map(|(hour, _)| *hour).collect() });
        body.extend(one.grid.hours.iter().flat_map(|(_, f)| f.iter()).flat_map(|v| v.to_le_bytes()));
        next = one.outer.as_deref();
    }
    let header = Header {
        schema: 1,
        content: "natural logarithm of the factor at the ground, [grid][hour][component][y][x], little-endian f32"
            .into(),
        components: Component::ALL.map(|c| format!("{c:?}").to_lowercase()).into(),
        grids,
        sha256: sha256(&body),
    };
    let mut bytes = serde_json::to_vec(&header).map_err(|e| Error::io(path, e.into()))?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&body);
    write_atomic(path, &bytes)?;
    Ok(sha256(&bytes))
}

/// Reads them back, with the hash of the file.
///
/// # Errors
/// `Io` when it cannot be read, `Format` when it is not as written.
pub fn read(path: &Path) -> Result<(Analyses, String)> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let wrong = |found: String| {
        Error::format(path, "the file", found, "analyses as a night archives them", "Run the night again")
    };
    let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| wrong("no header".into()))?;
    let header: Header = serde_json::from_slice(&bytes[..end]).map_err(|e| wrong(e.to_string()))?;
    let body = &bytes[end + 1..];
    let per_hour = |g: &GridHeader| Component::ALL.len().checked_mul(g.ny)?.checked_mul(g.nx);
    let numbers = header.grids.iter().try_fold(0usize, |n, g| n.checked_add(per_hour(g)?.checked_mul(g.hours.len())?));
    if header.schema != 1 || numbers.and_then(|n| n.checked_mul(4)) != Some(body.len()) || sha256(body) != header.sha256
    {
        return Err(wrong(format!("{} bytes that do not belong to the header", body.len())));
    }
    let mut values = body.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]));
    let mut grids = Vec::new();
    for g in &header.grids {
        let shape = (Component::ALL.len(), g.ny, g.nx);
        let hours = g.hours.iter().map(|hour| {
            let factors = values.by_ref().take(shape.0 * shape.1 * shape.2).collect();
            Array3::from_shape_vec(shape, factors).map(|f| (*hour, f)).map_err(|e| wrong(e.to_string()))
        });
        grids.push(GridAnalyses { hours: hours.collect::<Result<_>>()? });
    }
    let inward = |outer: Option<Box<Analyses>>, grid: GridAnalyses| Some(Box::new(Analyses { grid, outer }));
    let analyses = grids.into_iter().rev().fold(None, inward).ok_or_else(|| wrong("no grid".into()))?;
    Ok((*analyses, sha256(&bytes)))
}
