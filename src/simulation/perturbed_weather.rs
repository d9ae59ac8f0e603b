//! Weather as it might be instead: what the perturbed members of a night change of every hour of their run.
//!
//! Winds are turned and multiplied, mixing heights multiplied, the same at all places and hours: an error of the weather forecast that holds
//! through an episode. Air masses stay, so the run conserves mass as any other.

use super::meteorology::MetOnGrid;

/// A change of the weather of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerturbedWeather {
    /// Factor on wind speeds, above 0.
    pub wind_speed: f32,
    /// How far winds turn to the right of where they blow [degrees].
    pub wind_turn_deg: f32,
    /// Factor on mixing heights, above 0.
    pub mixing_height: f32,
}

impl PerturbedWeather {
    /// Turns and multiplies the winds; a friction velocity that the provider gives goes with them.
    pub(super) fn blow(&self, met: &mut MetOnGrid) {
        let (sin, cos) = self.wind_turn_deg.to_radians().sin_cos();
        let turn = |u: &mut f32, v: &mut f32| {
            (*u, *v) = (self.wind_speed * (*u * cos + *v * sin), self.wind_speed * (*v * cos - *u * sin));
        };
        met.momentum_x.iter_mut().zip(&mut met.momentum_y).for_each(|(u, v)| turn(u, v));
        met.wind_east_10m.iter_mut().zip(&mut met.wind_north_10m).for_each(|(u, v)| turn(u, v));
        if let Some(friction) = &mut met.friction_velocity {
            friction.mapv_inplace(|u| self.wind_speed * u);
        }
    }
}
