//! The proofs of conservation that a user can run, over fewer hours, and the command that runs them.

use crate::real;
use hazecast::input::meteorology;
use hazecast::proof::{Material, Outcome, PROOFS, Threshold, closed_box, uniform};
use serde_json::Value;

fn shown(outcome: &Outcome) -> bool {
    for line in &outcome.lines {
        println!("{}", line.en);
    }
    for f in &outcome.figures {
        println!("{} {:.2e} {:?}", f.name, f.value, f.threshold);
    }
    outcome.passed
}

fn figure(outcome: &Outcome, name: &str) -> f64 {
    outcome.figures.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no figure {name}")).value
}

/// Every file is blown forward and backward once; the whole 72 h are `hazecast proof uniform`.
#[test]
fn a_uniform_mixing_ratio_stays_uniform_in_real_winds() {
    let era = ["00", "01", "02"].map(|h| real(&format!("met/era/era5_utm32_2025_05_01_{h}.nc")));
    let sets = [era.into_iter().collect::<Option<Vec<_>>>(), real("met/wrf/ci_test_file.nc").map(|f| vec![f])];
    for (files, hours) in sets.into_iter().zip([6, 12]) {
        let Some(files) = files else { continue };
        let fields = meteorology::read(&files, None, None).unwrap();
        let outcome = uniform::in_winds(&fields, None, hours).unwrap();
        assert!(shown(&outcome), "{files:?}");
        assert!(outcome.details["strongest_wind_m_s"].as_f64().unwrap() > 10.0);
        assert!(outcome.details["ledger"]["species"][0]["inflow_kg"].as_f64().unwrap() > 0.0, "the winds blow through");
    }
}

#[test]
fn one_time_of_meteorology_has_no_winds_to_blow_back() {
    let Some(file) = real("met/era/era5_utm32_2025_05_01_00.nc") else { return };
    let fields = meteorology::read(&[file], None, None).unwrap();
    let error = uniform::in_winds(&fields, None, 3).unwrap_err().to_string();
    assert!(error.contains("an hour or more"), "{error}");
}

#[test]
fn a_closed_box_loses_neither_mass_nor_atoms() {
    let outcome = closed_box::over(None, 10).unwrap();
    assert!(shown(&outcome));
    // it is no still box: what the proof adds up is made, converted, and lost to the ground
    let ledger = |species: usize, field: &str| outcome.details["ledger"]["species"][species][field].as_f64().unwrap();
    let start = ledger(0, "stored_start_kg");
    assert!(ledger(0, "emitted_kg") > 0.1 * start && ledger(0, "chemistry_kg") < -1e-3 * start);
    assert!(ledger(0, "dry_deposited_kg") > 1e-3 * start && ledger(6, "wet_deposited_kg") > 0.0);
    assert!(outcome.details["air_through_sides_and_top"].as_f64().unwrap() < 1e-4);
}

/// Every case at once, as the command runs it; the order of the figures is that of the table.
#[test]
fn extreme_weather_breaks_nothing() {
    let proof = PROOFS.iter().find(|p| p.name == "extremes").unwrap();
    let outcome = proof.prove(&Material::default()).unwrap();
    assert!(shown(&outcome));
    assert_eq!(figure(&outcome, "lowest mixing ratio").min(0.0), 0.0);
    assert_eq!(outcome.figures[0].threshold, Threshold::AtLeast(0.0));
    let cases = outcome.details.as_array().unwrap();
    let steps = |name: &str| cases.iter().find(|c: &&Value| c["case"] == name).unwrap()["steps"].as_u64().unwrap();
    // the storm is a storm: its winds ask for more steps than the longest step allows
    assert!(steps("storm") > steps("calm") && steps("calm") == 24, "{cases:?}");
    let error = proof.prove(&Material { case: Some("mild"), ..Material::default() }).unwrap_err().to_string();
    assert!(error.contains("everything"), "{error}");
}
