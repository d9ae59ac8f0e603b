//! Where the example's values stand: a Lambert C grid of 12 km and 20 pressure-following levels, as WRF has them.

use super::terrain::{Ground, ground};
use crate::domain::grid::HorizontalGrid;

/// Pressure at the model top [Pa].
pub(super) const P_TOP: f64 = 21_000.0;
/// Acceleration of gravity and gas constant of dry air as in WRF [m s-2, J kg-1 K-1].
pub(super) const WRF_G: f64 = 9.81;
pub(super) const WRF_R_D: f64 = 287.0;

/// Attributes of the projection [degrees].
pub(super) const TRUELAT1: f64 = 42.0;
pub(super) const TRUELAT2: f64 = 44.0;
pub(super) const STAND_LON: f64 = 129.5;
pub(super) const MOAD_CEN_LAT: f64 = 43.0;
/// Centre of the domain [degrees].
pub(super) const CENTRE: (f64, f64) = (129.3, 43.0);

const NX: usize = 50;
const NY: usize = 44;
const DX_M: f64 = 12_000.0;

/// Heights of the level interfaces over low ground [m].
const INTERFACES_M: [f64; 21] = [
    0.0, 30.0, 65.0, 110.0, 165.0, 235.0, 325.0, 440.0, 590.0, 790.0, 1050.0, 1400.0, 1850.0, 2400.0, 3100.0, 4000.0,
    5000.0, 6200.0, 7600.0, 9200.0, 11_000.0,
];

/// The grid and everything on it that does not change with time.
#[derive(Debug, Clone)]
pub(super) struct Lattice {
    pub nx: usize,
    pub ny: usize,
    pub dx_m: f64,
    /// Longitude and latitude [degrees] of cell centres, u faces and v faces.
    pub centres: Vec<(f64, f64)>,
    pub u_faces: Vec<(f64, f64)>,
    pub v_faces: Vec<(f64, f64)>,
    pub map_factor: Vec<f64>,
    pub map_factor_u: Vec<f64>,
    pub map_factor_v: Vec<f64>,
    /// Angle from true east to the grid's x axis [radians], counter-clockwise.
    pub rotation: Vec<f64>,
    pub ground: Vec<Ground>,
    /// eta at interfaces, 1 at the ground, 0 at the top.
    pub eta: Vec<f64>,
    /// Positive thickness of each level in eta.
    pub d_eta: Vec<f64>,
    /// Nominal height of level centres above ground [m].
    pub mass_height_m: Vec<f64>,
}

impl Lattice {
    /// The example's lattice.
    pub(super) fn new() -> Self {
        let proj = format!(
            "+proj=lcc +lat_1={TRUELAT1} +lat_2={TRUELAT2} +lat_0={MOAD_CEN_LAT} +lon_0={STAND_LON} +R=6370000"
        );
        let grid = |n: (usize, usize), (x0, y0): (f64, f64)| {
            HorizontalGrid::new(&proj, n, (x0, y0), (DX_M, DX_M)).expect("a valid constant projection")
        };
        // position of the centre in the projection, as an index of a lattice of 1-cell spacing at the origin
        let (cx, cy) = grid((1, 1), (0.0, 0.0)).transform().index(CENTRE.0, CENTRE.1);
        let (x0, y0) = ((cx - 0.5 * (NX as f64 - 1.0)) * DX_M, (cy - 0.5 * (NY as f64 - 1.0)) * DX_M);
        let centres = grid((NX, NY), (x0, y0)).centres();
        let u_faces = grid((NX + 1, NY), (x0 - 0.5 * DX_M, y0)).centres();
        let v_faces = grid((NX, NY + 1), (x0, y0 - 0.5 * DX_M)).centres();
        let factors = |points: &[(f64, f64)]| points.iter().map(|p| map_factor(p.1)).collect::<Vec<_>>();
        let eta = eta_levels();
        Self {
            nx: NX,
            ny: NY,
            dx_m: DX_M,
            map_factor: factors(&centres),
            map_factor_u: factors(&u_faces),
            map_factor_v: factors(&v_faces),
            rotation: centres.iter().map(|p| cone() * (STAND_LON - p.0).to_radians()).collect(),
            ground: centres.iter().map(|p| ground(p.0, p.1)).collect(),
            d_eta: eta.windows(2).map(|w| w[0] - w[1]).collect(),
            mass_height_m: INTERFACES_M.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect(),
            eta,
            centres,
            u_faces,
            v_faces,
        }
    }

    /// Number of levels.
    pub(super) fn levels(&self) -> usize {
        self.d_eta.len()
    }
}

/// Cone constant of the Lambert conformal projection with two standard parallels (Snyder 1987, eq. 15-3).
fn cone() -> f64 {
    let (p1, p2) = (TRUELAT1.to_radians(), TRUELAT2.to_radians());
    (p1.cos().ln() - p2.cos().ln()) / (colatitude_tangent(p1).ln() - colatitude_tangent(p2).ln())
}

/// Map factor at a latitude [degrees] (Snyder 1987, eq. 15-4 for the sphere).
fn map_factor(lat: f64) -> f64 {
    let (p, p1) = (lat.to_radians(), TRUELAT1.to_radians());
    p1.cos() / p.cos() * (colatitude_tangent(p) / colatitude_tangent(p1)).powf(cone())
}

fn colatitude_tangent(lat: f64) -> f64 {
    (std::f64::consts::FRAC_PI_4 - 0.5 * lat).tan()
}

/// eta of the interfaces whose heights over low ground are [`INTERFACES_M`], in a winter column of 262 K less 5.5 K km-1.
fn eta_levels() -> Vec<f64> {
    let mut ln_p = vec![0.0];
    for w in INTERFACES_M.windows(2) {
        let mean = (262.0 - 0.0055 * 0.5 * (w[0] + w[1])).max(216.0);
        ln_p.push(ln_p[ln_p.len() - 1] - WRF_G * (w[1] - w[0]) / (WRF_R_D * mean));
    }
    let p: Vec<f64> = ln_p.iter().map(|l| l.exp()).collect();
    let top = p[p.len() - 1];
    p.iter().map(|p| (p - top) / (1.0 - top)).collect()
}
