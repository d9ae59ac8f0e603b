//! Scavenging by precipitation.

use crate::domain::species::{Phase, Species};

/// Depth over which a scavenging ratio acts [m] (Berge & Jakobsen 1998).
const SCAVENGING_DEPTH: f32 = 1000.0;
/// Density of liquid water [kg m-3].
const WATER_DENSITY: f32 = 1000.0;
/// `A` of Laakso et al. (2003) for a Marshall-Palmer spectrum [m3 kg-1 s-1].
const SPECTRUM: f32 = 5.2;
/// Fall speed of raindrops [m s-1] (Simpson et al. 2012).
const RAIN_SPEED: f32 = 5.0;
/// Fall speed of snow [m s-1] (Locatelli & Hobbs 1974: aggregates 0.8..1.2).
const SNOW_SPEED: f32 = 1.0;

/// Where the layer lies with respect to the cloud that precipitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    InCloud,
    BelowCloud,
}

/// Form of the precipitation in the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Rain,
    Snow,
}

impl Form {
    /// Snow below 273.15 K, rain from there.
    pub fn at(temperature_k: f32) -> Self {
        if temperature_k < 273.15 { Self::Snow } else { Self::Rain }
    }
}

/// First-order loss rate [s-1] of `species` under `precipitation` [kg m-2 s-1].
///
/// EMEP MSC-W (Simpson et al. 2012, Atmos. Chem. Phys. 12, eq. 74-76 and the table of scavenging ratios): in cloud
/// `W_in P / (h_s rho_w)`, gases below cloud `W_sub P / (h_s rho_w)`, with `h_s` 1000 m; particles below cloud `A P E / V`, E 0.02 fine
/// and 0.4 coarse. That model treats snow as rain. Here two things differ in snow: SO2 and NH3, which need liquid water, are not
/// taken up (as in the sulphur cycle of the Met Office Unified Model), and particles below cloud meet flakes that fall at 1 m s-1
/// instead of 5. Water-insoluble gases (NO2, CO) and the tracer are not scavenged. The SOA precursor takes the values of HCHO,
/// a moderately soluble gas.
pub fn loss_rate(species: Species, precipitation: f32, zone: Zone, form: Form) -> f32 {
    let rain = precipitation.max(0.0);
    let per_ratio = rain / (SCAVENGING_DEPTH * WATER_DENSITY);
    let frozen = form == Form::Snow;
    // (W_in, W_sub) in units of 1e6.
    let ratios = match (species, species.phase()) {
        (Species::So2, _) => (0.3, 0.15),
        (Species::Nh3 | Species::Hno3, _) => (1.4, 0.5),
        (Species::SoaPrecursor, _) => (0.1, 0.03),
        (_, Phase::FineParticle | Phase::CoarseParticle) => (1.0, 0.0),
        (_, Phase::Gas | Phase::Passive) => (0.0, 0.0),
    };
    if frozen && matches!(species, Species::So2 | Species::Nh3 | Species::SoaPrecursor) {
        return 0.0;
    }
    if zone == Zone::InCloud {
        return ratios.0 * 1e6 * per_ratio;
    }
    let speed = if frozen { SNOW_SPEED } else { RAIN_SPEED };
    match species.phase() {
        Phase::FineParticle => SPECTRUM * rain * 0.02 / speed,
        Phase::CoarseParticle => SPECTRUM * rain * 0.4 / speed,
        Phase::Gas | Phase::Passive => ratios.1 * 1e6 * per_ratio,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 mm/h = 2.7778e-4 kg m-2 s-1.
    const ONE_MM_H: f32 = 1.0 / 3600.0;

    /// By hand from the published ratios at 1 mm/h of rain: in cloud 1e6 * 2.7778e-4 / 1e6 = 2.78e-4 for particles, 3.89e-4 for
    /// HNO3, 8.33e-5 for SO2; below cloud SO2 4.17e-5, HNO3 1.39e-4, fine 5.2*2.7778e-4*0.02/5 = 5.78e-6, coarse 1.156e-4 s-1.
    #[test]
    fn emep_rates_at_one_millimetre_an_hour() {
        for (species, zone, rate) in [
            (Species::Sulfate, Zone::InCloud, 2.778e-4),
            (Species::Hno3, Zone::InCloud, 3.889e-4),
            (Species::So2, Zone::InCloud, 8.333e-5),
            (Species::So2, Zone::BelowCloud, 4.167e-5),
            (Species::Hno3, Zone::BelowCloud, 1.389e-4),
            (Species::BlackCarbon, Zone::BelowCloud, 5.778e-6),
            (Species::Coarse, Zone::BelowCloud, 1.1556e-4),
        ] {
            let got = loss_rate(species, ONE_MM_H, zone, Form::Rain);
            assert!((got / rate - 1.0).abs() < 1e-3, "{species:?} {zone:?}: {got}");
        }
    }

    #[test]
    fn insoluble_gases_and_the_tracer_stay() {
        for species in [Species::No2, Species::Co, Species::Tracer] {
            for zone in [Zone::InCloud, Zone::BelowCloud] {
                assert_eq!(loss_rate(species, ONE_MM_H, zone, Form::Rain), 0.0);
            }
        }
    }

    /// Snow leaves SO2 and NH3 in the air, takes HNO3 as rain does, and collects particles below cloud faster.
    #[test]
    fn snow_differs_from_rain() {
        let rate = |s, form| loss_rate(s, ONE_MM_H, Zone::BelowCloud, form);
        assert_eq!(rate(Species::So2, Form::at(260.0)), 0.0);
        assert_eq!(rate(Species::Nh3, Form::Snow), 0.0);
        assert_eq!(rate(Species::Hno3, Form::Snow), rate(Species::Hno3, Form::at(280.0)));
        assert!((rate(Species::Sulfate, Form::Snow) / rate(Species::Sulfate, Form::Rain) - 5.0).abs() < 1e-5);
        assert_eq!(loss_rate(Species::Sulfate, -1.0, Zone::InCloud, Form::Rain), 0.0);
    }
}
