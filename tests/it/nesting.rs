//! A fine grid inside a coarse one: what leaves the coarse grid's sources arrives in the fine one.

use crate::weather::{background, emission, field, grid, point, start};
use hazecast::domain::grid::Grid;
use hazecast::domain::species::Species;
use hazecast::error::Rejection;
use hazecast::simulation::analysis::Analysing;
use hazecast::simulation::diagnose::SurfaceParameters;
use hazecast::simulation::history::History;
use hazecast::simulation::run::{Outside, World, simulate};

const HOURS: u32 = 6;
const SURFACE: SurfaceParameters = SurfaceParameters { roughness_m: 0.3, minimum_diffusivity_m2_s: 0.1 };

/// West wind of 8 m/s, one source; alone, or inside `outer`.
fn run(inner: &Grid, outer: Option<&Grid>, mixing_ratio: f32) -> (History, Vec<Rejection>) {
    let weather = [field(start(), (8.0, 0.0), 0.0)];
    let (emission, air) = (emission(), background(inner, mixing_ratio));
    let world = |grid, outside| World {
        grid,
        background: &air,
        outside,
        surface: SURFACE,
        meteorology: &weather,
        terrain: None,
        frozen: true,
        perturbed: None,
        emission: &emission,
        weights: &[],
        start: start(),
        hours: HOURS,
        analysing: Analysing::Off,
    };
    let sources = [point("west", (128.8, 43.0))];
    let larger = outer.map(|o| world(o, Outside::Background));
    let outside = larger.as_ref().map_or(Outside::Background, Outside::Outer);
    simulate(&world(inner, outside), &sources, None, &|_, _| {}).unwrap()
}

fn outer() -> Grid {
    grid("outer", (26, 16), (-99_000.0, -67_500.0), 9000.0)
}

/// Its western side is the face between the outer columns 8 and 9, its southern and northern sides are outer faces too.
fn inner() -> Grid {
    grid("inner", (33, 30), (-99_000.0 + 8.5 * 9000.0 + 1500.0, -67_500.0 + 2.5 * 9000.0 + 1500.0), 3000.0)
}

/// The outer run cut off at the inner grid's western side: what flows out there is what the nested run must let in.
#[test]
fn a_plume_from_outside_arrives_with_the_mass_that_left() {
    let cut = grid("cut", (9, 16), (-99_000.0, -67_500.0), 9000.0);
    let (left, _) = run(&cut, None, 0.0);
    let (nested, rejections) = run(&inner(), Some(&outer()), 0.0);
    assert!(rejections.is_empty(), "the source lies in the outer grid: {rejections:?}");
    let of = |h: &History, s: Species| h.ledger.species[s.index()].clone();
    for species in [Species::Co, Species::BlackCarbon, Species::So2] {
        let (out, came) = (of(&left, species).outflow_kg, of(&nested, species));
        println!(
            "{}: {out:.0} kg left, {:.0} kg came in, {:.0} kg left again",
            came.species, came.inflow_kg, came.outflow_kg
        );
        assert!(out > 100.0 && came.emitted_kg == 0.0);
        assert!((came.inflow_kg / out - 1.0).abs() < 0.03, "{} {out}", came.inflow_kg);
    }
    assert!(nested.ledger.largest_relative_residual < 1e-6);
    assert!(nested.ledger.tracer_largest_deviation < 1e-5);
    // at the ground, behind the side, in the last hour
    let co = nested.concentrations.co_mg_m3.as_ref().unwrap();
    let last = co.index_axis(ndarray::Axis(0), HOURS as usize - 1);
    let most = last.column(5).iter().fold(0.0f32, |a, b| a.max(*b));
    assert!(most > 1e-3 && last.column(5)[0] < 1e-2 * most, "a plume, not a cloud: {most}");
}

/// The tracer is one to the last bit at the start and outside, and the air that the outer run holds is the air that the inner one begins with.
#[test]
fn clean_air_stays_as_it_is() {
    let (alone, rejections) = run(&inner(), None, 1e-9);
    let (nested, _) = run(&inner(), Some(&outer()), 1e-9);
    assert!(!rejections.is_empty(), "alone, the source is outside the grid");
    let start = |h: &History| h.ledger.species.iter().map(|s| s.stored_start_kg).collect::<Vec<_>>();
    assert_eq!(start(&alone), start(&nested));
    let tracer = |h: &History| h.ledger.species[Species::Tracer.index()].clone();
    assert_eq!(tracer(&alone), tracer(&nested));
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (history, _) = pool.install(|| run(&inner(), Some(&outer()), 1e-9));
        let bits: Vec<u32> = history.fields().iter().flat_map(|f| f.iter().map(|v| v.to_bits())).collect();
        (bits, history.ledger)
    };
    assert!(on(1) == on(3));
}

#[test]
fn an_inner_grid_that_reaches_beyond_the_outer_is_refused() {
    let weather = [field(start(), (8.0, 0.0), 0.0)];
    let (small, large) = (inner(), outer());
    let (emission, air) = (emission(), background(&small, 0.0));
    let outer = World {
        grid: &small,
        background: &air,
        outside: Outside::Background,
        surface: SURFACE,
        meteorology: &weather,
        terrain: None,
        frozen: true,
        perturbed: None,
        emission: &emission,
        weights: &[],
        start: start(),
        hours: 1,
        analysing: Analysing::Off,
    };
    let world = World { grid: &large, outside: Outside::Outer(&outer), ..outer };
    let error = simulate(&world, &[], None, &|_, _| {}).unwrap_err();
    assert_eq!(error.kind(), "invalid");
    let text = error.to_string();
    assert!(
        text.contains("outer_grid") && text.contains("inner, which does not hold") && text.contains("of grid outer"),
        "{text}"
    );
}
