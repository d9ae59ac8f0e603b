//! Runs that are broken off and go on from a checkpoint.

use crate::weather::{background, emission, grid, point, turning};
use hazecast::domain::grid::{Grid, HorizontalGrid};
use hazecast::domain::met_field::MetField;
use hazecast::domain::terrain::Terrain;
use hazecast::simulation::analysis::Analysing;
use hazecast::simulation::diagnose::SurfaceParameters;
use hazecast::simulation::history::History;
use hazecast::simulation::restart::{Checkpoints, Reason};
use hazecast::simulation::run::{Outside, World, simulate};
use std::cell::RefCell;
use std::time::Instant;

/// Checkpoints in memory, oldest first.
#[derive(Default)]
struct Kept {
    every: u32,
    run: &'static str,
    stored: RefCell<Vec<(u32, Vec<u8>)>>,
    resumed: RefCell<Option<u32>>,
    refused: RefCell<Vec<String>>,
}

impl Kept {
    fn new(every: u32, run: &'static str, stored: &[(u32, Vec<u8>)]) -> Self {
        Self { every, run, stored: RefCell::new(stored.to_vec()), ..Self::default() }
    }
}

impl Checkpoints for Kept {
    fn every_hours(&self) -> u32 {
        self.every
    }
    fn run(&self) -> &str {
        self.run
    }
    fn generations(&self) -> usize {
        self.stored.borrow().len()
    }
    fn read(&self, generation: usize) -> Result<Vec<u8>, Reason> {
        let stored = self.stored.borrow();
        Ok(stored[stored.len() - 1 - generation].1.clone())
    }
    fn keep(&self, hour: u32, bytes: &[u8]) {
        self.stored.borrow_mut().push((hour, bytes.to_vec()));
    }
    fn resumed(&self, hour: u32) {
        *self.resumed.borrow_mut() = Some(hour);
    }
    fn refused(&self, _: usize, reason: &Reason) {
        assert!(!reason.zh.is_ascii(), "in Chinese too: {reason:?}");
        self.refused.borrow_mut().push(reason.en.clone());
    }
}

struct Night {
    outer: Grid,
    inner: Grid,
    weather: Vec<MetField>,
    terrain: Terrain,
    hours: u32,
}

impl Night {
    fn new() -> Self {
        let outer = grid("outer", (18, 16), (-80_000.0, -70_000.0), 9000.0);
        let inner = grid("inner", (14, 12), (-20_000.0, -16_000.0), 3000.0);
        let lattice = HorizontalGrid::new("+proj=latlong +R=6370000", (60, 50), (127.5, 41.5), (0.06, 0.06)).unwrap();
        let hills = |(lon, lat): (f64, f64)| (300.0 * (9.0 * lon).sin() * (11.0 * lat).cos()).max(0.0) as f32;
        let terrain = Terrain { height_m: lattice.centres().into_iter().map(hills).collect(), grid: lattice };
        Self { outer, inner, weather: turning(4), terrain, hours: 7 }
    }

    fn run(&self, kept: Option<&Kept>) -> History {
        let (emission, air) = (emission(), background(&self.outer, 1e-9));
        let outer = World {
            grid: &self.outer,
            background: &air,
            outside: Outside::Background,
            surface: SurfaceParameters { roughness_m: 0.3, minimum_diffusivity_m2_s: 0.1 },
            meteorology: &self.weather,
            terrain: Some(&self.terrain),
            frozen: false,
            perturbed: None,
            emission: &emission,
            weights: &[],
            start: self.weather[0].valid_time,
            hours: self.hours,
            analysing: Analysing::Off,
        };
        let world = World { grid: &self.inner, outside: Outside::Outer(&outer), ..outer };
        let sources = [point("a", (129.45, 43.02)), point("b", (129.9, 43.3))];
        simulate(&world, &sources, kept.map(|k| k as &dyn Checkpoints), &|_, _| {}).unwrap().0
    }
}

fn assert_same(a: &History, b: &History) {
    assert_eq!(a.ends, b.ends);
    assert_eq!(a.ledger, b.ledger);
    assert!(a.terrain_winds.is_some_and(|t| t.hours > 0));
    assert_eq!(a.terrain_winds, b.terrain_winds);
    let bits = |h: &History| h.fields().iter().flat_map(|f| f.iter().map(|v| v.to_bits())).collect::<Vec<u32>>();
    assert!(bits(a) == bits(b), "some field differs");
}

/// Both grids, both states, masses, steps, books and the history: the checkpoints of the hours after hold them all.
#[test]
fn a_run_broken_off_at_any_hour_ends_with_the_bytes_of_a_whole_one() {
    let night = Night::new();
    let whole = Kept::new(1, "base", &[]);
    let expected = night.run(Some(&whole));
    assert_same(&night.run(None), &expected);
    let stored = whole.stored.into_inner();
    assert_eq!(stored.iter().map(|(h, _)| *h).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    for broken in [1, 2, 5, 6] {
        let kept = Kept::new(1, "base", &stored[..broken]);
        assert_same(&night.run(Some(&kept)), &expected);
        assert_eq!(*kept.resumed.borrow(), Some(broken as u32));
        assert!(kept.refused.borrow().is_empty());
        assert!(kept.stored.into_inner() == stored, "checkpoints after hour {broken} differ");
    }
}

#[test]
fn what_is_damaged_or_of_another_run_is_refused_and_the_one_before_it_used() {
    let night = Night::new();
    let whole = Kept::new(2, "base", &[]);
    let expected = night.run(Some(&whole));
    let stored = whole.stored.into_inner();
    let newest = &stored[1];
    assert_eq!(newest.0, 4);
    let mut flipped = newest.clone();
    let middle = flipped.1.len() / 2;
    flipped.1[middle] ^= 4;
    let mut cut = newest.clone();
    cut.1.truncate(middle);
    for (damaged, word) in [(flipped, "SHA-256"), (cut, "bytes"), ((4, Vec::new()), "header")] {
        let kept = Kept::new(0, "base", &[stored[0].clone(), damaged]);
        assert_same(&night.run(Some(&kept)), &expected);
        assert_eq!(*kept.resumed.borrow(), Some(2));
        let refused = kept.refused.borrow();
        assert!(refused.len() == 1 && refused[0].contains(word), "{refused:?}");
    }
    // another run, another grid: from the beginning, with the reason
    let other = Kept::new(0, "cut", &stored[..2]);
    assert_same(&night.run(Some(&other)), &expected);
    assert_eq!(*other.resumed.borrow(), None);
    assert!(other.refused.borrow().iter().all(|r| r.contains("run base, expected") && r.contains("run cut")));
    let mut longer = Night::new();
    longer.inner.name = "moved".into();
    let moved = Kept::new(0, "base", &stored[1..2]);
    longer.run(Some(&moved));
    assert!(moved.refused.borrow()[0].contains("outer > inner, run base, expected"), "{:?}", moved.refused);
    // the same name with other cells
    let mut wider = Night::new();
    wider.inner = grid("inner", (15, 12), (-20_000.0, -16_000.0), 3000.0);
    let cells = Kept::new(0, "base", &stored[1..2]);
    wider.run(Some(&cells));
    assert!(cells.refused.borrow()[0].contains("other shapes"), "{:?}", cells.refused);
}

#[test]
fn a_checkpoint_costs_little_beside_an_hour() {
    let mut night = Night::new();
    (night.hours, night.inner) = (2, grid("inner", (36, 30), (-60_000.0, -50_000.0), 3000.0));
    night.run(None);
    let hours = Instant::now();
    night.run(None);
    let hour = hours.elapsed().as_secs_f64() / 2.0;
    let kept = Kept::new(1, "base", &[]);
    night.run(Some(&kept));
    let bytes = &kept.stored.borrow()[0].1;
    let folder = tempfile::tempdir().unwrap();
    let store = hazecast::archive::checkpoints::CheckpointFolder::new(folder.path().to_path_buf(), "base");
    let begun = Instant::now();
    let copy = hazecast::archive::durable::sha256(bytes);
    store.keep(1, bytes).unwrap();
    let cost = begun.elapsed().as_secs_f64();
    assert_eq!(copy.len(), 64);
    println!(
        "checkpoint of {:.1} MB: {:.1} ms to hash and write; an hour {:.0} ms; every 6 h: {:.2} %",
        bytes.len() as f64 * 1e-6,
        1e3 * cost,
        1e3 * hour,
        100.0 * cost / (6.0 * hour)
    );
    assert!(cost < hour, "a checkpoint must not cost an hour");
}
