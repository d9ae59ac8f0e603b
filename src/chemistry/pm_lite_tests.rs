use super::*;
use proptest::prelude::*;

fn winter_air() -> Air {
    Air {
        temperature_k: 263.0,
        pressure_pa: 97_000.0,
        density_kg_m3: 1.285,
        relative_humidity: 0.7,
        cloud_water_kg_kg: 0.0,
        cos_zenith: 0.4,
        fine_particle_kg_m3: 100e-9,
    }
}

/// A state from numbers 0..1: gases and particles of 0..50 ug/kg.
fn state(numbers: &[f32]) -> [f32; Species::COUNT] {
    let mut q = [0.0; Species::COUNT];
    for (value, number) in q.iter_mut().zip(numbers) {
        *value = number * 5e-8;
    }
    q
}

/// Moles of an element per kg of air, in f64.
fn moles(q: &[f32; Species::COUNT], members: &[Species]) -> f64 {
    members.iter().map(|s| f64::from(q[s.index()]) / s.molar_mass().unwrap()).sum()
}

const SULFUR: [Species; 2] = [Species::So2, Species::Sulfate];
const OXIDISED_NITROGEN: [Species; 3] = [Species::No2, Species::Hno3, Species::Nitrate];
const REDUCED_NITROGEN: [Species; 2] = [Species::Nh3, Species::Ammonium];

/// Pseudo-random numbers in 0..1 (linear congruence of Knuth's MMIX), the same in every run.
fn numbers(seed: &mut u64) -> f32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 40) as f32 / 16_777_216.0
}

fn random_air(seed: &mut u64) -> Air {
    Air {
        temperature_k: 230.0 + 80.0 * numbers(seed),
        relative_humidity: numbers(seed),
        cloud_water_kg_kg: 1e-3 * (numbers(seed) - 0.5).max(0.0),
        cos_zenith: 2.0 * numbers(seed) - 1.0,
        ..winter_air()
    }
}

#[test]
fn molar_masses_are_those_of_the_species() {
    for (species, mass) in [
        (Species::So2, SO2),
        (Species::No2, NO2),
        (Species::Nh3, NH3),
        (Species::Hno3, HNO3),
        (Species::Sulfate, SO4),
        (Species::Nitrate, NO3),
        (Species::Ammonium, NH4),
    ] {
        assert_eq!(species.molar_mass(), Some(mass));
    }
}

/// Sulfur, oxidised and reduced nitrogen and organic mass of 1000 cells over 24 steps each keep to 1e-6; everything
/// else is untouched.
#[test]
fn atoms_are_kept() {
    let mut seed = 7;
    let mut worst = 0.0_f64;
    for _ in 0..1000 {
        let fractions = Rates::new(&random_air(&mut seed), &Oxidants::WINTER).over(300.0 + 3300.0 * numbers(&mut seed));
        let values: Vec<f32> = (0..Species::COUNT).map(|_| numbers(&mut seed)).collect();
        let start = state(&values);
        let mut q = start;
        for _ in 0..24 {
            step(&mut q, &fractions);
        }
        for members in [&SULFUR[..], &OXIDISED_NITROGEN, &REDUCED_NITROGEN] {
            worst = worst.max((moles(&q, members) / moles(&start, members) - 1.0).abs());
        }
        let organic = |q: &[f32]| q[Species::SoaPrecursor.index()] + q[Species::SecondaryOrganic.index()];
        worst = worst.max(f64::from(organic(&q) / organic(&start) - 1.0).abs());
        for s in [
            Species::Co,
            Species::BlackCarbon,
            Species::PrimaryOrganic,
            Species::FineOther,
            Species::Coarse,
            Species::Tracer,
        ] {
            assert_eq!(q[s.index()], start[s.index()]);
        }
    }
    assert!(worst < 1e-6, "{worst:e}");
}

/// SO2, NOx and precursor follow the exponential, in one step or in many.
#[test]
fn decays_are_exact_over_any_step() {
    let rates = Rates { sulfur: 2e-6, nitrogen: 3e-5, organic: 1.25e-5, nitrate_product: 1.0 };
    let hours = 12.0_f64;
    for steps in [1_u32, 12, 144] {
        let fractions = rates.over((hours * 3600.0 / f64::from(steps)) as f32);
        let mut q = state(&[1.0; Species::COUNT]);
        for _ in 0..steps {
            step(&mut q, &fractions);
        }
        // exp(-0.0864), exp(-1.296), exp(-0.54).
        for (species, left) in
            [(Species::So2, 0.917_227), (Species::No2, 0.273_624), (Species::SoaPrecursor, 0.582_748)]
        {
            let ratio = f64::from(q[species.index()]) / 5e-8 / left;
            assert!((ratio - 1.0).abs() < 1e-5, "{species:?} in {steps}: {ratio}");
        }
    }
}

/// Twice the emitted gases give twice the products (sulfate and SOA), exactly.
#[test]
fn conversions_are_linear() {
    let fractions = Rates::new(&winter_air(), &Oxidants::WINTER).over(600.0);
    let (mut once, mut twice) = ([0.0; Species::COUNT], [0.0; Species::COUNT]);
    for s in [Species::So2, Species::No2, Species::SoaPrecursor] {
        (once[s.index()], twice[s.index()]) = (3e-9, 6e-9);
    }
    for _ in 0..50 {
        step(&mut once, &fractions);
        step(&mut twice, &fractions);
    }
    for s in Species::ALL {
        assert_eq!(2.0 * once[s.index()], twice[s.index()], "{s:?}");
    }
    assert!(once[Species::Sulfate.index()] > 0.0 && once[Species::SecondaryOrganic.index()] > 0.0);
}

/// Winter conversion of SO2: OH near 1e6 gives about 0.3 %/h, uptake on 100 ug/m3 about 1 %/h (Zheng et al. 2015 need
/// 0.5..3 %/h); a liquid cloud is faster than both, an ice cloud adds nothing.
#[test]
fn winter_rates_have_the_published_size() {
    let per_hour = |air: &Air| Rates::new(air, &Oxidants::WINTER).sulfur * 3600.0;
    let clear = per_hour(&winter_air());
    assert!((0.005..0.03).contains(&clear), "{clear}");
    let without_particles = per_hour(&Air { fine_particle_kg_m3: 0.0, ..winter_air() });
    assert!((0.002..0.008).contains(&without_particles), "{without_particles}");
    let cloud = Air { cloud_water_kg_kg: 2e-4, temperature_k: 270.0, ..winter_air() };
    assert!(per_hour(&cloud) > 5.0 * clear, "{}", per_hour(&cloud));
    let ice = Air { temperature_k: 245.0, ..cloud };
    assert!(per_hour(&ice) < 2.0 * clear);
    // NOx: night-time conversion of some percent an hour, and day-time of the same order.
    let nox = |cos_zenith| Rates::new(&Air { cos_zenith, ..winter_air() }, &Oxidants::WINTER).nitrogen * 3600.0;
    assert!((0.005..0.1).contains(&nox(-0.5)), "{}", nox(-0.5));
    assert!((0.01..0.1).contains(&nox(0.4)), "{}", nox(0.4));
}

/// Growth by hand: (1 + 0.3 * 0.7/0.3)^(2/3) = 1.7^(2/3) = 1.4244; held at 95 %: 6.7^(2/3) = 3.554.
#[test]
fn humid_surface_by_hand() {
    assert!((wet_surface(1e-7, 0.0) / 1.14e-3 - 1.0).abs() < 1e-9);
    assert!((wet_surface(1e-7, 0.7) / 1.14e-3 / 1.4244 - 1.0).abs() < 1e-3);
    assert!((wet_surface(1e-7, 1.0) / 1.14e-3 / 3.554 - 1.0).abs() < 1e-3);
}

/// With surface in plenty every NO3 takes two NO2: at 263 K, 970 hPa, k = 1.08e-17, O3 8.01e11, so 0.75 * 2 k [O3] =
/// 1.298e-5; the night floor of OH adds 0.75 * 1.286e-11 * 1.3e5 = 1.25e-6 s-1. Without particles only OH is left.
#[test]
fn night_nitrate_by_hand() {
    let night = Air { cos_zenith: -0.2, fine_particle_kg_m3: 1e-3, ..winter_air() };
    let rate = Rates::new(&night, &Oxidants::WINTER).nitrogen;
    assert!((rate / 1.424e-5 - 1.0).abs() < 0.01, "{rate}");
    let clean = Rates::new(&Air { fine_particle_kg_m3: 0.0, ..night }, &Oxidants::WINTER).nitrogen;
    assert!((clean / 1.254e-6 - 1.0).abs() < 0.01, "{clean}");
}

#[test]
fn a_row_gives_the_same_bits_as_its_cells() {
    const N: usize = 37;
    let mut seed = 11;
    let mut cells = [[0.0_f32; Species::COUNT]; N];
    let mut fractions = Vec::new();
    for cell in &mut cells {
        let values: Vec<f32> = (0..Species::COUNT).map(|_| numbers(&mut seed)).collect();
        *cell = state(&values);
        fractions.push(Rates::new(&random_air(&mut seed), &Oxidants::WINTER).over(600.0));
    }
    let column = |s: Species| cells.iter().map(|c| c[s.index()]).collect::<Vec<f32>>();
    let mut rows = CHANGED.map(column);
    let [so2, no2, nh3, hno3, soa_precursor, sulfate, nitrate, ammonium, secondary_organic] = &mut rows;
    step_row(
        &mut Row { so2, no2, nh3, hno3, soa_precursor, sulfate, nitrate, ammonium, secondary_organic },
        &fractions,
    );
    for (i, (cell, f)) in cells.iter_mut().zip(&fractions).enumerate() {
        step(cell, f);
        assert_eq!(rows[0][i], cell[Species::So2.index()]);
        assert_eq!(rows[3][i], cell[Species::Hno3.index()]);
        assert_eq!(rows[6][i], cell[Species::Nitrate.index()]);
        assert_eq!(rows[7][i], cell[Species::Ammonium.index()]);
        assert_eq!(rows[8][i], cell[Species::SecondaryOrganic.index()]);
    }
}

proptest! {
    /// Any air, any amounts from nothing to 50 mg/kg: no negative value, no NaN, and sulfate never shrinks.
    #[test]
    fn amounts_stay_positive(
        temperature_k in 230.0_f32..310.0,
        relative_humidity in 0.0_f32..=1.0,
        pressure_pa in 30_000.0_f32..105_000.0,
        cloud_water_kg_kg in 0.0_f32..2e-3,
        cos_zenith in -1.0_f32..1.0,
        fine_particle_kg_m3 in 0.0_f32..2e-6,
        dt in 0.0_f32..7200.0,
        exponents in prop::collection::vec(-20.0_f32..6.0, Species::COUNT),
        absent in prop::collection::vec(any::<bool>(), Species::COUNT),
    ) {
        let air = Air {
            temperature_k, pressure_pa, relative_humidity, cloud_water_kg_kg, cos_zenith, fine_particle_kg_m3,
            density_kg_m3: pressure_pa / (287.05 * temperature_k),
        };
        let values: Vec<f32> = exponents.iter().zip(&absent).map(|(e, a)| if *a { 0.0 } else { 10.0_f32.powf(*e) }).collect();
        let start = state(&values);
        let mut q = start;
        let fractions = Rates::new(&air, &Oxidants::WINTER).over(dt);
        for _ in 0..3 {
            step(&mut q, &fractions);
        }
        for s in Species::ALL {
            prop_assert!(q[s.index()].is_finite() && q[s.index()] >= 0.0, "{:?}: {}", s, q[s.index()]);
        }
        prop_assert!(q[Species::Sulfate.index()] >= start[Species::Sulfate.index()]);
        for members in [&SULFUR[..], &OXIDISED_NITROGEN, &REDUCED_NITROGEN] {
            let (before, after) = (moles(&start, members), moles(&q, members));
            prop_assert!((after - before).abs() <= 2e-6 * before, "{before:e} {after:e}");
        }
    }
}
