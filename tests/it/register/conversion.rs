//! What is read is written and read again without loss, whatever the texts hold.

use super::{EXAMPLE, by_family, example, file, hazecast, read, to_csv, to_xlsx};
use hazecast::domain::register::{Family, Grade, ProductionLine, Protection, RegisterEntry};
use hazecast::domain::source::Amounts;
use rand_distr::Distribution;
use rand_pcg::Pcg64Mcg;

#[test]
fn the_example_survives_both_formats_to_the_byte() {
    let csv = example();
    assert!(csv.faults.is_empty(), "{:?}", csv.faults);
    let xlsx = read("register.xlsx", &to_xlsx(&csv.entries)).unwrap();
    assert!(xlsx.faults.is_empty(), "{:?}", xlsx.faults);
    assert_eq!(xlsx.entries, csv.entries);
    assert!(to_csv(&xlsx.entries) == EXAMPLE, "the CSV written from the XLSX differs from the file");
    assert!(to_xlsx(&xlsx.entries) == to_xlsx(&csv.entries), "the same entries give another workbook");
    assert_eq!(xlsx.places[0].en, "sheet 工业企业, row 2");
}

/// The counts that the founding document names.
#[test]
fn the_example_has_what_the_plan_counts() {
    let entries = example().entries;
    assert!(entries.len() >= 400, "{}", entries.len());
    let count = |of: &dyn Fn(&RegisterEntry) -> bool| entries.iter().filter(|e| of(e)).count();
    let industry = |word: &'static str| move |e: &RegisterEntry| e.industry.as_deref() == Some(word);
    assert_eq!(count(&|e| e.source.starts_with("boiler-")), 125);
    assert_eq!(count(&industry("加油站")), 194);
    assert_eq!((count(&industry("储油库")), count(&industry("火电"))), (2, 2));
    for family in Family::ALL {
        assert!(count(&|e| e.family == family) >= 8, "{}", family.zh());
    }
    for grade in [Grade::A, Grade::B, Grade::C, Grade::D, Grade::NonLeading] {
        assert!(count(&|e| e.grade == Some(grade)) > 0, "{}", grade.zh());
    }
    // nothing in it can be taken for a real enterprise or person
    assert_eq!(count(&|e| e.credit_code.is_some() || e.contact.is_some()), 0);
    assert_eq!(count(&|e| e.remark.as_deref().is_some_and(|r| r.contains("示例"))), entries.len());
}

const TEXTS: [&str; 22] = [
    "延吉市",
    "=1+1",
    "+86 433",
    "-5",
    "@SUM(A1)",
    "＝1",
    "'=1",
    "''=1",
    "'quoted'",
    "a,b",
    "a\"b\"",
    "两行\n文字",
    "tab\tinside",
    "_x0041_",
    "_x005F_x000D_",
    "<b>&amp;</b>",
    "1e5",
    "00123",
    "TRUE",
    "2026-01-15",
    "𠮷田",
    "a_x",
];

/// Entries with every awkward text and numbers of every size.
fn random(seed: u64, count: usize) -> Vec<RegisterEntry> {
    let mut rng = Pcg64Mcg::new(u128::from(seed) << 1 | 1);
    let uniform = rand_distr::Uniform::new(0.0_f64, 1.0).unwrap();
    let mut next = || uniform.sample(&mut rng);
    let mut entries = Vec::new();
    for i in 0..count {
        let text = |u: f64| TEXTS[(u * TEXTS.len() as f64) as usize].to_owned();
        // what separates the parts of production lines cannot stand in them
        let part = |u: f64| text(u).replace(';', ",");
        let amount = |u: f64, v: f64| if u < 0.2 { 0.0 } else { 10_f64.powf(9.0 * v - 7.0) };
        let (bc, oc) = (amount(next(), next()), amount(next(), next()));
        let pm25 = bc + 1.4 * oc + amount(next(), next());
        let line = |a: f64, b: f64, share: f64| ProductionLine {
            name: format!("线{}", part(a)),
            product: part(b),
            capacity: if share < 0.1 { String::new() } else { "1万吨/年".into() },
            share,
        };
        let lines = (0..(next() * 3.0) as usize).map(|_| line(next(), next(), next() / 3.0)).collect();
        let optional = |u: f64, v: f64| (u < 0.5).then(|| text(v));
        let county = [222_401, 222_403, 222_426][(next() * 3.0) as usize];
        entries.push(RegisterEntry {
            id: format!("{}{i}", text(next())),
            name: text(next()),
            family: Family::ALL[(next() * 7.0) as usize],
            credit_code: (next() < 0.3).then(|| "91110000600037341L".into()),
            adcode: county,
            lon_lat: (next() < 0.5).then(|| (next() * 360.0 - 180.0, next() * 180.0 - 90.0)),
            industry: optional(next(), next()),
            grade: (next() < 0.5).then(|| Grade::ALL[(next() * 6.0) as usize]),
            protection: (next() < 0.5).then(|| (Protection::ALL[(next() * 4.0) as usize], next())),
            lines,
            stack_heights_m: (0..(next() * 3.0) as usize).map(|_| 1.0 + 449.0 * next()).collect(),
            emission_t_d: Amounts {
                so2: amount(next(), next()),
                nox: amount(next(), next()),
                co: amount(next(), next()),
                nh3: amount(next(), next()),
                nmvoc: amount(next(), next()),
                pm25,
                pm10: pm25 + amount(next(), next()),
                bc,
                oc,
            },
            source: text(next()),
            contact: optional(next(), next()),
            remark: optional(next(), next()),
        });
    }
    entries
}

#[test]
fn every_text_and_number_survives() {
    for seed in 0..40 {
        let entries = by_family(random(seed, 60));
        let csv = read("r.csv", &to_csv(&entries)).unwrap();
        assert!(csv.faults.is_empty(), "seed {seed}: {:?}", csv.faults[0]);
        assert_eq!(csv.entries, entries, "seed {seed}");
        let xlsx = read("r.xlsx", &to_xlsx(&entries)).unwrap();
        assert!(xlsx.faults.is_empty(), "seed {seed}: {:?}", xlsx.faults[0]);
        assert_eq!(xlsx.entries, entries, "seed {seed}");
    }
}

#[test]
fn a_register_may_be_written_as_offices_do() {
    let sheet = "ID,Family,name,County,source,pm_t_d,PM25_t_d,minimum_load,protection,production_lines,绩效分级,统一社会信用代码\r\n\
                 a,enterprise,甲,Yanji,s,2,1,70%,heating,窑｜砖｜1｜0.5；坯|砖||0.5;,b级,91110000600037341l\r\n";
    let read = read("r.csv", sheet.as_bytes()).unwrap();
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    let e = &read.entries[0];
    assert_eq!((e.adcode, e.family, e.grade), (222_401, Family::Enterprise, Some(Grade::B)));
    assert_eq!((e.emission_t_d.pm10, e.emission_t_d.pm25, e.emission_t_d.so2), (2.0, 1.0, 0.0));
    assert_eq!(e.protection, Some((Protection::Heating, 0.7)));
    assert_eq!(e.lines.iter().map(|l| (l.name.as_str(), l.share)).collect::<Vec<_>>(), [("窑", 0.5), ("坯", 0.5)]);
    assert_eq!(e.credit_code.as_deref(), Some("91110000600037341L"));
}

#[test]
fn the_commands_convert_and_refuse_to_lose_rows() {
    let folder = tempfile::tempdir().unwrap();
    let csv = file(folder.path(), "register.csv", EXAMPLE);
    let (xlsx, back) = (folder.path().join("r.xlsx"), folder.path().join("back.csv"));
    let [csv, xlsx, back] = [&csv, &xlsx, &back].map(|p| p.to_str().unwrap());
    for (from, to) in [(csv, xlsx), (xlsx, back)] {
        let out = hazecast(&["register", "export", from, "-o", to]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    assert!(std::fs::read(back).unwrap() == EXAMPLE);
    // one bad row, and nothing is converted
    let broken = String::from_utf8(EXAMPLE.to_vec()).unwrap().replacen(",延吉市,", ",长春市,", 1);
    let broken = file(folder.path(), "broken.csv", broken.as_bytes());
    let out = hazecast(&["register", "export", broken.to_str().unwrap(), "-o", "never.xlsx"]);
    let message = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3));
    assert!(message.contains("line 2, column 县市") && message.contains("长春市"), "{message}");
    assert_eq!(hazecast(&["register", "export", csv, "-o", "register.ods"]).status.code(), Some(2));
    // the template explains itself and is an empty register
    let template = folder.path().join("template.xlsx");
    let template = template.to_str().unwrap();
    assert!(hazecast(&["register", "template", "-o", template]).status.success());
    // a second time it would replace what was filled in
    let again = hazecast(&["register", "template", "-o", template]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    assert!(hazecast(&["register", "template", "-o", template, "--force"]).status.success());
    let out = hazecast(&["register", "check", template]);
    assert_eq!(out.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&out.stderr).contains("at least one entry"));
}
