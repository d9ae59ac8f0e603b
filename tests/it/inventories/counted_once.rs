//! What two files or variables both give is counted once or refused; what is a part of a pollutant is summed.

use super::layouts::{meic, meic_netcdf};
use super::*;
use hazecast::domain::source::Sector;

const LAT: [f64; 3] = [42.0, 43.0, 44.0];
const LON: [f64; 2] = [129.0, 130.0];

/// A file of one or more variables [kg m-2 s-1] on six cells.
pub fn one(folder: &Path, name: &str, variables: &[(&str, f64)]) -> PathBuf {
    let path = folder.join(name);
    let mut all = vec![axis("lat", &LAT), axis("lon", &LON)];
    all.extend(variables.iter().map(|(name, value)| Variable {
        name,
        dimensions: &["lat", "lon"],
        attributes: vec![("units", "kg m-2 s-1")],
        values: vec![*value; 6],
    }));
    write(&path, &[("lat", 3), ("lon", 2)], &[], &[], &all);
    path
}

/// Tonnes a year of a flux of 1 kg m-2 s-1 on the six cells.
pub fn tonnes(flux: f64) -> f64 {
    LAT.iter().map(|lat| 2.0 * area(128.5, lat - 0.5, 129.5, lat + 0.5)).sum::<f64>() * flux * YEAR_S * 1e-3
}

fn refused(paths: &[PathBuf], wanted: &[&str]) {
    let text = together(paths).map(|(g, _)| g.len()).expect_err(&format!("{paths:?}")).to_string();
    wanted.iter().for_each(|w| assert!(text.contains(w), "`{text}`, not `{w}`"));
}

#[test]
fn a_sector_of_two_conventions_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let f = folder.path();
    let edgar = one(f, "v8.1_SO2_2022_ENE.nc", &[("fluxes", 1e-10)]);
    let htap = one(f, "edgar_HTAPv3_2018_SO2.nc", &[("HTAP3_Energy", 1e-10)]);
    refused(&[edgar.clone(), htap], &["so2 of sector power", "ene", "HTAP", "EDGAR"]);
    refused(&[edgar.clone(), one(f, "own.nc", &[("so2_power", 1e-10)])], &["so2 of sector power", "`power`"]);
    // several codes of one convention are one sector
    let more = one(f, "v8.1_SO2_2022_IND.nc", &[("fluxes", 1e-10)]);
    let steel = one(f, "v8.1_SO2_2022_IRO.nc", &[("fluxes", 2e-10)]);
    near(sum(&sources(&[edgar, more, steel])).so2, tonnes(4e-10), 1e-9, "EDGAR");
}

#[test]
fn a_category_is_not_added_to_those_it_is_the_sum_of() {
    let folder = tempfile::tempdir().unwrap();
    let f = folder.path();
    let parts = [
        one(f, "v8_NOx_2022_TRO_noRES.nc", &[("fluxes", 3e-10)]),
        one(f, "v8_NOx_2022_TRO_RES.nc", &[("fluxes", 1e-10)]),
    ];
    let with = |sum: f64| [parts.to_vec(), vec![one(f, "v8_NOx_2022_TRO.nc", &[("fluxes", sum)])]].concat();
    near(sum(&sources(&with(4e-10))).nox, tonnes(4e-10), 1e-9, "the parts alone");
    refused(&with(4.1e-10), &["TRO.nc", "within 0.1 %"]);
    // fuel production of fuels holds the others twice over
    let fuel: Vec<PathBuf> = [("PRO", 3e-10), ("PRO_FFF", 3e-10), ("PRO_COAL", 1e-10), ("PRO_GAS", 2e-10)]
        .map(|(code, flux)| one(f, &format!("v8_SO2_2022_{code}.nc"), &[("fluxes", flux)]))
        .into();
    near(sum(&sources(&fuel)).so2, tonnes(3e-10), 1e-9, "fuel");
}

#[test]
fn a_total_without_a_label_is_not_added_to_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        |total: f64| one(folder.path(), "nox.nc", &[("nox", total), ("nox_traffic", 1e-10), ("nox_power", 2e-10)]);
    near(sum(&sources(&[file(3e-10)])).nox, tonnes(3e-10), 1e-9, "the parts alone");
    refused(&[file(3.01e-10)], &["nox.nc: nox", "within 0.1 %"]);
    // of which some are given by the month
    let total = one(folder.path(), "total.nc", &[("nox_sum", 3e-10)]);
    let monthly: Vec<PathBuf> =
        (1..=12).map(|m| one(folder.path(), &format!("x_2019_{m}.nc"), &[("nox_traffic", 3e-10)])).collect();
    near(sum(&sources(&[monthly.clone(), vec![total.clone()]].concat())).nox, tonnes(3e-10), 1e-9, "the months alone");
    let more = one(folder.path(), "power.nc", &[("nox_power", 1e-10)]);
    refused(&[monthly.clone(), vec![total, more]].concat(), &["total.nc: nox_sum", "within 0.1 %"]);
    let again = one(folder.path(), "year.nc", &[("nox_traffic", 3e-10)]);
    refused(&[monthly, vec![again]].concat(), &["nox of traffic a second time"]);
    let two = [one(folder.path(), "a.nc", &[("nox_sum", 1e-10)]), one(folder.path(), "b.nc", &[("nox_total", 2e-10)])];
    refused(&two, &["a second total of nox", "one total"]);
}

/// Species of VOC and fossil and biogenic CO are summed, but not with the whole.
#[test]
fn parts_of_a_pollutant_are_summed() {
    let folder = tempfile::tempdir().unwrap();
    let f = folder.path();
    let names = ["2017_01__industry__CB05_TOL.nc", "2017_01__industry__CB05_XYL.nc", "2017_01__industry__VOC.nc"];
    let paths = names.map(|n| f.join(n));
    let values = meic(|lon, _| lon - 125.0);
    let cells: f64 = values.iter().sum();
    paths.iter().for_each(|p| meic_netcdf(p, values.clone(), None));
    // 10^6 mol of 92 and of 106 g
    near(sum(&sources(&paths[..2])).nmvoc, (92.0 + 106.0) * cells, 1e-9, "two species");
    refused(&paths, &["nmvoc of industry a second time", "VOC"]);
    // all VOC together are Mg where nothing is stated
    near(sum(&sources(&paths[2..])).nmvoc, cells, 1e-9, "all VOC");
    let both = one(f, "co.nc", &[("co_ff", 1e-10), ("co_bf", 2e-10)]);
    near(sum(&sources(&[both])).co, tonnes(3e-10), 1e-9, "fossil and biogenic CO");
    let sector = one(f, "co.nc", &[("co_ff_traffic", 1e-10), ("co_bf_traffic", 2e-10)]);
    let read = sources(&[sector]);
    near(sum(&read).co, tonnes(3e-10), 1e-9, "of a sector");
    assert!(read.iter().all(|s| s.sector == Sector::Traffic));
    refused(&[one(f, "co.nc", &[("co", 3e-10), ("co_ff", 1e-10)])], &["co of all sectors a second time"]);
}

/// A variable [kg m-2 s-1] on cells of `step` degrees from a south-western corner, zero where `given` says so.
fn on(
    folder: &Path,
    name: &str,
    (west, south, step, n): (f64, f64, f64, usize),
    variable: &str,
    given: fn(f64) -> bool,
) -> PathBuf {
    let path = folder.join(name);
    let middles = |from: f64| centres(from, from + step * n as f64, n);
    let lon = middles(west);
    let values = (0..n * n).map(|i| if given(lon[i % n]) { 1e-10 } else { 0.0 }).collect();
    let field =
        Variable { name: variable, dimensions: &["lat", "lon"], attributes: vec![("units", "kg m-2 s-1")], values };
    write(&path, &[("lat", n), ("lon", n)], &[], &[], &[axis("lat", &middles(south)), axis("lon", &lon), field]);
    path
}

#[test]
fn one_thing_on_two_kinds_of_cells_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let f = folder.path();
    let everywhere = |_: f64| true;
    let fine = (128.0, 42.0, 0.1, 20);
    let coarse = |name: &str, variable: &str| on(f, name, (127.0, 41.0, 0.5, 8), variable, everywhere);
    let own = on(f, "fine.nc", fine, "nox_traffic", everywhere);
    let words = ["fine.nc", "coarse.nc", "nox of traffic", "inputs.inventory_beside"];
    refused(&[own.clone(), coarse("coarse.nc", "nox_traffic")], &words);
    refused(&[coarse("coarse.nc", "nox_traffic"), own.clone()], &words);
    // a file that does not tell sectors holds them all
    refused(&[own.clone(), coarse("coarse.nc", "nox")], &["coarse.nc", "nox of all sectors", "fine.nc"]);
    // other sectors, other pollutants and other places are other emissions
    for other in [
        coarse("power.nc", "nox_power"),
        coarse("co.nc", "co_traffic"),
        on(f, "north.nc", (128.0, 44.0, 0.25, 8), "nox_traffic", everywhere),
    ] {
        let what = other.display().to_string();
        let alone = sum(&sources(std::slice::from_ref(&own))).sum() + sum(&sources(std::slice::from_ref(&other))).sum();
        near(sum(&sources(&[own.clone(), other])).sum(), alone, 1e-12, &what);
    }
    // one inside and one around it, with common cells at the border only
    let inside = on(f, "inside.nc", (126.0, 40.0, 0.1, 60), "nox_traffic", |lon| lon < 129.0);
    let around = on(f, "around.nc", (126.0, 40.0, 0.25, 24), "nox_traffic", |lon| lon > 128.9);
    assert_eq!(together(&[inside, around]).unwrap().0.len(), 2);
}
