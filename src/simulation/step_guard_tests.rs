use super::tests::{STILL, WINDY, background, first_hour, grid};
use super::*;
use crate::simulation::synthetic::Weather;

const NO_NUMBERS: [f32; 4] = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN];

/// An hour that is to be refused for one thing in it, after some steps.
#[derive(Clone)]
struct Case {
    driver: HourDriver,
    state: Array4<f32>,
    emission: EmissionField,
    sides: Sides,
    steps: u64,
}

impl Case {
    /// With nothing wrong yet.
    fn of(weather: &Weather) -> Self {
        let grid = grid();
        let background = background(&grid);
        Self {
            driver: first_hour(weather, &grid).1,
            state: background.state(&grid),
            emission: EmissionField::new(&grid, 1),
            sides: Sides::uniform(&background, &grid),
            steps: 0,
        }
    }

    /// What the hour ends with once `spoil` has spoilt it; no step is done.
    fn refusal(&self, spoil: impl FnOnce(&mut Self)) -> String {
        let (grid, mut case) = (grid(), self.clone());
        spoil(&mut case);
        let (_, ny, nx) = grid.shape();
        let mut simulation = Simulation::new(&grid, vec![9e6; ny * nx], case.driver.air_mass_start.clone(), case.state);
        simulation.steps = case.steps;
        let error = simulation.hour(&case.driver, &case.emission, &case.sides).unwrap_err();
        assert_eq!(simulation.steps(), case.steps, "{error}");
        error.to_string()
    }
}

#[test]
fn the_first_value_that_is_no_number_is_named() {
    let mut values = vec![1.0f32, -3.0e38, 0.0, -0.0, 1e-40];
    assert_eq!(super::not_finite(&values), None);
    values.extend([f32::NEG_INFINITY, 2.0, f32::NAN]);
    assert_eq!(super::not_finite(&values), Some(5));
    assert_eq!(super::not_finite(&values[6..]), Some(1));
}

/// Ten times its air into one cell in a second asks for more steps than are taken; twice its air through every cell for more sub-steps.
#[test]
fn winds_that_no_atmosphere_has_end_the_hour() {
    let still = Case::of(&STILL);
    let air = still.driver.air_mass_start[[2, 5, 5]];
    let found = still.refusal(|case| case.driver.flux_x[[2, 5, 5]] = 10.0 * air);
    assert!(found.contains(" steps an hour") && found.contains("at most 3600"), "{found}");
    let found = still.refusal(|case| case.driver.flux_x.index_axis_mut(Axis(0), 2).fill(2.0 * air));
    assert!(found.contains(" sub-steps an hour") && found.contains("layer 2"), "{found}");
}

#[test]
fn a_state_or_sides_with_a_value_that_is_no_number_are_refused_by_its_place() {
    let windy = Case::of(&WINDY);
    for value in NO_NUMBERS {
        for z in [0, windy.state.dim().1 - 1] {
            let found = windy.refusal(|case| case.state[[Species::Co.index(), z, 3, 4]] = value);
            assert!(found.contains(&format!("hour 0, co layer {z} row 3 column 4")), "{found}");
        }
        let found = windy.refusal(|case| case.sides.west[[Species::Nh3.index(), 0, 3]] = value);
        assert!(found.contains("nh3, west"), "{found}");
        let found = windy.refusal(|case| case.sides.top[[Species::Tracer.index(), 17, 20]] = value);
        assert!(found.contains("tracer, top"), "{found}");
    }
}

/// What is emitted and what chemistry makes is looked at in the step itself, whichever process comes first in it.
#[test]
fn the_step_that_meets_a_value_that_is_no_number_ends_the_hour() {
    let windy = Case::of(&WINDY);
    for (value, steps) in NO_NUMBERS.into_iter().flat_map(|value| [(value, 0), (value, 1)]) {
        let found = windy.refusal(|case| {
            case.steps = steps;
            case.emission.rate_kg_s[[Species::Co.index(), 0, 3, 4]] = value;
        });
        assert!(found.contains("co layer") && found.contains("transport"), "{value}: {found}");
    }
    let found = windy.refusal(|case| case.driver.temperature[[0, 3, 4]] = f32::NAN);
    assert!(found.contains("chemistry") && found.contains("so2 layer 0 row 3 column 4"), "{found}");
}

/// Rain or sinking air that is no number is not taken for none.
#[test]
fn weather_that_is_no_number_is_not_taken_for_none() {
    let still = Case::of(&STILL);
    still.refusal(|case| {
        let mut loss = Array4::zeros(case.state.dim());
        loss[[Species::Co.index(), 2, 3, 4]] = f32::NAN;
        case.driver.wet_loss = Some(loss);
    });
    still.refusal(|case| case.driver.descent[[0, 3, 4]] = f32::NAN);
}
