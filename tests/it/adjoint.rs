//! The adjoint in made and in real weather: the same code as `hazecast proof adjoint`.

use crate::real;
use hazecast::domain::source::{Amounts, Sector};
use hazecast::input::wrfout;
use hazecast::proof::{Outcome, adjoint};
use hazecast::simulation::emission::EmissionModel;
use std::path::Path;

fn check(outcome: &Outcome) {
    for line in &outcome.lines {
        println!("{}", line.en);
    }
    for f in &outcome.figures {
        println!("{:<40} {:.3e} ({:?})", f.name, f.value, f.threshold);
    }
    assert!(outcome.passed, "{:?}", outcome.figures);
}

/// Also that any number of threads gives the same numbers.
#[test]
fn made_weather() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| adjoint::in_made_weather(None).unwrap())
    };
    let (one, three) = (on(1), on(3));
    check(&three);
    for key in ["sector_cut_ug_m3", "town_ug_m3"] {
        assert!(one.details[key].is_array() || one.details[key].is_object());
        assert_eq!(one.details[key], three.details[key]);
    }
    assert_eq!(one.figures, three.figures);
}

#[test]
fn real_winds() {
    let Some(path) = real("met/wrf/ci_test_file.nc") else { return };
    check(&adjoint::in_weather(&wrfout::read(&path).unwrap(), None).unwrap());
}

/// The speciation is homogeneous, so its derivatives times the amounts are the species, also where the parts of PM2.5 exceed the whole; and a little more of
/// one pollutant changes the species by them.
#[test]
fn derivatives_of_the_speciation() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/emission.toml");
    let model = EmissionModel::from_toml(&std::fs::read_to_string(&models).unwrap(), &models).unwrap();
    let whole =
        Amounts { so2: 3.0, nox: 5.0, co: 40.0, nh3: 2.0, nmvoc: 6.0, pm25: 10.0, pm10: 16.0, bc: 1.0, oc: 4.0 };
    let cases = [
        whole,
        Amounts { bc: 12.0, ..whole },
        Amounts { oc: 9.0, ..whole },
        Amounts { pm10: 4.0, ..whole },
        Amounts { pm25: 0.0, ..whole },
    ];
    for (a, sector) in
        cases.iter().zip([Sector::Residential, Sector::Industry, Sector::Traffic, Sector::Power, Sector::Solvent])
    {
        let gradient = model.speciation_gradient(sector, a);
        let species = model.speciate(sector, a);
        for (part, kg) in gradient.iter().zip(species) {
            let sum = part.zip(*a, |d, a| d * a).sum();
            assert!((sum - kg).abs() < 1e-12 * (1.0 + kg), "{a:?}: {sum} {kg}");
        }
        let none = Amounts::default();
        for step in [Amounts { so2: 1e-3, ..none }, Amounts { pm25: 1e-3, ..none }, Amounts { oc: 1e-3, ..none }] {
            let more = model.speciate(sector, &a.zip(step, |a, s| a + s));
            for ((part, kg), more) in gradient.iter().zip(species).zip(more) {
                let change = part.zip(step, |d, s| d * s).sum();
                assert!((more - kg - change).abs() < 1e-12, "{a:?} {step:?}: {} {change}", more - kg);
            }
        }
    }
}
