//! Gridded inventories as text: EDGAR lists of `lat;lon;tonnes`, and ESRI ASCII grids (MEIC).
//!
//! - EDGAR text gives the **south-western corner** of each cell of 0.1 degree (its NetCDF the centre), in the unit that its titles state
//!   behind `unit`, in brackets or behind `in`, and in tonnes a year where they state none.
//! - An ESRI grid states its own cells (`xllcorner` or `xllcenter`, `cellsize`); rows run southward. Without a header the file has the
//!   grid of MEIC. Units are those of a MEIC file where no line before the values states one behind `unit`; the month is that of the file's name.
//! - Pollutant and sector are those of the file's name, the sector where it is a name of EDGAR or MEIC.

use super::Window;
use super::inventory_fields::GridField;
use super::inventory_lattice::{AxisCells, Lattice, within};
use super::inventory_steps::DAYS_OF_MONTHS;
use super::inventory_units::{EmissionUnit, Measure, Per, parse, parse_mass};
use super::inventory_vocabulary::{Role, Substance, Vocabulary, plain};
use crate::domain::source::Sector;
use crate::error::{Error, Result};
use crate::units::SECONDS_PER_YEAR;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Cell size [degrees] of EDGAR's lists.
const EDGAR_CELL: f64 = 0.1;
/// Largest number of cells of a text grid.
const CELL_LIMIT: usize = 20_000_000;
/// Numbers in a row from which a text without a header is a grid.
const LEAST_COLUMNS: usize = 50;
/// English names in file names.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Most words of a unit in a text.
const WORDS_OF_A_UNIT: usize = 8;
/// Largest mass [t a-1] of one cell of 0.1 degree: 1 g m-2 s-1.
const TONNES_LIMIT: f64 = 5e9;

fn refuse(path: &Path, place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::format(path, place, found, expected, "Correct or replace the file")
}

/// What the name of a text file says.
pub struct NamedField {
    pub substance: Substance,
    /// kg of the pollutant per mol, for a file in moles.
    pub kg_per_mol: Option<f64>,
    pub category: String,
    pub role: Role,
    pub month: Option<u32>,
    /// The species or part of the pollutant; empty for all of it.
    pub part: String,
}

/// Pollutant, sector and month of a file name; `None` for a gas that this program does not carry.
///
/// # Errors
/// `Format` when the name has no pollutant.
pub fn named(path: &Path, vocabulary: &Vocabulary) -> Result<Option<NamedField>> {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let (category, role) = match vocabulary.category_in_file_name(&stem) {
        Some((code, role)) => (code, role.clone()),
        None => (String::new(), Role::Part(Sector::Other)),
    };
    let month = month(&stem);
    let words: Vec<String> = plain(&stem).split('_').map(str::to_owned).collect();
    let last = words.last().map(String::as_str).unwrap_or_default();
    if let Some(substance) = vocabulary.pollutant_in_file_name(&stem) {
        let kg_per_mol = vocabulary.kg_per_mol(substance);
        let part = vocabulary.part_in_file_name(&stem).unwrap_or_default().to_owned();
        return Ok(Some(NamedField { substance, kg_per_mol, category, role, month, part }));
    }
    // speciated VOC: `2016_01__industry__CB05_ALD2`; nitrogen and sulphur of mechanisms stand beside their masses
    if let Some(species) = vocabulary.ioapi().species(last).filter(|s| s.part_of == Substance::Nmvoc) {
        return Ok(Some(NamedField {
            substance: Substance::Nmvoc,
            kg_per_mol: species.kg_per_mol,
            category,
            role,
            month,
            part: last.to_owned(),
        }));
    }
    let unread = |w: &String| vocabulary.is_unread(w) || vocabulary.ioapi().is_unread(w);
    if words.iter().any(unread) {
        return Ok(None);
    }
    let expected = "the name of one pollutant in the file name, such as 2017_01__industry__SO2";
    Err(refuse(path, "the file name", format!("`{stem}`"), expected))
}

/// `2017_01__industry__PM25` -> 1; also `2017_1_SO2`, `201701` and `January`.
pub(super) fn month(stem: &str) -> Option<u32> {
    let words: Vec<&str> = stem.split(['_', '-', '.']).collect();
    let pair = words.windows(2).find_map(|w| {
        let year = w[0].len() == 4 && w[0].parse::<u32>().is_ok_and(|y| (1950..2100).contains(&y));
        let month = w[1].parse::<u32>().ok().filter(|m| w[1].len() == 2 && (1..=12).contains(m));
        month.filter(|_| year)
    });
    let of = |year: &str, month: &str| {
        let known = year.parse::<u32>().is_ok_and(|y| (1950..2100).contains(&y));
        month.parse::<u32>().ok().filter(|m| known && (1..=12).contains(m))
    };
    // a single digit before a point begins a resolution
    let parts: Vec<&str> = stem.split(['_', '-']).collect();
    let digit = |w: &[&str]| (w[0].len() == 4 && w[1].len() == 1).then(|| of(w[0], w[1])).flatten();
    let together = |w: &&str| (w.len() == 6 && w.is_ascii()).then(|| of(&w[..4], &w[4..])).flatten();
    let name = |w: &&str| (1..=12).find(|m| MONTHS[m - 1].eq_ignore_ascii_case(w)).map(|m| m as u32);
    pair.or_else(|| parts.windows(2).find_map(digit))
        .or_else(|| words.iter().find_map(together))
        .or_else(|| words.iter().find_map(name))
}

/// Tonnes of a file's year or month per value of 1 over a cell.
///
/// # Errors
/// `Format` for moles of particles.
pub fn tonnes_per_value(path: &Path, named: &NamedField, unit: EmissionUnit, area_m2: f64) -> Result<f64> {
    let kg = match (unit.measure, named.kg_per_mol) {
        (Measure::Mass, _) => 1.0,
        (Measure::Moles, Some(kg_per_mol)) => kg_per_mol,
        (Measure::Moles, None) => {
            return Err(refuse(path, "the unit", "moles of particles", "a mass: particles have no molar mass"));
        }
    };
    let (seconds, months) = match named.month {
        Some(month) => (DAYS_OF_MONTHS[month as usize - 1] * 86_400.0, 1.0),
        None => (SECONDS_PER_YEAR, 12.0),
    };
    Ok(kg * unit.amount(area_m2, seconds, months) * 1e-3)
}

/// The unit that lines of text or an attribute state, or the file's convention where they state none.
///
/// # Errors
/// `Format` for a unit that is no emission.
pub fn unit_of(path: &Path, stated: Option<&str>, named: &NamedField, vocabulary: &Vocabulary) -> Result<EmissionUnit> {
    // the species of a mechanism are in moles, all VOC together in mass
    let by_moles = named.substance == Substance::Nmvoc && !named.part.is_empty();
    let text = stated.unwrap_or(if by_moles { &vocabulary.meic.2 } else { &vocabulary.meic.1 });
    parse(text).ok_or_else(|| refuse(path, "the unit", format!("`{text}`"), "such as Mg/month/cell"))
}

/// The unit that the most of the first words of a text are.
fn leading_unit(text: &str) -> Option<EmissionUnit> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (1..=words.len().min(WORDS_OF_A_UNIT)).rev().find_map(|n| {
        let unit = words[..n].join(" ");
        let unit = unit.trim_matches(['.', ',', ';', ':']);
        parse(unit).or_else(|| parse_mass(unit))
    })
}

/// What a line says behind the word `unit` or `units`.
fn behind_unit(line: &str) -> Option<&str> {
    let at = line.to_ascii_lowercase().find("unit")?;
    let rest = line[at + 4..].trim_start_matches(['s', 'S']);
    let is_word = !line[..at].ends_with(char::is_alphanumeric) && !rest.starts_with(char::is_alphanumeric);
    is_word.then(|| rest.trim_start_matches([':', '=', ' ', '\t']).trim_end())
}

/// The unit that the titles of a list state.
fn unit_of_titles(path: &Path, titles: &[&str]) -> Result<EmissionUnit> {
    // as EDGAR words it: `ton substance / 0.1degree x 0.1degree / year`
    let plain = |t: &&str| {
        let folded = t.replace('（', "(").replace('）', ")").replace('：', ":").replace("单位", " unit ");
        folded.replace(" substance", "").replace("0.1degree x 0.1degree", "0.1degree")
    };
    let plain: Vec<String> = titles.iter().map(plain).collect();
    if let Some(stated) = plain.iter().find_map(|t| behind_unit(t)) {
        return leading_unit(stated)
            .ok_or_else(|| refuse(path, "the unit", format!("`{stated}`"), "such as ton/year per cell"));
    }
    let brackets = || {
        let of_line = |t: &'_ String| -> Vec<String> {
            let inner = t.split(['(', '[']).skip(1).filter_map(|part| part.split([')', ']']).next());
            inner.map(|part| part.trim().trim_start_matches("in ").to_owned()).collect()
        };
        plain.iter().flat_map(of_line)
    };
    let behind_in = |t: &String| t.split(" in ").skip(1).find_map(leading_unit);
    let stated = brackets().find_map(|part| leading_unit(&part)).or_else(|| plain.iter().find_map(behind_in));
    let massive = |part: &String| part.split_whitespace().any(|word| parse_mass(word).is_some());
    if let (None, Some(unknown)) = (stated, brackets().find(massive)) {
        return Err(refuse(path, "the unit", format!("`{unknown}`"), "such as ton/year per cell"));
    }
    Ok(stated.unwrap_or(EmissionUnit { measure: Measure::Mass, factor: 1e3, per_area: false, per: Per::Step }))
}

/// Reads an EDGAR list or an ESRI grid, by its first lines. `None` for a gas that this program does not carry.
///
/// # Errors
/// `Format` naming the line: not three or not as many numbers as the header says, a value that is negative or impossibly large, a corner
/// that is not on the lattice or comes twice, a file name without a pollutant.
pub fn read(path: &Path, vocabulary: &Vocabulary, window: Window) -> Result<Option<GridField>> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse(path, "the file", "bytes that are not UTF-8", "text"))?;
    let Some(named) = named(path, vocabulary)? else { return Ok(None) };
    let first = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    let listed = text.lines().take(8).any(|l| l.split(';').count() >= 3);
    if listed && !first.to_lowercase().starts_with("ncols") {
        edgar_list(path, &text, named, window).map(Some)
    } else {
        esri_grid(path, &text, named, vocabulary, window).map(Some)
    }
}

/// Whether a text starts like one of these files.
pub fn is_this(head: &str) -> bool {
    let first = head.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default().to_lowercase();
    let semicolons = head.lines().take(8).any(|l| {
        let numbers: Vec<_> = l.split(';').map(|n| n.trim().parse::<f64>()).collect();
        numbers.len() == 3 && numbers.iter().all(std::result::Result::is_ok)
    });
    // a grid without a header: long rows of numbers, the last of them cut at the end of the head
    let row: Vec<_> = first.split_whitespace().map(str::parse::<f64>).collect();
    let numbers = row.len() >= LEAST_COLUMNS && row[..row.len() - 1].iter().all(std::result::Result::is_ok);
    first.starts_with("ncols") || semicolons || numbers
}

fn edgar_list(path: &Path, text: &str, named: NamedField, window: Window) -> Result<GridField> {
    let mut cells: BTreeMap<(i64, i64), (f64, usize)> = BTreeMap::new();
    let mut titles = Vec::new();
    let index = |corner: f64| (corner / EDGAR_CELL).round();
    for (i, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(';').map(str::trim).collect();
        let numbers: Vec<f64> = fields.iter().filter_map(|n| n.parse().ok()).collect();
        let place = || format!("line {}", i + 1);
        let [lat, lon, value] = numbers[..] else {
            // lines before the first values are titles
            if cells.is_empty() || line.trim().is_empty() {
                titles.push(line);
                continue;
            }
            return Err(refuse(path, place(), format!("`{line}`"), "lat;lon;value"));
        };
        if !((-90.0..90.0).contains(&lat) && (-180.0..360.0).contains(&lon)) {
            return Err(refuse(
                path,
                place(),
                format!("the corner {lat}; {lon}"),
                "latitude; longitude of a south-western corner",
            ));
        }
        if (index(lat) * EDGAR_CELL - lat).abs() > 1e-3 || (index(lon) * EDGAR_CELL - lon).abs() > 1e-3 {
            let expected =
                "corners at multiples of 0.1 degree: lists of EDGAR are referenced to the south-western corner";
            return Err(refuse(path, place(), format!("the corner {lat}; {lon}"), expected));
        }
        if !(value.is_finite() && value >= 0.0) {
            return Err(refuse(path, place(), value.to_string(), "an emission of 0 or more"));
        }
        let lon = if lon >= 180.0 - 1e-6 { lon - 360.0 } else { lon };
        if let Some((_, line)) = cells.insert((index(lat) as i64, index(lon) as i64), (value, i + 1)) {
            return Err(refuse(path, place(), format!("the corner of line {line} again"), "each cell once"));
        }
    }
    let (rows, columns) =
        (AxisCells::from_edge(-90.0, EDGAR_CELL, 1800), AxisCells::from_edge(-180.0, EDGAR_CELL, 3600));
    let (lattice, y, x) = within(&rows, &columns, window);
    let unit = unit_of_titles(path, &titles)?;
    let mut tonnes = vec![0.0; lattice.cells()];
    for ((row, column), (value, line)) in cells {
        let (row, column) = ((row + 900) as usize, (column + 1800) as usize);
        if y.contains(&row) && x.contains(&column) {
            let cell = (row - y.start) * x.len() + column - x.start;
            tonnes[cell] = value * tonnes_per_value(path, &named, unit, lattice.area_m2(cell))?;
            if tonnes[cell] > TONNES_LIMIT {
                let expected = format!("0 ..= {TONNES_LIMIT} t a-1");
                return Err(refuse(path, format!("line {line}"), format!("{} t", tonnes[cell]), expected));
            }
        }
    }
    Ok(finish(path, named, lattice, tonnes))
}

fn finish(path: &Path, named: NamedField, lattice: Lattice, tonnes: Vec<f64>) -> GridField {
    GridField {
        file: path.to_path_buf(),
        place: named.substance.name().to_owned(),
        lattice: Arc::new(lattice),
        by_file_name: !named.category.is_empty(),
        category: named.category,
        role: named.role,
        substance: named.substance,
        month: named.month,
        part: named.part,
        span: None,
        tonnes,
    }
}

/// Header of an ESRI grid.
struct Header {
    rows: AxisCells,
    columns: AxisCells,
    no_data: Option<f64>,
}

fn esri_grid(path: &Path, text: &str, named: NamedField, vocabulary: &Vocabulary, window: Window) -> Result<GridField> {
    let mut words: BTreeMap<String, f64> = BTreeMap::new();
    let mut stated = None;
    let mut body = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let mut parts = line.split_whitespace();
        let Some(first) = parts.next() else { continue };
        if first.parse::<f64>().is_ok() {
            body.push((i + 1, line));
            continue;
        }
        if !body.is_empty() {
            return Err(refuse(path, format!("line {}", i + 1), format!("`{line}`"), "numbers to the end"));
        }
        let rest = line[line.find(first).unwrap_or(0) + first.len()..].trim();
        match rest.parse::<f64>() {
            Ok(value) => {
                words.insert(first.to_lowercase(), value);
            }
            Err(_) => stated = stated.or_else(|| behind_unit(line).map(str::to_owned)),
        }
    }
    let header = header(path, &words, vocabulary)?;
    let unit = unit_of(path, stated.as_deref(), &named, vocabulary)?;
    let (count, width) = (header.rows.bounds.len(), header.columns.bounds.len());
    let (lattice, y, x) = within(&header.rows, &header.columns, window);
    let mut tonnes = vec![0.0; lattice.cells()];
    let mut seen = 0;
    for (line, text) in body {
        for number in text.split_whitespace() {
            let value: f64 =
                number.parse().map_err(|_| refuse(path, format!("line {line}"), format!("`{number}`"), "a number"))?;
            let (row, column) = (seen / width, seen % width);
            seen += 1;
            if header.no_data.is_some_and(|n| value == n) || row >= count {
                continue;
            }
            let place = || format!("line {line}, row {row}, column {column}");
            if !(value.is_finite() && value >= 0.0) {
                return Err(refuse(path, place(), number, "an emission of 0 or more"));
            }
            if y.contains(&row) && x.contains(&column) {
                let cell = (row - y.start) * x.len() + column - x.start;
                let t = value * tonnes_per_value(path, &named, unit, lattice.area_m2(cell))?;
                if t > TONNES_LIMIT {
                    return Err(refuse(
                        path,
                        place(),
                        format!("{value}, which is {t} t"),
                        format!("at most {TONNES_LIMIT} t"),
                    ));
                }
                tonnes[cell] = t;
            }
        }
    }
    if seen != count * width {
        return Err(refuse(path, "the values", format!("{seen} values"), format!("{count} rows of {width}")));
    }
    Ok(finish(path, named, lattice, tonnes))
}

fn header(path: &Path, words: &BTreeMap<String, f64>, vocabulary: &Vocabulary) -> Result<Header> {
    let no_data = words.get("nodata_value").copied();
    let grid = vocabulary.meic.0;
    let (west, south, cell, columns, rows) = if words.contains_key("ncols") {
        let need = |name: &str| {
            words.get(name).copied().ok_or_else(|| refuse(path, "the header", format!("no {name}"), "an ESRI header"))
        };
        let cell = need("cellsize")?;
        let edge = |corner: &str, centre: &str| match words.get(centre) {
            Some(c) => Ok(c - 0.5 * cell),
            None => need(corner),
        };
        let (columns, rows) = (need("ncols")?, need("nrows")?);
        let counts =
            [columns, rows].iter().all(|n| *n >= 1.0 && n.fract() == 0.0) && columns * rows <= CELL_LIMIT as f64;
        if !(counts && cell > 0.0 && cell <= 10.0) {
            let found = format!("{columns} columns, {rows} rows of {cell} degrees");
            return Err(refuse(path, "the header", found, format!("a grid of at most {CELL_LIMIT} cells")));
        }
        (edge("xllcorner", "xllcenter")?, edge("yllcorner", "yllcenter")?, cell, columns as usize, rows as usize)
    } else {
        (grid.west, grid.south, grid.cell, grid.columns, grid.rows)
    };
    let (north, east) = (south + cell * rows as f64, west + cell * columns as f64);
    if !(south >= -90.0 - 1e-6 && north <= 90.0 + 1e-6 && west >= -180.0 - 1e-6 && east <= 360.0 + 1e-6) {
        let found = format!("{west} to {east} E, {south} to {north} N");
        return Err(refuse(path, "the header", found, "longitudes and latitudes"));
    }
    let mut rows = AxisCells::from_edge(south, cell, rows);
    rows.bounds.reverse();
    Ok(Header { rows, columns: AxisCells::from_edge(west, cell, columns), no_data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_stand_behind_a_year() {
        assert_eq!(month("2017_01__industry__PM25"), Some(1));
        assert_eq!(month("2016_12_power_NOx"), Some(12));
        assert_eq!(month("v8.1_FT2022_AP_SO2_2022_ENE"), None);
        assert_eq!(month("2016__industry"), None);
        assert_eq!(month("v432_SO2_2010_3_ENE.0.1x0.1"), Some(3));
        assert_eq!(month("SO2_2010_1.0x1.0"), None);
        assert_eq!(month("co_201902"), Some(2));
        assert_eq!(month("traffic_January_2019"), Some(1));
    }

    /// kg of a value of 1 on 2 km2 in a year.
    #[test]
    fn titles_state_the_unit_of_a_list() {
        let year = 31_536_000.0;
        let path = Path::new("list.txt");
        for (titles, kg) in [
            (&["EDGAR", "lat;lon;emission"][..], 1000.0),
            (&["EDGAR v8.1 SO2 2022 (SW corner)", "lat;lon;emission 2022 (tons)"], 1000.0),
            (&["lat;lon;emission 2022 (kg)"], 1.0),
            (&["lat;lon;排放量（kg）"], 1.0),
            (&["单位：kg", "lat;lon;排放量"], 1.0),
            (&["lat;lon;emission (in kg)"], 1.0),
            (&["lat;lon;emission [kilotonnes]"], 1e6),
            (&["emissions in ton substance / 0.1degree x 0.1degree / year for the year 2022"], 1000.0),
            (&["# Unit: kg m-2 s-1; corner of the cell", "lat;lon;emission (tons)"], 2e6 * year),
            (&["units = Gg/year"], 1e6),
            (&["United States and others, in Mg/month per cell"], 12_000.0),
        ] {
            let unit = unit_of_titles(path, titles).unwrap();
            assert!((unit.amount(2e6, year, 12.0) / kg - 1.0).abs() < 1e-12, "{titles:?}: {unit:?}");
        }
        let unknown = unit_of_titles(path, &["lat;lon;emission (thousand tons)"]).unwrap_err().to_string();
        assert!(unknown.contains("`thousand tons`"), "{unknown}");
        let error = unit_of_titles(path, &["Unit: bushels a day"]).unwrap_err().to_string();
        assert!(error.contains("bushels a day"), "{error}");
    }
}
