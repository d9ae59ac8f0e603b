//! Which texts of units a variable of a kind may carry, and the factor to SI.

/// Physical kind of a variable in a meteorology file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// [K]; degrees Celsius are refused, not converted: a perturbation and a temperature differ by more than a factor.
    Temperature,
    /// [Pa].
    Pressure,
    /// [m s-1].
    Speed,
    /// [kg kg-1].
    MassFraction,
    /// [m2 s-2].
    Geopotential,
    /// [m].
    Height,
    /// [N m-2].
    Stress,
    /// [W m-2].
    Flux,
    /// [J m-2].
    Energy,
    /// Share, 0 to 1.
    Share,
    /// Relative humidity [%].
    Percent,
    /// Depth of liquid water, as a mass [kg m-2].
    WaterMass,
    /// [kg m-2 s-1].
    WaterRate,
    /// A number without a unit.
    Number,
    /// Degrees of longitude or latitude.
    Angle,
}

impl Quantity {
    /// Factor that turns a value in `units` into SI, or `None` when these are not units of this quantity.
    pub fn factor(self, units: &str) -> Option<f64> {
        let text = normal(units);
        self.accepted().iter().find(|(name, _)| *name == text).map(|&(_, factor)| factor)
    }

    /// The accepted texts, for an error message.
    pub fn expected(self) -> String {
        let names: Vec<&str> = self.accepted().iter().map(|&(name, _)| name).filter(|n| !n.is_empty()).collect();
        format!("one of the units `{}`", names.join("`, `"))
    }

    fn accepted(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Temperature => &[("K", 1.0), ("Kelvin", 1.0), ("kelvin", 1.0), ("degK", 1.0)],
            Self::Pressure => &[
                ("Pa", 1.0),
                ("hPa", 100.0),
                ("mb", 100.0),
                ("mbar", 100.0),
                ("millibar", 100.0),
                ("millibars", 100.0),
            ],
            Self::Speed => &[("m s-1", 1.0), ("m/s", 1.0)],
            Self::MassFraction => &[("kg kg-1", 1.0), ("kg/kg", 1.0), ("1", 1.0), ("g kg-1", 1e-3), ("g/kg", 1e-3)],
            Self::Geopotential => &[("m2 s-2", 1.0), ("m2/s2", 1.0), ("J kg-1", 1.0)],
            Self::Height => {
                &[("m", 1.0), ("gpm", 1.0), ("metre", 1.0), ("meter", 1.0), ("meters", 1.0), ("metres", 1.0)]
            }
            Self::Stress => &[("N m-2", 1.0), ("Pa", 1.0)],
            Self::Flux => &[("W m-2", 1.0), ("W/m2", 1.0)],
            Self::Energy => &[("J m-2", 1.0), ("J/m2", 1.0)],
            Self::Share => &[("", 1.0), ("1", 1.0), ("-", 1.0), ("(0 - 1)", 1.0), ("fraction", 1.0), ("%", 0.01)],
            Self::Percent => &[("%", 1.0), ("1", 100.0)],
            Self::WaterMass => &[
                ("kg m-2", 1.0),
                ("mm", 1.0),
                ("m", 1000.0),
                ("m of water equivalent", 1000.0),
                ("m water equivalent", 1000.0),
            ],
            Self::WaterRate => &[("kg m-2 s-1", 1.0), ("mm/s", 1.0), ("mm s-1", 1.0)],
            Self::Number => &[("", 1.0), ("1", 1.0), ("~", 1.0), ("-", 1.0), ("Numeric", 1.0)],
            Self::Angle => &[
                ("degree north", 1.0),
                ("degree east", 1.0),
                ("degree_north", 1.0),
                ("degrees_north", 1.0),
                ("degree_east", 1.0),
                ("degrees_east", 1.0),
                ("degrees", 1.0),
                ("degree", 1.0),
            ],
        }
    }
}

/// NUL bytes and outer blanks cut, `m s**-1` and `m s^-1` written `m s-1`.
fn normal(units: &str) -> String {
    units.split('\0').next().unwrap_or_default().trim().replace("**", "").replace('^', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_the_same_unit_agree_and_others_are_refused() {
        for text in ["m s-1", "m s**-1", "m s^-1", "m/s", " m s-1\0\0"] {
            assert_eq!(Quantity::Speed.factor(text), Some(1.0), "{text}");
        }
        assert_eq!(Quantity::Pressure.factor("millibars"), Some(100.0));
        assert_eq!(Quantity::WaterMass.factor("m"), Some(1000.0));
        for (quantity, text) in [
            (Quantity::Temperature, "degC"),
            (Quantity::Speed, "knots"),
            (Quantity::Temperature, ""),
            (Quantity::Pressure, "K"),
        ] {
            assert_eq!(quantity.factor(text), None, "{text}");
        }
    }
}
