//! Final rise of stack plumes (Briggs 1975, 1984, as in US EPA 1995, ISC3 user's guide II, section 1.1.4).

use crate::constants::GRAVITY;

/// A stack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stack {
    /// Height of the mouth above ground [m].
    pub height_m: f32,
    /// Inner diameter at the mouth [m].
    pub diameter_m: f32,
    /// Speed of the gas at the mouth [m s-1].
    pub exit_speed_m_s: f32,
    /// Temperature of the gas at the mouth [K].
    pub exit_temperature_k: f32,
}

/// Air at the height of the mouth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StackAir {
    pub temperature_k: f32,
    /// Wind speed [m s-1]; below 1 m s-1 it is taken as 1, the lower bound of the formulas.
    pub wind_m_s: f32,
    /// Vertical gradient of potential temperature [K m-1]; positive is stable.
    pub theta_gradient_k_m: f32,
}

/// Gradient from which the stable formulas hold [K m-1]; below it the air is treated as neutral.
pub const STABLE_GRADIENT_K_M: f32 = 0.005;

/// Briggs buoyancy flux [m4 s-3], 0 for a plume no warmer than the air.
pub fn buoyancy_flux(stack: &Stack, air: &StackAir) -> f32 {
    let excess = (stack.exit_temperature_k - air.temperature_k).max(0.0);
    GRAVITY as f32 * stack.exit_speed_m_s * stack.diameter_m * stack.diameter_m * excess
        / (4.0 * stack.exit_temperature_k)
}

/// Briggs momentum flux [m4 s-2].
pub fn momentum_flux(stack: &Stack, air: &StackAir) -> f32 {
    let speed_diameter = stack.exit_speed_m_s * stack.diameter_m;
    speed_diameter * speed_diameter * air.temperature_k / (4.0 * stack.exit_temperature_k)
}

/// Rise by buoyancy alone [m].
///
/// Neutral and unstable: `21.425 F^0.75 / u` below F = 55 m4 s-3, `38.71 F^0.6 / u` from there; stable: `2.6 (F / (u
/// s))^(1/3)`, not above the calm limit `4 F^0.25 s^-0.375`, with `s = g dtheta/dz / T`.
pub fn buoyant_rise(flux: f32, air: &StackAir) -> f32 {
    let wind = air.wind_m_s.max(1.0);
    if air.theta_gradient_k_m >= STABLE_GRADIENT_K_M {
        let s = GRAVITY as f32 * air.theta_gradient_k_m / air.temperature_k;
        return (2.6 * (flux / (wind * s)).cbrt()).min(4.0 * flux.powf(0.25) * s.powf(-0.375));
    }
    if flux < 55.0 { 21.425 * flux.powf(0.75) / wind } else { 38.71 * flux.powf(0.6) / wind }
}

/// Rise by momentum alone [m]: `3 d v / u`; stable: `1.5 (Fm / (u sqrt(s)))^(1/3)`, not above the neutral value.
pub fn momentum_rise(stack: &Stack, air: &StackAir) -> f32 {
    let wind = air.wind_m_s.max(1.0);
    let neutral = 3.0 * stack.diameter_m * stack.exit_speed_m_s / wind;
    if air.theta_gradient_k_m < STABLE_GRADIENT_K_M {
        return neutral;
    }
    let s = GRAVITY as f32 * air.theta_gradient_k_m / air.temperature_k;
    neutral.min(1.5 * (momentum_flux(stack, air) / (wind * s.sqrt())).cbrt())
}

/// Effective height of release above ground [m]: the mouth plus the larger of the two rises.
///
/// Buoyancy governs above the cross-over temperature difference of the ISC3 guide, momentum below; that cross-over is where the
/// two rises are equal, so the larger one is the same rule.
pub fn effective_height(stack: &Stack, air: &StackAir) -> f32 {
    stack.height_m + buoyant_rise(buoyancy_flux(stack, air), air).max(momentum_rise(stack, air))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neutral(temperature_k: f32) -> StackAir {
        StackAir { temperature_k, wind_m_s: 4.0, theta_gradient_k_m: 0.0 }
    }

    /// ISC3 guide: cross-over temperature differences 0.0297 Ts v^(1/3) / d^(2/3) (F < 55),
    /// 0.00575 Ts v^(2/3) / d^(1/3) (F >= 55) and 0.019582 Ts v sqrt(s) (stable): there both rises agree.
    #[test]
    fn rises_cross_where_the_isc3_guide_says() {
        for (diameter_m, exit_speed_m_s, small) in [(1.0_f32, 10.0_f32, true), (2.0, 20.0, true), (10.0, 25.0, false)] {
            let ts = 400.0_f32;
            let difference = if small {
                0.0297 * ts * exit_speed_m_s.cbrt() / diameter_m.powf(2.0 / 3.0)
            } else {
                0.00575 * ts * exit_speed_m_s.powf(2.0 / 3.0) / diameter_m.cbrt()
            };
            let stack = Stack { height_m: 60.0, diameter_m, exit_speed_m_s, exit_temperature_k: ts };
            let air = neutral(ts - difference);
            let flux = buoyancy_flux(&stack, &air);
            assert_eq!(flux < 55.0, small, "{flux}");
            let ratio = buoyant_rise(flux, &air) / momentum_rise(&stack, &air);
            assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
        }
        let air = StackAir { temperature_k: 260.0, wind_m_s: 3.0, theta_gradient_k_m: 0.02 };
        let s = 9.80665 * 0.02 / 260.0_f32;
        let speed = 4.0_f32;
        // Ts appears on both sides: Ts - Ta = 0.019582 Ts v sqrt(s).
        let ts = 260.0 / (1.0 - 0.019582 * speed * s.sqrt());
        let stack = Stack { height_m: 40.0, diameter_m: 1.5, exit_speed_m_s: speed, exit_temperature_k: ts };
        let ratio = buoyant_rise(buoyancy_flux(&stack, &air), &air)
            / (1.5 * (momentum_flux(&stack, &air) / (air.wind_m_s * s.sqrt())).cbrt());
        assert!((ratio - 1.0).abs() < 0.01, "stable {ratio}");
    }

    /// A heating plant worked by hand: d 3 m, v 15 m/s, 393 K into 258 K: F = 9.80665*15*9*135/(4*393) = 113.7;
    /// 113.7^0.6 = 17.11, rise 38.71*17.11/5 = 132.5 m in a 5 m/s wind; stable at 0.03 K/m: s = 1.1403e-3,
    /// 2.6*(113.7/(5*1.1403e-3))^(1/3) = 70.5 m.
    #[test]
    fn heating_plant_by_hand() {
        let stack = Stack { height_m: 100.0, diameter_m: 3.0, exit_speed_m_s: 15.0, exit_temperature_k: 393.0 };
        let mut air = StackAir { temperature_k: 258.0, wind_m_s: 5.0, theta_gradient_k_m: 0.0 };
        assert!((effective_height(&stack, &air) - 232.5).abs() < 0.5, "{}", effective_height(&stack, &air));
        air.theta_gradient_k_m = 0.03;
        assert!((effective_height(&stack, &air) - 170.5).abs() < 0.5, "{}", effective_height(&stack, &air));
    }

    /// Stable momentum rise by hand: d 1.5 m, v 12 m/s, 280 K into 260 K: Fm = 324*260/(4*280) = 75.21; s =
    /// 9.80665*0.02/260 = 7.544e-4; 1.5*(75.21/(3*sqrt(s)))^(1/3) = 14.55 m; at v 4 m/s the neutral 3*1.5*4/3 = 6 m is
    /// the smaller.
    #[test]
    fn stable_momentum_rise_by_hand() {
        let air = StackAir { temperature_k: 260.0, wind_m_s: 3.0, theta_gradient_k_m: 0.02 };
        let stack = Stack { height_m: 30.0, diameter_m: 1.5, exit_speed_m_s: 12.0, exit_temperature_k: 280.0 };
        assert!((momentum_rise(&stack, &air) - 14.55).abs() < 0.02, "{}", momentum_rise(&stack, &air));
        assert!((momentum_rise(&Stack { exit_speed_m_s: 4.0, ..stack }, &air) - 6.0).abs() < 1e-4);
    }

    #[test]
    fn cold_or_still_stacks_stay_finite() {
        let stack = Stack { height_m: 20.0, diameter_m: 0.5, exit_speed_m_s: 0.0, exit_temperature_k: 250.0 };
        for theta_gradient_k_m in [-0.01, 0.0, 0.05] {
            let air = StackAir { temperature_k: 270.0, wind_m_s: 0.0, theta_gradient_k_m };
            assert_eq!(effective_height(&stack, &air), 20.0);
            assert_eq!(buoyancy_flux(&Stack { exit_speed_m_s: 3.0, ..stack }, &air), 0.0, "colder than the air");
        }
    }
}
