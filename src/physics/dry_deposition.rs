//! Dry deposition velocities: gases by surface resistance, particles by size.

use super::sedimentation::{dynamic_viscosity, mean_free_path, settling_speed, slip_correction};
use super::surface_layer::SurfaceLayer;
use crate::constants::{BOLTZMANN, GRAVITY, R_DRY, VON_KARMAN};
use crate::domain::species::{Phase, Species};

/// Resistance of a path that does not exist [s m-1].
const CLOSED: f32 = 1e9;
/// Lowest surface resistance [s m-1] (Wesely 1989: at least 10).
const LOWEST_RESISTANCE: f32 = 10.0;

/// What covers the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cover {
    /// Snow on the ground, leafless stems above it.
    Snow,
    /// Late autumn to spring without snow: stubble, bare soil, dormant grass.
    Dormant,
    /// Growing season.
    Green,
    /// Open fresh or salt water.
    Water,
}

/// The receiving surface and the air just above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurfaceState {
    pub cover: Cover,
    /// Air temperature near the ground [K].
    pub temperature_k: f32,
    pub pressure_pa: f32,
    /// Downward short-wave radiation [W m-2].
    pub shortwave_w_m2: f32,
    /// Surface wet by rain or dew.
    pub wet: bool,
}

/// Resistances of one cover for SO2 and O3 [s m-1]: Wesely (1989), Table 1.
struct Resistances {
    stomata: f32,
    cuticle: f32,
    canopy: f32,
    ground_so2: f32,
    ground_o3: f32,
    lower_so2: f32,
    lower_o3: f32,
}

/// Properties of a gas: Wesely (1989), Table 2.
struct Gas {
    /// Diffusivity of water vapour over that of the gas [1].
    diffusivity_ratio: f32,
    /// Effective Henry constant at pH 7 [mol l-1 atm-1].
    henry: f32,
    /// Reactivity relative to ozone [1].
    reactivity: f32,
    /// Taken up by dew as SO2 is (Wesely 1989, eq. 10).
    acid: bool,
}

/// Deposition velocity [m s-1] at `height_m` [m] above ground; 0 for the tracer.
///
/// Gases: `1 / (ra + rb + rc)` (Wesely & Hicks 1977); particles: `v_g + 1 / (ra + rs)` (Zhang et al. 2001, eq. 1, with the
/// coefficients of Emerson et al. 2020), which contains the settling speed. Fine particles have a diameter of 0.35 um and
/// 1500 kg m-3, coarse 4 um and 2000 kg m-3.
pub fn deposition_velocity(species: Species, state: &SurfaceState, layer: &SurfaceLayer, height_m: f32) -> f32 {
    let ra = layer.aerodynamic_resistance(height_m);
    match species.phase() {
        Phase::Passive => 0.0,
        Phase::Gas => {
            let gas = gas_of(species);
            1.0 / (ra + quasi_laminar_resistance(&gas, state, layer) + surface_resistance(&gas, state))
        }
        Phase::FineParticle => particle_velocity(0.35e-6, 1500.0, ra, state, layer),
        Phase::CoarseParticle => particle_velocity(4e-6, 2000.0, ra, state, layer),
    }
}

/// NH3 after Walmsley & Wesely (1996); CO by its Henry constant alone (no uptake by frozen soil); the SOA precursor as
/// the aldehyde class. NO2 stands for all NOx and takes the values of NO2, an upper bound near sources, where part of it is NO.
fn gas_of(species: Species) -> Gas {
    let (diffusivity_ratio, henry, reactivity) = match species {
        Species::So2 => (1.9, 1e5, 0.0),
        Species::No2 => (1.6, 0.01, 0.1),
        Species::Hno3 => (1.9, 1e14, 0.0),
        Species::Nh3 => (0.97, 2e4, 0.0),
        Species::Co => (1.2, 1e-3, 0.0),
        // The precursor; particles and the tracer do not come here.
        _ => (1.6, 15.0, 0.0),
    };
    Gas { diffusivity_ratio, henry, reactivity, acid: species == Species::So2 }
}

/// Mixed agricultural and range land (Wesely's type 10) in its seasons 1, 3 and 4, and water (type 7). Ground under
/// snow for SO2: `70 (2 - T)`, T in degC, between 100 and 500 s m-1 (Erisman et al. 1994 as in Zhang et al. 2003),
/// which replaces Wesely's 100 s m-1 and his `1000 exp(-(T + 4))`, a term that closes every path below -10 degC.
fn resistances_of(state: &SurfaceState) -> Resistances {
    let celsius = state.temperature_k - 273.15;
    let (stomata, cuticle, canopy, ground_so2, ground_o3, lower_so2, lower_o3) = match state.cover {
        Cover::Green => (100.0, 2000.0, 150.0, 220.0, 180.0, 2000.0, 1000.0),
        Cover::Dormant => (CLOSED, 9000.0, 50.0, 200.0, 180.0, 9000.0, 600.0),
        Cover::Snow => (CLOSED, 9000.0, 10.0, (70.0 * (2.0 - celsius)).clamp(100.0, 500.0), 3500.0, CLOSED, 1000.0),
        Cover::Water => (CLOSED, CLOSED, 0.0, 1.0, 2000.0, CLOSED, CLOSED),
    };
    // Cold, snow-free surfaces: at most twice the resistance below -1 degC (Zhang et al. 2003, Atmos. Chem. Phys. 3, 2067).
    let cold = match state.cover {
        Cover::Green | Cover::Dormant => (0.2 * (-1.0 - celsius)).exp().clamp(1.0, 2.0),
        Cover::Snow | Cover::Water => 1.0,
    };
    Resistances {
        stomata,
        cuticle: cuticle * cold,
        canopy,
        ground_so2: ground_so2 * cold,
        ground_o3: ground_o3 * cold,
        lower_so2: lower_so2 * cold,
        lower_o3: lower_o3 * cold,
    }
}

/// Surface resistance rc [s m-1]: Wesely (1989), eq. 2-9, on flat ground; wet leaves eq. 10, 11 and 14.
fn surface_resistance(gas: &Gas, state: &SurfaceState) -> f32 {
    parallel_paths(gas, state, &resistances_of(state))
}

fn parallel_paths(gas: &Gas, state: &SurfaceState, r: &Resistances) -> f32 {
    let sun = state.shortwave_w_m2.max(0.0);
    let celsius = state.temperature_k - 273.15;
    let leaf = if celsius > 0.0 && celsius < 40.0 {
        let dim = 200.0 / (sun + 0.1);
        let mesophyll = 1.0 / (gas.henry / 3000.0 + 100.0 * gas.reactivity);
        let film = if state.wet { 3.0 } else { 1.0 };
        let water = film * r.stomata * (1.0 + dim * dim) * 400.0 / (celsius * (40.0 - celsius));
        water * gas.diffusivity_ratio + mesophyll
    } else {
        CLOSED
    };
    let solubility = 1e-5 * gas.henry;
    let dry_cuticle = r.cuticle / (solubility + gas.reactivity);
    let cuticle = if state.wet && celsius > 0.0 { wet_cuticle(gas, r.cuticle, dry_cuticle) } else { dry_cuticle };
    let buoyant = 100.0 * (1.0 + 1000.0 / (sun + 10.0));
    let lower = 1.0 / (solubility / r.lower_so2 + gas.reactivity / r.lower_o3);
    let ground = 1.0 / (solubility / r.ground_so2 + gas.reactivity / r.ground_o3);
    let conductance = 1.0 / leaf + 1.0 / cuticle + 1.0 / (buoyant + lower) + 1.0 / (r.canopy + ground);
    (1.0 / conductance).max(LOWEST_RESISTANCE)
}

/// Cuticle wet by dew: 100 s m-1 for a gas as soluble and acid as SO2, eq. 14 for the others.
fn wet_cuticle(gas: &Gas, cuticle: f32, dry_cuticle: f32) -> f32 {
    if gas.acid {
        return 100.0;
    }
    let ozone = 1.0 / (1.0 / 3000.0 + 1.0 / (3.0 * cuticle));
    1.0 / (1.0 / (3.0 * dry_cuticle) + 1e-7 * gas.henry + gas.reactivity / ozone)
}

/// Quasi-laminar resistance [s m-1]: `2 / (kappa u*) (Sc/Pr)^(2/3)`, Pr 0.72 (Hicks et al. 1987); diffusivity of water vapour
/// 2.178e-5 (T/273.15)^1.81 m2 s-1 at 1013 hPa (Massman 1998).
fn quasi_laminar_resistance(gas: &Gas, state: &SurfaceState, layer: &SurfaceLayer) -> f32 {
    let water = 2.178e-5 * (state.temperature_k / 273.15).powf(1.81) * 101_325.0 / state.pressure_pa;
    let schmidt = kinematic_viscosity(state) * gas.diffusivity_ratio / water;
    2.0 / (VON_KARMAN as f32 * layer.u_star) * (schmidt / 0.72).powf(2.0 / 3.0)
}

/// Kinematic viscosity of air [m2 s-1].
fn kinematic_viscosity(state: &SurfaceState) -> f32 {
    dynamic_viscosity(state.temperature_k) * R_DRY as f32 * state.temperature_k / state.pressure_pa
}

/// Zhang et al. (2001), eq. 1-9; collection by Brownian motion `0.2 Sc^(-2/3)`, impaction `0.4 (St/(alpha + St))^1.7` and
/// interception `2.5 (d/A)^0.8` after Emerson et al. (2020), Table S1. A and alpha: Zhang et al. (2001), Table 3: snow
/// as leafless deciduous forest (10 mm, 0.8; most snow of the region lies in forest), dormant as crops in late autumn
/// (5 mm, 1.2), green as mixed forest (5 mm, 0.8); water (no interception, 100) with the Stokes number of smooth surfaces.
fn particle_velocity(diameter: f32, density: f32, ra: f32, state: &SurfaceState, layer: &SurfaceLayer) -> f32 {
    let (temperature, viscosity) = (state.temperature_k, kinematic_viscosity(state));
    let settling = settling_speed(diameter, density, temperature, state.pressure_pa);
    let slip = slip_correction(diameter, mean_free_path(temperature, state.pressure_pa));
    let brownian = BOLTZMANN as f32 * temperature * slip
        / (3.0 * std::f32::consts::PI * dynamic_viscosity(temperature) * diameter);
    let u = layer.u_star;
    let (collector, alpha) = match state.cover {
        Cover::Snow => (Some(0.010), 0.8),
        Cover::Dormant => (Some(0.005), 1.2),
        Cover::Green => (Some(0.005), 0.8),
        Cover::Water => (None, 100.0),
    };
    let stokes = match collector {
        Some(size) => settling * u / (GRAVITY as f32 * size),
        None => settling * u * u / (GRAVITY as f32 * viscosity),
    };
    let diffusion = 0.2 * (viscosity / brownian).powf(-2.0 / 3.0);
    let impaction = 0.4 * (stokes / (alpha + stokes)).powf(1.7);
    let interception = collector.map_or(0.0, |size: f32| 2.5 * (diameter / size).powf(0.8));
    let sticking = if state.wet || state.cover == Cover::Water { 1.0 } else { (-stokes.sqrt()).exp() };
    let rs = 1.0 / (3.0 * u * (diffusion + impaction + interception) * sticking);
    settling + 1.0 / (ra + rs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(cover: Cover, celsius: f32, shortwave_w_m2: f32) -> SurfaceState {
        SurfaceState { cover, temperature_k: celsius + 273.15, pressure_pa: 98_000.0, shortwave_w_m2, wet: false }
    }

    fn layer(u_star: f32) -> SurfaceLayer {
        SurfaceLayer { u_star, inverse_obukhov: 0.0, heat_flux: 0.0, roughness: 0.1 }
    }

    fn velocity_cm_s(species: Species, state: &SurfaceState, u_star: f32) -> f32 {
        100.0 * deposition_velocity(species, state, &layer(u_star), 10.0)
    }

    /// Deciduous forest in Wesely's five seasons (midsummer, autumn, late autumn, snow, spring): resistances of his Table 1 and
    /// air temperatures [degC] of his Table 3.
    const SEASONS: [([f32; 7], f32); 5] = [
        ([70.0, 2000.0, 2000.0, 500.0, 200.0, 2000.0, 1000.0], 25.0),
        ([CLOSED, 9000.0, 1500.0, 500.0, 200.0, 9000.0, 400.0], 10.0),
        ([CLOSED, 9000.0, 1000.0, 500.0, 200.0, 9000.0, 400.0], 2.0),
        ([CLOSED, CLOSED, 1000.0, 100.0, 3500.0, 9000.0, 400.0], 0.0),
        ([140.0, 4000.0, 1200.0, 500.0, 200.0, 4000.0, 500.0], 10.0),
    ];

    /// Wesely (1989), Table 3, as corrected by Walmsley & Wesely (1996), Table 1 [s m-1]: radiation 800, 500, 300, 100,
    /// 0 W m-2, then dew at night. The tables are rounded to two figures; 9999 stands for anything larger.
    #[test]
    fn surface_resistances_of_the_published_table() {
        let table: [(Species, [[f32; 6]; 5]); 4] = [
            (
                Species::So2,
                [
                    [130.0, 140.0, 160.0, 380.0, 1000.0, 100.0],
                    [1400.0, 1400.0, 1400.0, 1400.0, 1500.0, 100.0],
                    [1100.0, 1100.0, 1100.0, 1100.0, 1200.0, 90.0],
                    [1000.0, 1000.0, 1000.0, 1000.0, 1100.0, 1100.0],
                    [270.0, 290.0, 330.0, 620.0, 1100.0, 90.0],
                ],
            ),
            (
                Species::No2,
                [
                    [120.0, 130.0, 160.0, 480.0, 2900.0, 2700.0],
                    [1900.0, 1900.0, 1900.0, 2000.0, 2700.0, 2500.0],
                    [1700.0, 1700.0, 1800.0, 1900.0, 2400.0, 2300.0],
                    [3900.0, 4000.0, 4100.0, 4500.0, 9999.0, 9999.0],
                    [270.0, 290.0, 350.0, 850.0, 2500.0, 2300.0],
                ],
            ),
            (
                Species::Nh3,
                [
                    [80.0, 80.0, 100.0, 320.0, 2700.0, 430.0],
                    [3400.0, 3400.0, 3400.0, 3400.0, 3400.0, 440.0],
                    [3000.0, 3000.0, 3000.0, 3000.0, 3100.0, 430.0],
                    [1500.0, 1500.0, 1500.0, 1500.0, 1500.0, 1500.0],
                    [180.0, 200.0, 240.0, 680.0, 2800.0, 430.0],
                ],
            ),
            (
                // Aldehydes.
                Species::SoaPrecursor,
                [
                    [330.0, 340.0, 370.0, 800.0, 9999.0, 9999.0],
                    [9999.0; 6],
                    [9999.0; 6],
                    [9999.0; 6],
                    [520.0, 550.0, 630.0, 1700.0, 9999.0, 9999.0],
                ],
            ),
        ];
        for (species, seasons) in table {
            for (row, (r, celsius)) in seasons.iter().zip(SEASONS) {
                let [stomata, cuticle, canopy, ground_so2, ground_o3, lower_so2, lower_o3] = r;
                let r = Resistances { stomata, cuticle, canopy, ground_so2, ground_o3, lower_so2, lower_o3 };
                for (published, (sun, wet)) in row.iter().zip([
                    (800.0, false),
                    (500.0, false),
                    (300.0, false),
                    (100.0, false),
                    (0.0, false),
                    (0.0, true),
                ]) {
                    let state = SurfaceState { wet, ..state(Cover::Green, celsius, sun) };
                    let got = parallel_paths(&gas_of(species), &state, &r).min(9999.0);
                    let off = (got - published).abs();
                    assert!(
                        off < 0.1 * published || off < 11.0,
                        "{species:?} {celsius} {sun} {wet}: {got} for {published}"
                    );
                }
            }
        }
    }

    /// Measured ranges [cm/s]: SO2 over snow 0.04..0.3 (Cadle et al. 1985; Valdez et al. 1987), HNO3 1..4 by day
    /// (Huebert & Robert 1985), fine particles 0.01..0.3, coarse 0.2..2 (Emerson et al. 2020, figure 1).
    #[test]
    fn velocities_lie_in_measured_ranges() {
        let snow = state(Cover::Snow, -15.0, 100.0);
        let summer = state(Cover::Green, 22.0, 600.0);
        let dormant = state(Cover::Dormant, 4.0, 200.0);
        for (species, state, u_star, low, high) in [
            (Species::So2, &snow, 0.3, 0.1, 0.3),
            (Species::So2, &summer, 0.4, 0.3, 1.0),
            (Species::Hno3, &summer, 0.4, 1.5, 4.0),
            (Species::Hno3, &snow, 0.25, 0.8, 3.0),
            (Species::No2, &summer, 0.4, 0.2, 0.8),
            (Species::No2, &snow, 0.3, 0.0, 0.05),
            (Species::Nh3, &summer, 0.4, 0.3, 1.5),
            (Species::Co, &summer, 0.4, 0.0, 1e-3),
            (Species::SoaPrecursor, &summer, 0.4, 0.1, 0.6),
            (Species::Sulfate, &snow, 0.3, 0.01, 0.3),
            (Species::Sulfate, &summer, 0.5, 0.01, 0.3),
            (Species::BlackCarbon, &dormant, 0.3, 0.01, 0.3),
            (Species::Coarse, &dormant, 0.3, 0.2, 2.0),
            (Species::Sulfate, &state(Cover::Water, 15.0, 0.0), 0.3, 0.003, 0.1),
        ] {
            let v = velocity_cm_s(species, state, u_star);
            assert!((low..=high).contains(&v), "{species:?} over {:?}: {v} cm/s", state.cover);
        }
        assert_eq!(velocity_cm_s(Species::Tracer, &summer, 0.4), 0.0);
    }

    /// Each collection process by hand at 293 K over dormant crops. 0.02 um, u* 0.3: D 1.4e-8 m2/s (Seinfeld & Pandis
    /// 2006, Table 9.5), Sc 1075, Brownian 1.91e-3, interception 1.2e-4, rs 548, ra 32.6: 1.72e-3 m/s. 20 um, u* 1:
    /// settling 1.21e-2, St 0.247, impaction 0.0198, interception 0.0302, rebound 0.608, rs 10.97, ra 9.79: 6.03e-2 m/s.
    #[test]
    fn particle_processes_by_hand() {
        let field = SurfaceState { pressure_pa: 101_325.0, ..state(Cover::Dormant, 20.0, 0.0) };
        for (diameter, u_star, velocity) in [(0.02e-6, 0.3, 1.72e-3), (20e-6, 1.0, 6.03e-2)] {
            let layer = layer(u_star);
            let v = particle_velocity(diameter, 1000.0, layer.aerodynamic_resistance(10.0), &field, &layer);
            assert!((v / velocity - 1.0).abs() < 0.05, "{diameter}: {v}");
        }
    }

    /// HNO3 over summer grass at 20 degC, 1013 hPa and u* 0.3 m/s by hand: D of water vapour 2.475e-5, of HNO3 1.303e-5, nu 1.503e-5 m2/s,
    /// Sc 1.154, rb = 2 / (0.4 0.3) (1.154 / 0.72)^(2/3) = 22.8 s/m; the surface takes all but the least resistance, 10 s/m.
    #[test]
    fn a_sticky_gas_meets_air_and_quasi_laminar_layer_only() {
        let grass = SurfaceState { pressure_pa: 101_325.0, ..state(Cover::Green, 20.0, 500.0) };
        let layer = layer(0.3);
        let total = 1.0 / deposition_velocity(Species::Hno3, &grass, &layer, 10.0);
        let below_air = total - layer.aerodynamic_resistance(10.0);
        assert!((below_air - 32.8).abs() < 0.4, "{below_air}");
    }

    /// Frost doubles the resistance of bare ground at most (Zhang et al. 2003), and snow bounds that of SO2 by 100 and
    /// 500 s m-1.
    #[test]
    fn cold_raises_resistances_within_bounds() {
        let rc = |cover, celsius| surface_resistance(&gas_of(Species::So2), &state(cover, celsius, 0.0));
        let ratio = rc(Cover::Dormant, -40.0) / rc(Cover::Dormant, 2.0);
        assert!((1.6..=2.0).contains(&ratio), "{ratio}");
        assert!((rc(Cover::Snow, -40.0) - rc(Cover::Snow, -6.0)).abs() < 1e-3);
        assert!(rc(Cover::Snow, 0.9) < 0.3 * rc(Cover::Snow, -6.0));
    }

    /// In still air particles fall no slower than they settle, and no velocity exceeds the turbulent limit 1/ra plus settling.
    #[test]
    fn limits() {
        let calm = state(Cover::Snow, -20.0, 0.0);
        let settling = settling_speed(4e-6, 2000.0, calm.temperature_k, calm.pressure_pa);
        let v = deposition_velocity(Species::Coarse, &calm, &layer(0.02), 10.0);
        assert!(v >= settling && v < 1.5 * settling, "{v} {settling}");
        for celsius in [-43.0, -10.0, 0.0, 20.0, 40.0] {
            for cover in [Cover::Snow, Cover::Dormant, Cover::Green, Cover::Water] {
                for species in Species::ALL {
                    let v = deposition_velocity(species, &state(cover, celsius, 500.0), &layer(0.4), 10.0);
                    let limit = 1.0 / layer(0.4).aerodynamic_resistance(10.0) + settling * 1.3;
                    assert!(v.is_finite() && v >= 0.0 && v <= limit, "{species:?} {cover:?} {celsius}: {v}");
                }
            }
        }
    }
}
