//! The adjoint in made and in real weather: the same code as `hazecast proof adjoint`.

use crate::real;
use hazecast::input::wrfout;
use hazecast::proof::{Outcome, adjoint};

fn check(outcome: &Outcome) {
    for line in &outcome.lines {
        println!("{}", line.en);
    }
    for f in &outcome.figures {
        println!("{:<40} {:.3e} ({:?})", f.name, f.value, f.threshold);
    }
    assert!(outcome.passed, "{:?}", outcome.figures);
}

#[test]
fn made_weather() {
    check(&adjoint::in_made_weather(None).unwrap());
}

#[test]
fn real_winds() {
    let Some(path) = real("met/wrf/ci_test_file.nc") else { return };
    check(&adjoint::in_weather(&wrfout::read(&path).unwrap(), None).unwrap());
}
