//! Meteorology readers on real files (figures from independent implementations) and on hand-broken ones.

use crate::real;
use hazecast::domain::met_field::MetField;
use hazecast::input::{cf_netcdf, grib2, wrfout};

#[test]
fn show() {
    for f in ["met/wrf/ci_test_file.nc", "met/wrf/wrf_d01_allvars_cropped.nc", "met/wrf/wrfout_d01_2005-01-01_00_00_00"] {
        match wrfout::read(&real(f).unwrap()) {
            Ok(v) => println!("{f} {} {:?} {:?}", v.len(), v[1].grid, &v[1].altitude_m[..4]),
            Err(e) => println!("{e}"),
        }
    }
    let g = grib2::read(&[real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2").unwrap()], Some((125.0, 40.0, 134.0, 46.0)));
    match g {
        Ok(v) => {
            let f: &MetField = &v[0];
            println!("{:?} {} {:?}", f.grid, f.levels, f.valid_time);
            let c = f.grid.transform().cell(130.0, 42.5).unwrap();
            let c = c.1 * f.grid.nx + c.0;
            for k in 0..f.levels {
                let i = k * f.grid.cells() + c;
                println!("{k} {} {} {} {}", f.altitude_m[i], f.pressure_pa[i], f.temperature_k[i], f.specific_humidity[i]);
            }
        }
        Err(e) => println!("{e}"),
    }
    match cf_netcdf::read(&real("met/era/era5_utm32_2025_05_01_01.nc").unwrap(), None) {
        Ok(v) => {
            let f: &MetField = &v[0];
            println!("{:?} {} {:?}", f.grid, f.levels, f.valid_time);
            for k in 0..f.levels {
                let i = k * f.grid.cells() + 12 * 17 + 7;
                println!("{k} {} {} {} {}", f.altitude_m[i], f.pressure_pa[i], f.temperature_k[i], f.specific_humidity[i]);
            }
        }
        Err(e) => println!("{e}"),
    }
    panic!();
}
