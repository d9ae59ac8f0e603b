//! The example's air: columns in hydrostatic balance with a surface inversion at night and a shallow mixed layer by day.

use super::lattice::{Lattice, P_TOP, WRF_G, WRF_R_D};
use super::regime::{Regime, smoothstep};
use super::terrain::Ground;
use super::wind::{Wind, wind};
use chrono::{Datelike, Timelike};

/// All fields of one time in the variables of WRF; layout `[level, y, x]`.
#[derive(Debug, Clone)]
pub(super) struct Weather {
    pub pressure_pa: Vec<f64>,
    /// At interfaces, `[level + 1, y, x]` [m2 s-2].
    pub geopotential: Vec<f64>,
    pub potential_temperature_k: Vec<f64>,
    /// Water vapour and cloud water mixing ratios [kg kg-1].
    pub vapour: Vec<f64>,
    pub cloud: Vec<f64>,
    pub wind: Wind,
    pub surface: Vec<Surface>,
}

/// Fields near the ground of one cell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Surface {
    pub pressure_pa: f64,
    pub temperature_2m_k: f64,
    pub vapour_2m: f64,
    /// Wind at 10 m along the grid's axes [m s-1].
    pub wind_10m: (f64, f64),
    pub friction_velocity_m_s: f64,
    pub mixing_height_m: f64,
    pub sensible_heat_w_m2: f64,
    pub shortwave_w_m2: f64,
    pub snow_kg_m2: f64,
}

/// The weather of one time.
pub(super) fn weather(l: &Lattice, r: &Regime) -> Weather {
    let cells = l.nx * l.ny;
    let psfc: Vec<f64> = (0..cells).map(|c| surface_pressure(l, r, c)).collect();
    let wind = wind(l, r, &psfc);
    let levels = l.levels();
    let mut w = Weather {
        pressure_pa: vec![0.0; levels * cells],
        geopotential: vec![0.0; (levels + 1) * cells],
        potential_temperature_k: vec![0.0; levels * cells],
        vapour: vec![0.0; levels * cells],
        cloud: vec![0.0; levels * cells],
        surface: (0..cells).map(|c| surface(l, r, &wind, c, psfc[c])).collect(),
        wind,
    };
    for (c, &pressure) in psfc.iter().enumerate() {
        let profile = Profile::new(l, r, c, w.surface[c].mixing_height_m);
        w.surface[c].temperature_2m_k = profile.temperature(2.0);
        w.surface[c].vapour_2m = profile.vapour(2.0, pressure);
        fill_column(l, r, c, &profile, pressure, &mut w);
    }
    w
}

/// Integrates one column upward: `d phi = R_d T_v d ln p` between the interfaces of each level.
fn fill_column(l: &Lattice, r: &Regime, c: usize, profile: &Profile, psfc: f64, w: &mut Weather) {
    let cells = l.nx * l.ny;
    let ground = l.ground[c].height_m;
    w.geopotential[c] = WRF_G * ground;
    for k in 0..l.levels() {
        let interface = |eta: f64| P_TOP + eta * (psfc - P_TOP);
        let (below, above) = (interface(l.eta[k]), interface(l.eta[k + 1]));
        let (p, log) = (0.5 * (below + above), (below / above).ln());
        let base = w.geopotential[k * cells + c];
        // the height of the level's middle depends on its temperature: two rounds settle it to millimetres
        let mut z = l.mass_height_m[k];
        let (mut t, mut q, mut thickness) = (0.0, 0.0, 0.0);
        for _ in 0..3 {
            t = profile.temperature(z);
            q = profile.vapour(z, p);
            thickness = WRF_R_D * t * (1.0 + 0.608 * q) * log;
            z = (base + 0.5 * thickness) / WRF_G - ground;
        }
        w.geopotential[(k + 1) * cells + c] = base + thickness;
        w.pressure_pa[k * cells + c] = p;
        w.potential_temperature_k[k * cells + c] = t * (100_000.0 / p).powf(2.0 / 7.0);
        w.vapour[k * cells + c] = q;
        if (700.0..2000.0).contains(&z) {
            w.cloud[k * cells + c] = 3e-5 * r.cloud;
        }
    }
}

/// Sea-level pressure in geostrophic balance with the lower wind, reduced to the ground.
fn surface_pressure(l: &Lattice, r: &Regime, c: usize) -> f64 {
    let x = ((c % l.nx) as f64 - 0.5 * (l.nx as f64 - 1.0)) * l.dx_m;
    let y = ((c / l.nx) as f64 - 0.5 * (l.ny as f64 - 1.0)) * l.dx_m;
    let (density, coriolis) = (1.35, 1.0e-4);
    let sea_level = 102_600.0 + 700.0 * r.stagnation + density * coriolis * (r.lower_wind.1 * x - r.lower_wind.0 * y);
    let (t0, lapse) = (264.0, 0.0045);
    sea_level * (1.0 - lapse * l.ground[c].height_m / t0).powf(WRF_G / (WRF_R_D * lapse))
}

/// Temperature and humidity above one cell as functions of height.
struct Profile {
    ground: Ground,
    stagnation: f64,
    cold: f64,
    /// Correction of the free air for the distance north [K].
    north_k: f64,
    deficit_k: f64,
    inversion_m: f64,
    mixed_m: f64,
}

impl Profile {
    fn new(l: &Lattice, r: &Regime, c: usize, mixing_height_m: f64) -> Self {
        let ground = l.ground[c];
        let s = r.stagnation;
        let y = ((c / l.nx) as f64 - 0.5 * (l.ny as f64 - 1.0)) * l.dx_m;
        let sheltered = 0.65 + 0.35 * ground.basin;
        let over_land = s * (2.5 + 7.5 * r.cold * sheltered) + (1.0 - s) * (0.5 + r.cold);
        Self {
            ground,
            stagnation: s,
            cold: r.cold,
            // thermal wind of the upper stream
            north_k: -4e-6 * y,
            deficit_k: if ground.is_land { over_land } else { 0.15 * over_land },
            inversion_m: s * (450.0 - 230.0 * r.cold) + (1.0 - s) * 300.0,
            mixed_m: mixing_height_m * (r.mixing + (1.0 - r.mixing) * (1.0 - s)),
        }
    }

    /// Temperature [K] at `z` m above ground.
    fn temperature(&self, z: f64) -> f64 {
        let above = z.max(self.mixed_m);
        let deficit = self.deficit_k * (1.0 - above / self.inversion_m).max(0.0).powi(2);
        self.free_air(self.ground.height_m + above) - deficit + 0.0098 * (above - z)
    }

    fn free_air(&self, altitude: f64) -> f64 {
        let s = self.stagnation;
        let (low, high) = (altitude.min(2000.0), (altitude - 2000.0).max(0.0));
        let t = 260.0 + 6.0 * s - (0.0065 - 0.002 * s) * low - 0.0065 * high;
        // a smooth tropopause
        (t - 216.0).max(0.0) + 216.0 + self.north_k * (1.0 - smoothstep(8000.0, 11_000.0, altitude))
    }

    /// Water vapour mixing ratio [kg kg-1] at `z` m above ground and pressure `p` [Pa].
    fn vapour(&self, z: f64, p: f64) -> f64 {
        let near_ground = 0.62 + 0.14 * self.cold + 0.04 * self.ground.basin;
        let dry = smoothstep(300.0, 9000.0, z).sqrt();
        let humidity = near_ground + (0.12 - near_ground) * dry;
        let celsius = self.temperature(z) - 273.15;
        // Bolton (1980), eq. 10
        let e = humidity * 611.2 * (17.67 * celsius / (celsius + 243.5)).exp();
        0.622 * e / (p - e)
    }
}

fn surface(l: &Lattice, r: &Regime, wind: &Wind, c: usize, pressure_pa: f64) -> Surface {
    let (x, y) = (c % l.nx, c / l.nx);
    let ground = l.ground[c];
    let s = r.stagnation;
    let roughness: f64 = if ground.is_land { 0.3 } else { 0.001 };
    let to_10m = (10.0 / roughness).ln() / (l.mass_height_m[0] / roughness).ln();
    let mean = |a: f32, b: f32| 0.5 * (f64::from(a) + f64::from(b)) * to_10m;
    let row = y * (l.nx + 1) + x;
    let wind_10m = (mean(wind.u[row], wind.u[row + 1]), mean(wind.v[c], wind.v[c + l.nx]));
    let stable = 2.0 * s * r.cold - 0.5 * r.mixing;
    let u_star = (0.4 * wind_10m.0.hypot(wind_10m.1) / ((10.0 / roughness).ln() + stable)).max(0.03);
    let shortwave = shortwave(r, l.centres[c]) * (1.0 - 0.4 * r.cloud);
    let night = 1.0 - smoothstep(0.0, 150.0, shortwave);
    let (sensible, mixing_height_m) = if ground.is_land {
        let stagnant_night = (50.0 + 600.0 * u_star).clamp(60.0, 150.0);
        let stagnant_day = (300.0 + 0.13 * ground.height_m - 60.0 * ground.basin).clamp(250.0, 450.0);
        let windy_night = (900.0 * u_star).clamp(250.0, 600.0);
        let stagnant = stagnant_night + (stagnant_day - stagnant_night) * r.mixing;
        let windy = windy_night + (800.0 - windy_night) * r.mixing;
        (0.15 * shortwave - night * (4.0 + 60.0 * u_star).min(20.0), s * stagnant + (1.0 - s) * windy)
    } else {
        (40.0, 400.0 * s + 700.0 * (1.0 - s))
    };
    Surface {
        pressure_pa,
        wind_10m,
        friction_velocity_m_s: u_star,
        mixing_height_m,
        sensible_heat_w_m2: sensible,
        shortwave_w_m2: shortwave,
        snow_kg_m2: if ground.is_land { 8.0 + 0.006 * ground.height_m + r.snowfall_kg_m2 } else { 0.0 },
        ..Surface::default()
    }
}

/// Clear-sky radiation [W m-2] by Haurwitz (1945), less 15 % for haze; declination by Cooper (1969).
fn shortwave(r: &Regime, (lon, lat): (f64, f64)) -> f64 {
    let declination = (23.45 * (360.0 * (284.0 + f64::from(r.time.ordinal())) / 365.0).to_radians().sin()).to_radians();
    let hour_angle = (15.0 * (f64::from(r.time.hour()) - 12.0) + lon).to_radians();
    let lat = lat.to_radians();
    let cosine = lat.sin() * declination.sin() + lat.cos() * declination.cos() * hour_angle.cos();
    if cosine <= 0.0 { 0.0 } else { 0.85 * 1098.0 * cosine * (-0.057 / cosine).exp() }
}
