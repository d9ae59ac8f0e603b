//! `hazecast met` on the weather of the built-in example.

use crate::real;
use hazecast::input::met_contents;
use hazecast::input::meteorology::Format;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn met(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast"))
        .arg("met")
        .args(args)
        .env("LANG", "C")
        .env_remove("LC_ALL")
        .output()
        .unwrap()
}

fn json(out: &Output) -> serde_json::Value {
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// A folder with the example, and the first of its weather files.
fn example() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let inventory =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/yanbian/inventory.csv")).unwrap();
    hazecast::cli::example::write(folder.path(), &inventory).unwrap();
    let met = std::fs::read_dir(folder.path().join("inbox/met")).unwrap();
    let first = met.map(|f| f.unwrap().path()).min().unwrap();
    (folder, first)
}

#[test]
fn a_file_is_listed_drawn_written_out_and_brought_to_a_grid() {
    let (folder, wrfout) = example();
    let file = wrfout.to_str().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    let report = &json(&met(&["info", file, "--json"]))[0];
    assert_eq!((&report["format"], &report["model"]["can_drive"]), (&"wrfout (NetCDF)".into(), &true.into()));
    let grid = &report["grids"][0];
    assert!(grid["projection"].as_str().unwrap().starts_with("+proj=lcc") && grid["nx"].as_u64().unwrap() > 10);
    let west = grid["corners"][0][0].as_f64().unwrap();
    assert!((120.0..130.0).contains(&west), "{west}");
    let needs = report["model"]["needs"].as_array().unwrap();
    assert!(needs.len() == 20 && needs.iter().all(|n| n["state"] != "missing"));
    let t2 = report["variables"].as_array().unwrap().iter().find(|v| v["name"] == "T2").unwrap();
    let (low, high) = (t2["minimum"].as_f64().unwrap(), t2["maximum"].as_f64().unwrap());
    assert!(t2["units"] == "K" && 230.0 < low && low < high && high < 290.0, "{t2}");
    let listed = String::from_utf8(met(&["info", file, "--no-ranges"]).stdout).unwrap();
    assert!(listed.contains("can drive the model") && listed.contains("points in a column"), "{listed}");

    let svg = at("map.svg");
    let drawn = json(&met(&["plot", file, "--var", "temperature", "--level", "50m", "-o", &svg, "--json"]));
    assert!(drawn["unit"] == "K" && drawn["minimum"].as_f64().unwrap() < drawn["maximum"].as_f64().unwrap());
    let picture = std::fs::read_to_string(&svg).unwrap();
    for word in ["temperature", "50 m above ground", "Yanji", "130°E", "43°N", ">K<"] {
        assert!(picture.contains(word), "{word} is not in the map");
    }
    assert!(picture.len() < 200_000, "{}", picture.len());
    let png = at("section.png");
    let section = ["plot", file, "--var", "wind_speed", "--section", "128.5,42.5,130,43.5", "--lang", "zh", "-o", &png];
    assert!(met(&section).status.success());
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG\r\n"));
    assert!(met(&["plot", file, "--var", "T2", "-o", &svg]).status.success());

    for (args, code, word) in [
        (["--var", "smoke", "-o", &svg], 3, "The file has:"),
        (["--var", "terrain", "-o", "map.gif"], 2, ".svg"),
        (["--var", "temperature", "--level=900", "-o=map.svg"], 2, "--level"),
    ] {
        let out = met(&[&["plot", file], &args[..]].concat());
        let message = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(code) && message.contains(word), "{args:?}: {message}");
    }

    let numbers = at("values.f32");
    let index = json(&met(&["dump", file, "--driver", "-o", &numbers]));
    let entries = index.as_array().unwrap();
    let count =
        |e: &serde_json::Value| e["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product::<u64>();
    let total: u64 = entries.iter().map(count).sum();
    assert_eq!(std::fs::metadata(&numbers).unwrap().len(), 4 * total);
    assert_eq!(entries.last().map(|e| e["offset"].as_u64().unwrap() + count(e)), Some(total));

    let brought = json(&met(&["grid", file, "--grid", "demo", "--json"]));
    assert_eq!(brought["shape"].as_array().unwrap()[..2], [34, 30]);
    let density = brought["lowest_layer_density"][0].as_f64().unwrap();
    assert!((1.1..1.6).contains(&density), "{density}");
}

/// What the commands show of a file comes out of a child: they name no reader of their own.
#[test]
fn the_commands_read_through_children() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/met");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for reader in
            ["grib2::", "wrfout::", "cf_netcdf::", "met_contents::contents", "met_contents::field", "_fields("]
        {
            assert!(!text.contains(reader), "{}: {reader}", path.display());
        }
    }
}

/// Layers of soil differ by parts of a metre, and means and sums of intervals have the end of the interval as their time: each is one of its own.
#[test]
fn layers_and_intervals_of_a_grib_file_are_told_apart() {
    let Some(path) = real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    let listed = met_contents::contents(&path, Format::Grib2, false).unwrap();
    let levels =
        |name: &str| listed.variables.iter().find(|v| v.name == name).map(|v| v.levels.clone()).unwrap_or_default();
    assert_eq!(levels("t:depth"), [0.0, 0.1, 0.4, 1.0]);
    assert_eq!(levels("t:sigma"), [0.995]);
    let mut named: Vec<(String, Option<i64>)> = Vec::new();
    for field in met_contents::all_fields(&path, Format::Grib2).unwrap() {
        named.push((field.name, field.level.map(|l| (l * 1e6).round() as i64)));
    }
    let intervals: Vec<&String> = named.iter().map(|(n, _)| n).filter(|n| n.split(':').count() == 3).collect();
    println!("{intervals:?}");
    assert!(intervals.iter().any(|n| n.contains(":acc")) && intervals.iter().any(|n| n.contains(":avg")));
    let soil: Vec<&(String, Option<i64>)> = named.iter().filter(|(n, _)| n.contains(":depth")).collect();
    let distinct: std::collections::BTreeSet<_> = soil.iter().collect();
    assert!(soil.len() >= 8 && distinct.len() == soil.len(), "{soil:?}");
    // a name may leave the interval open
    let rain = met_contents::field(&path, Format::Grib2, "tp:ground", None, None).unwrap();
    assert!(rain.name.starts_with("tp:ground:acc"), "{}", rain.name);
}
