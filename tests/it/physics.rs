//! Physics against measurements, through the public interface.

use hazecast::proof::{Material, prairie_grass};

/// Prairie Grass 1956, runs with odd numbers: 128 arcs; FAC2 0.953, FB 0.050, NMSE 0.132.
#[test]
fn prairie_grass_crosswind_integrated_concentrations() {
    let Some(path) = crate::real("field/prairie_grass_1956_odd_runs.csv") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let plot = folder.path().join("plot.svg");
    let material = Material { input: &[path], out: Some(&plot), ..Material::default() };
    let outcome = prairie_grass::PROOF.prove(&material).expect("the proof runs");
    for line in &outcome.lines {
        println!("{}", line.en);
    }
    assert!(outcome.passed, "{:?}", outcome.figures);
    assert_eq!((&outcome.details["all"]["arcs"], &outcome.details["missed_the_plume"]), (&128.into(), &2.into()));
    let svg = std::fs::read_to_string(&plot).expect("the plot is there");
    // a point for each arc, and one for each distance in the legend
    assert_eq!(svg.matches("<circle").count(), 128 + 5);
}

/// Columns in another order, an arc that missed the plume and a row without a number: the rest is used, the rest is said.
#[test]
fn arcs_of_any_order_of_columns_are_read_and_bad_rows_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("arcs.csv");
    let text = "distance_m,run,friction_velocity_m_s,monin_obukhov_length_m,mixing_height_m,crosswind_integrated_over_q_s_m2\n\
                50,1,0.3,-50,0.2,0.05\n100,1,0.3,-50,500,-0.01\n200,1,zero,-50,500,0.01\n400,1,0.3,0,500,0.01\n";
    std::fs::write(&path, text).expect("written");
    let outcome =
        prairie_grass::PROOF.prove(&Material { input: &[path], ..Material::default() }).expect("the proof runs");
    assert_eq!((&outcome.details["all"]["arcs"], &outcome.details["missed_the_plume"]), (&1.into(), &1.into()));
    let places: Vec<_> =
        outcome.details["rejections"].as_array().expect("a list").iter().map(|r| r["place"].as_str()).collect();
    assert_eq!(places, [Some("line 4"), Some("line 5")]);
}
