//! Perturbed inputs: other weather in a run is that weather given by files.

use crate::weather::{background, emission, field, grid, point, start};
use chrono::Duration;
use hazecast::domain::met_field::MetField;
use hazecast::simulation::analysis::Analysing;
use hazecast::simulation::diagnose::SurfaceParameters;
use hazecast::simulation::history::History;
use hazecast::simulation::perturbed_weather::PerturbedWeather;
use hazecast::simulation::run::{Outside, World, simulate};
use ndarray::Array3;

const HOURS: u32 = 6;

/// The wind [m s-1] of the files, and what of them is changed.
fn run(wind: (f32, f32), change: impl Fn(&mut MetField), perturbed: Option<PerturbedWeather>) -> History {
    let mut met: Vec<MetField> = (0..3).map(|i| field(start() + Duration::hours(3 * i), wind, 0.0)).collect();
    met.iter_mut().for_each(change);
    let (grid, emission) = (grid("test", (24, 20), (-120_000.0, -100_000.0), 10_000.0), emission());
    let background = background(&grid, 1e-9);
    let world = World {
        grid: &grid,
        background: &background,
        outside: Outside::Background,
        surface: SurfaceParameters { roughness_m: 0.3, minimum_diffusivity_m2_s: 0.1 },
        meteorology: &met,
        terrain: None,
        frozen: false,
        perturbed,
        emission: &emission,
        weights: &[],
        start: start(),
        hours: HOURS,
        analysing: Analysing::Off,
    };
    simulate(&world, &[point("a", (129.5, 43.0))], None, &|_, _| {}).unwrap().0
}

fn pm25(history: &History) -> &Array3<f32> {
    history.concentrations.pm25_ug_m3.as_ref().unwrap()
}

/// Largest difference over the largest value.
fn differ(a: &History, b: &History) -> f32 {
    let (a, b) = (pm25(a), pm25(b));
    let most = a.iter().fold(0.0f32, |m, v| m.max(*v));
    a.iter().zip(b).fold(0.0f32, |m, (a, b)| m.max((a - b).abs())) / most
}

#[test]
fn perturbed_weather_is_that_weather_given_by_files() {
    let none = |_: &mut MetField| {};
    let plain = run((4.0, 0.0), none, None);
    let nothing = PerturbedWeather { wind_speed: 1.0, wind_turn_deg: 0.0, mixing_height: 1.0 };
    assert_eq!(pm25(&plain), pm25(&run((4.0, 0.0), none, Some(nothing))));
    // an eastward wind of 4 m/s, a quarter faster and turned to the right by 90 degrees, is a southward wind of 5 m/s
    let turned = PerturbedWeather { wind_speed: 1.25, wind_turn_deg: 90.0, mixing_height: 1.0 };
    let stronger = |m: &mut MetField| m.friction_velocity_m_s.iter_mut().flatten().for_each(|u| *u *= 1.25);
    let (files, member) = (run((0.0, -5.0), stronger, None), run((4.0, 0.0), none, Some(turned)));
    println!("turned: {:.2e}, beside the unturned: {:.2e}", differ(&files, &member), differ(&plain, &member));
    assert!(differ(&files, &member) < 1e-4 && differ(&plain, &member) > 0.1);
    // grid north is not north away from the middle of the projection, but the wind at 10 m is told by the compass
    assert!(member.wind_north_m_s.iter().all(|v| (v + 5.0).abs() < 1e-4));
    let deep = PerturbedWeather { mixing_height: 1.5, ..nothing };
    let deeper = |m: &mut MetField| m.mixing_height_m.iter_mut().flatten().for_each(|h| *h *= 1.5);
    let (files, member) = (run((4.0, 0.0), deeper, None), run((4.0, 0.0), none, Some(deep)));
    println!("deeper: {:.2e}, beside the shallow: {:.2e}", differ(&files, &member), differ(&plain, &member));
    assert!(differ(&files, &member) < 1e-5 && differ(&plain, &member) > 0.01);
    let highest = |h: &History| pm25(h).iter().fold(0.0f32, |m, v| m.max(*v));
    assert!(highest(&member) < highest(&plain), "more air to mix into");
    assert!(member.ledger.largest_relative_residual < 1e-6 && member.ledger.tracer_largest_deviation < 1e-5);
}
