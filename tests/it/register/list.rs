//! The list as XLSX, CSV and JSON: the same figures cell by cell, formulas nowhere, read back without loss.

use super::{file, hazecast, json};
use crate::archive::sample_record;
use hazecast::archive::list_files::{ListFormat, bytes, file_name};
use hazecast::consultation::ConsultationRecord;
use hazecast::consultation::list_reading;
use hazecast::consultation::list_sheets::{one_sheet, workbook};
use hazecast::consultation::reduction_list::{ListRow, ReductionList, lists};
use hazecast::domain::register::{Family, Grade};
use hazecast::domain::sheet::{Cell, Sheet};
use hazecast::domain::source::{Amounts, Sector};
use hazecast::input::table_file::{self, TableSheet};
use rand_distr::Distribution;
use rand_pcg::Pcg64Mcg;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

const PAYLOADS: [&str; 12] = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "＝1+1",
    "=HYPERLINK(\"http://x\",\"y\")",
    "'=1+1",
    "a=1",
    "热电厂 <一号> & \"二号\"",
    "_x003D_1+1",
    "两行\n文字",
];

/// A record with a list of `rows` measures over all sectors and three counties, names that attack spreadsheets, numbers of every kind.
fn record(seed: u64, rows: usize) -> ConsultationRecord {
    let mut rng = Pcg64Mcg::new(u128::from(seed) << 1 | 1);
    let uniform = rand_distr::Uniform::new(0.0_f64, 1.0).unwrap();
    let mut next = move || uniform.sample(&mut rng);
    let mut record = sample_record::record(sample_record::cycle());
    let plan = record.reduction.as_mut().unwrap();
    let template = plan.measures[0].clone();
    plan.measures.clear();
    for i in 0..rows {
        let mut m = template.clone();
        let (adcode, zh, _) = sample_record::COUNTIES[i % 3];
        (m.adcode, m.county_zh) = (adcode, zh.into());
        m.sector = Sector::ALL[i % Sector::ALL.len()];
        m.source = format!("{}{i}", PAYLOADS[i % PAYLOADS.len()]);
        m.family = Family::of_sector(m.sector);
        m.entry = (i % 3 != 0).then(|| format!("{}{}", PAYLOADS[(i + 1) % PAYLOADS.len()], i % 20));
        m.entry_name = if i % 8 == 0 { String::new() } else { PAYLOADS[(i / 2) % PAYLOADS.len()].into() };
        m.grade = (i % 2 == 0).then(|| Grade::ALL[i % Grade::ALL.len()]);
        m.role = if i % 5 == 0 { String::new() } else { PAYLOADS[(i / 7) % PAYLOADS.len()].into() };
        m.name_zh = PAYLOADS[(i / 3) % PAYLOADS.len()].into();
        m.department = PAYLOADS[(i / 5) % PAYLOADS.len()].into();
        m.measure = format!("measure-{}", i % 7);
        m.mandatory = i % 4 != 0;
        m.from += chrono::Duration::hours((i % 9) as i64);
        let mut amount = || if next() < 0.1 { 0.0 } else { 10_f64.powf(8.0 * next() - 6.0) };
        m.cut_t_d =
            Amounts { so2: amount(), nox: amount(), co: amount(), pm25: amount(), pm10: -amount(), ..m.cut_t_d };
        (m.cost_yuan_d, m.cost_yuan) = (1e4 * amount(), 1e5 * amount());
        m.factor = Amounts::all(1.0 / (1.0 + amount()));
        plan.measures.push(m);
    }
    record
}

fn sheets_of(name: &str, content: &[u8]) -> Vec<TableSheet> {
    let folder = tempfile::tempdir().unwrap();
    table_file::read(&file(folder.path(), name, content)).unwrap().sheets
}

/// The cells of a read sheet below its titles, header first, each row filled up to the header's width.
fn cells(read: &TableSheet, titles: usize) -> Vec<Vec<Cell>> {
    let rows: Vec<_> = read.rows.iter().skip(titles).collect();
    let width = rows[0].cells.len();
    rows.into_iter().map(|r| (0..width).map(|c| r.cell(c).clone()).collect()).collect()
}

fn expected(sheet: &Sheet) -> Vec<Vec<Cell>> {
    let header = sheet.columns.iter().map(|c| Cell::text(&c.name)).collect();
    std::iter::once(header).chain(sheet.rows.iter().cloned()).collect()
}

/// As the cells are written in JSON.
fn value(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Number(n) => (*n).into(),
        Cell::Text(t) => t.as_str().into(),
        Cell::Blank => serde_json::Value::Null,
    }
}

#[test]
fn three_formats_hold_the_same_cells() {
    for (seed, rows) in [(1, 3), (2, 40), (3, 200)] {
        let record = record(seed, rows);
        for list in lists(&record) {
            let sheets = workbook(&list, &record);
            let xlsx = sheets_of("list.xlsx", &bytes(&list, &record, ListFormat::Xlsx).unwrap());
            let names: Vec<Option<&str>> = xlsx.iter().map(|s| s.name.as_deref()).collect();
            assert_eq!(names, sheets.iter().map(|s| Some(s.name.as_str())).collect::<Vec<_>>());
            assert_eq!(&names[..5], ["汇总", "目标清单", "措施清单", "时限清单", "责任清单"].map(Some));
            let document: serde_json::Value =
                serde_json::from_slice(&bytes(&list, &record, ListFormat::Json).unwrap()).unwrap();
            let mut compared = 0;
            for (s, (sheet, read)) in sheets.iter().zip(&xlsx).enumerate() {
                assert_eq!(cells(read, sheet.title.len()), expected(sheet), "{}", sheet.name);
                for (r, row) in sheet.rows.iter().enumerate() {
                    for (c, cell) in row.iter().enumerate() {
                        assert_eq!(document["sheets"][s]["rows"][r][c], value(cell), "{} {r} {c}", sheet.name);
                        compared += 1;
                    }
                }
            }
            assert!(compared > list.rows.len() * 39, "{compared}");
            let csv = sheets_of("list.csv", &bytes(&list, &record, ListFormat::Csv).unwrap());
            let plain = |rows: Vec<Vec<Cell>>| {
                rows.iter().map(|r| r.iter().map(Cell::plain).collect()).collect::<Vec<Vec<_>>>()
            };
            assert_eq!(plain(cells(&csv[0], 0)), plain(expected(&one_sheet(&list))));
        }
    }
}

#[test]
fn a_list_is_read_back_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 10..20 {
        let record = record(seed, 60);
        for list in lists(&record) {
            for format in [ListFormat::Xlsx, ListFormat::Csv] {
                let path = file(folder.path(), &file_name(&list, format), &bytes(&list, &record, format).unwrap());
                let (rows, refused) = list_reading::read(&path).unwrap();
                assert!(refused.is_empty(), "{refused:?}");
                assert_eq!(rows, list.rows);
            }
            let json = bytes(&list, &record, ListFormat::Json).unwrap();
            assert_eq!(serde_json::from_slice::<ReductionList>(&json).unwrap(), list);
        }
    }
}

#[test]
fn the_lists_of_the_counties_are_the_list_of_the_region() {
    let record = record(5, 90);
    let lists = lists(&record);
    assert_eq!(lists.iter().map(|l| l.adcode).collect::<Vec<_>>(), [222_400, 222_401, 222_402, 222_403]);
    let mut of_counties: Vec<ListRow> = lists[1..].iter().flat_map(|l| l.rows.clone()).collect();
    of_counties.sort_by_key(|r| r.number);
    assert_eq!(of_counties, lists[0].rows);
    let plan = record.reduction.as_ref().unwrap();
    assert_eq!(lists[0].rows.len(), plan.measures.len());
    for (row, m) in lists[0].rows.iter().zip(&plan.measures) {
        assert!((row.cut_t_d.nox - m.cut_t_d.nox).abs() <= 0.5e-6 && (row.cost_yuan_d - m.cost_yuan_d).abs() <= 0.005);
        assert_eq!((row.from, row.deadline, row.mandatory), (m.from, m.from, m.mandatory));
        assert_eq!((&row.entry, row.grade, row.family, &row.role), (&m.entry, m.grade, m.family, &m.role));
        let name = if m.entry_name.is_empty() { &m.source } else { &m.entry_name };
        assert_eq!(&row.entry_name, name);
    }
    // the sums of the summary are those of the measures
    let summary = &workbook(&lists[0], &record)[0];
    let item = |name: &str| summary.rows.iter().find(|r| r[0] == Cell::text(name)).unwrap()[1].clone();
    let Cell::Number(nox) = item("NOx减排（吨/日）") else { panic!() };
    assert!((nox - plan.measures.iter().map(|m| m.cut_t_d.nox).sum::<f64>()).abs() < 1e-4);
    assert_eq!(item("清单行数"), Cell::Number(90.0));
}

#[test]
fn no_cell_is_a_formula_and_numbers_stay_numbers() {
    let record = record(6, 120);
    let list = &lists(&record)[0];
    let xlsx = bytes(list, &record, ListFormat::Xlsx).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(&xlsx)).unwrap();
    for i in 0..archive.len() {
        let mut text = String::new();
        archive.by_index(i).unwrap().read_to_string(&mut text).unwrap();
        assert!(!text.contains("<f>") && !text.contains("<f "), "a formula in part {i}");
        assert!(!text.contains("hyperlink") && !text.contains("externalLink"), "a link in part {i}");
    }
    let csv = bytes(list, &record, ListFormat::Csv).unwrap();
    assert!(csv.starts_with(b"\xef\xbb\xbf"));
    let mut negative = 0;
    for record in csv::Reader::from_reader(&csv[3..]).records() {
        for field in record.unwrap().iter() {
            let number = field.parse::<f64>().is_ok();
            negative += usize::from(number && field.starts_with('-'));
            assert!(number || !field.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{field}");
        }
    }
    assert!(negative > 50, "{negative} negative numbers were written as they are");
    // the same record, the same bytes
    assert!(bytes(list, &record, ListFormat::Xlsx).unwrap() == xlsx);
}

#[test]
fn an_edited_list_is_read_with_its_faults() {
    let record = record(7, 12);
    let list = &lists(&record)[0];
    let text = String::from_utf8(bytes(list, &record, ListFormat::Csv).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let read = |text: String| list_reading::read(&file(folder.path(), "list.csv", text.as_bytes()));
    let (rows, refused) = read(text.replacen(",强制,", ",必须,", 1)).unwrap();
    assert_eq!((rows.len(), refused.len()), (11, 1));
    assert_eq!((refused[0].column.as_deref(), refused[0].found.en.as_str()), (Some("性质"), "`必须`"));
    let error = read(text.replacen("排放源编号", "源", 1)).unwrap_err().to_string();
    assert!(error.contains("`源`") && error.contains("`排放源编号`"), "{error}");
    assert!(read("名称\n甲\n".into()).unwrap_err().to_string().contains("no list"));
}

#[test]
fn the_command_writes_a_folder_of_lists() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(8, 30);
    let path = file(folder.path(), "record.json", &serde_json::to_vec(&record).unwrap());
    let out_dir = folder.path().join("lists");
    let [path, out_dir] = [&path, &out_dir].map(|p| p.to_str().unwrap());
    let exported = json(&hazecast(&["list", "export", "--record", path, "-o", out_dir, "--json"]));
    assert_eq!((&exported["rows"], exported["files"].as_array().unwrap().len()), (&30.into(), 12));
    for name in exported["files"].as_array().unwrap() {
        assert!(Path::new(out_dir).join(name.as_str().unwrap()).is_file(), "{name}");
    }
    let county = format!("{out_dir}/list_2026011512_222402.xlsx");
    let read = json(&hazecast(&["list", "read", &county, "--json"]));
    assert_eq!((read["rows"].as_array().unwrap().len(), &read["refused"]), (10, &serde_json::json!([])));
    let mut without = record.clone();
    without.reduction = None;
    let path = file(folder.path(), "none.json", &serde_json::to_vec(&without).unwrap());
    assert_eq!(hazecast(&["list", "export", "--record", path.to_str().unwrap(), "-o", out_dir]).status.code(), Some(3));
}

/// Another program opens the workbook: every sheet that LibreOffice writes as CSV has the cells of the export.
#[test]
fn libreoffice_reads_the_same_cells() {
    let office = ["libreoffice", "soffice"].into_iter().find(|p| Command::new(p).arg("--version").output().is_ok());
    let Some(office) = office else {
        println!("skipped: LibreOffice is not installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let record = record(9, 120);
    let list = &lists(&record)[0];
    let path = file(folder.path(), "list.xlsx", &bytes(list, &record, ListFormat::Xlsx).unwrap());
    let convert = |to: &str| {
        let out = Command::new(office)
            .arg(format!("-env:UserInstallation=file://{}/profile", folder.path().display()))
            .args(["--headless", "--convert-to", to, "--outdir"])
            .args([folder.path(), &path])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    // comma, quote, UTF-8, from row 1, values in full instead of as shown, every sheet
    convert("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1");
    let mut compared = 0;
    for sheet in workbook(list, &record) {
        let name = folder.path().join(format!("list-{}.csv", sheet.name));
        let text = std::fs::read(&name).unwrap_or_else(|e| panic!("{}: {e}", name.display()));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&text[..]);
        let read: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).skip(sheet.title.len()).collect();
        for (r, row) in expected(&sheet).iter().enumerate() {
            for (c, cell) in row.iter().enumerate() {
                let field = read[r].get(c).unwrap_or("");
                match cell {
                    Cell::Number(n) => assert_eq!(field.parse(), Ok(*n), "{} {r} {c}", sheet.name),
                    text => assert_eq!(field, text.plain(), "{} {r} {c}", sheet.name),
                }
                compared += 1;
            }
        }
    }
    convert("fods");
    let flat = std::fs::read_to_string(folder.path().join("list.fods")).unwrap();
    assert!(!flat.contains("table:formula"), "LibreOffice found a formula");
    println!("{compared} cells equal in LibreOffice");
    assert!(compared > 120 * 39);
}
