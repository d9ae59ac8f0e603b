//! Sectors by the names of files: of known inventories alone, and each of them noted.

use super::counted_once::{one, tonnes};
use super::*;
use hazecast::domain::source::Sector;

#[test]
fn words_of_a_name_are_no_sectors() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["emis_so2_2022_hi-res.nc", "air_so2_2022.nc", "so2_2022_total.nc", "waste_so2.nc"] {
        let (groups, notes) = together(&[one(folder.path(), name, &[("emissions", 1e-10)])]).unwrap();
        near(sum(&groups[0].sources).so2, tonnes(1e-10), 1e-9, name);
        assert!(groups[0].sources.iter().all(|s| s.sector == Sector::Other) && notes.is_empty(), "{name}: {notes:?}");
    }
}

#[test]
fn a_sector_by_a_name_is_noted_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| one(folder.path(), name, &[("fluxes", 1e-10)]);
    let paths = ["v8.1_FT2022_AP_SO2_2022_ENE_flx.nc", "v8.1_FT2022_AP_NOx_2022_ENE_flx.nc"].map(file);
    let (groups, notes) = together(&paths).unwrap();
    assert!(groups[0].sources.iter().all(|s| s.sector == Sector::Power));
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].found.contains("`ene` by the names of 2 files") && notes[0].by_design, "{notes:?}");
    assert_eq!((notes[0].place.as_str(), notes[0].expected.as_str()), ("the file name", "sector power"));
    // a name of HTAP may say that a file is flight: what is left out is noted too
    let (groups, notes) = together(&[file("edgar_HTAP_SO2_emi_AIR_2010.0.1x0.1.nc")]).unwrap();
    assert!(groups[0].sources.is_empty() && notes.len() == 2, "{notes:?}");
    assert!(notes.iter().any(|n| n.found.contains("not emitted")), "{notes:?}");
}
