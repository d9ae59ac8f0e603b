//! The part of a GRIB2 grid that is kept.

use super::Window;
use super::grib2_message::{Field, LatLon};
use crate::domain::grid::HorizontalGrid;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Cells kept around the window, for interpolation.
const MARGIN_CELLS: f64 = 2.0;

/// The cells of a message that are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crop {
    pub grid: HorizontalGrid,
    /// Positions in the message of the kept cells, rows northward.
    pub positions: Vec<usize>,
    /// Values up to the last kept one.
    pub most: usize,
}

impl Crop {
    /// The cells of `g`, the grid of `field`, in the window, as far as it reaches into that, and two around it; all without a window.
    ///
    /// # Errors
    /// [`Error::Format`] when the grid lies beside the window.
    pub fn new(field: &Field, g: &LatLon, window: Option<Window>) -> Result<Self> {
        let south = if g.northward { g.first_lat } else { g.first_lat - (g.nj as f64 - 1.0) * g.dj };
        let cyclic = (g.ni as f64 * g.di - 360.0).abs() < 0.5 * g.di;
        let (columns, rows, x0) = match window {
            // a longitude of the western half is written negative, whatever the message says
            None => {
                let west = if g.first_lon >= 180.0 { g.first_lon - 360.0 } else { g.first_lon };
                ((0, g.ni), (0, g.nj), west)
            }
            Some((west, south_edge, east, north_edge)) => {
                let refuse = || {
                    let path = &field.path;
                    let north = south + (g.nj as f64 - 1.0) * g.dj;
                    let found =
                        format!("longitudes from {} by {} ({}), latitudes {south} to {north}", g.first_lon, g.di, g.ni);
                    let expected =
                        format!("a grid with a part of {west:.2} to {east:.2} E, {south_edge:.2} to {north_edge:.2} N");
                    let remedy = "Fetch a file that covers the model grid";
                    Error::format(path, format!("{}, grid definition", field.place()), found, expected, remedy)
                };
                // the window's western edge in cells from the first point, on the turn of the circle nearest to the grid
                let middle = g.first_lon + 0.5 * (g.ni as f64 - 1.0) * g.di;
                let turn = ((0.5 * (west + east) - middle) / 360.0).round() * 360.0;
                let mut first = ((west - turn - g.first_lon) / g.di).floor() - MARGIN_CELLS;
                let mut last = ((east - turn - g.first_lon) / g.di).ceil() + MARGIN_CELLS;
                if !cyclic {
                    (first, last) = (first.max(0.0), last.min(g.ni as f64 - 1.0));
                } else if last - first + 1.0 > g.ni as f64 {
                    (first, last) = (0.0, g.ni as f64 - 1.0);
                }
                let bottom = (((south_edge - south) / g.dj).floor() - MARGIN_CELLS).max(0.0);
                let top = (((north_edge - south) / g.dj).ceil() + MARGIN_CELLS).min(g.nj as f64 - 1.0);
                if !(bottom <= top && first <= last) {
                    return Err(refuse());
                }
                let (bottom, top) = (bottom as usize, top as usize);
                let start = first.rem_euclid(g.ni as f64) as usize;
                let count = (last - first) as usize + 1;
                ((start, count), (bottom, top - bottom + 1), g.first_lon + turn + first * g.di)
            }
        };
        let projection = format!("+proj=latlong +R={}", crate::constants::EARTH_RADIUS_M);
        let y0 = south + rows.0 as f64 * g.dj;
        let grid = HorizontalGrid::new(&projection, (columns.1, rows.1), (x0, y0), (g.di, g.dj)).map_err(|e| {
            Error::format(&field.path, format!("{}, grid definition", field.place()), e, "a grid", "Check the file")
        })?;
        let message_row = |row: usize| if g.northward { row } else { g.nj - 1 - row };
        let positions: Vec<usize> = (rows.0..rows.0 + rows.1)
            .flat_map(|row| (0..columns.1).map(move |c| (row, c)))
            .map(|(row, c)| message_row(row) * g.ni + (columns.0 + c) % g.ni)
            .collect();
        let most = positions.iter().max().map_or(0, |last| last + 1);
        Ok(Self { grid, positions, most })
    }
}
