//! A list as sheets: the rows by family, a summary, and the four lists (四个清单) that the air plan asks for: goals, measures, deadlines,
//! responsibilities (air 三-1).

use super::reduction_list::{ListRow, ReductionList, cents, millionths};
use super::{ConsultationRecord, list_columns};
use crate::calendar::beijing_local;
use crate::domain::register::Family;
use crate::domain::register_columns::{POLLUTANTS, in_order};
use crate::domain::sheet::{Cell, Sheet, SheetColumn};
use crate::reduction::ReductionPlan;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// A time as officials write it: Beijing, to the minute.
pub(super) fn beijing(t: DateTime<Utc>) -> String {
    beijing_local(t).format("%Y-%m-%d %H:%M").to_string()
}

/// Every row of the list on one sheet, for CSV.
pub fn one_sheet(list: &ReductionList) -> Sheet {
    let rows = list.rows.iter().map(list_columns::cells).collect();
    Sheet { name: "应急减排清单".into(), title: Vec::new(), columns: list_columns::columns(), rows }
}

/// The workbook: summary, the four lists, and one sheet for each family that has rows.
pub fn workbook(list: &ReductionList, record: &ConsultationRecord) -> Vec<Sheet> {
    let mut sheets = vec![summary(list, record), goals(list, record), measures(list), deadlines(list), duties(list)];
    for family in Family::ALL {
        let rows: Vec<Vec<Cell>> = list.rows.iter().filter(|r| r.family == family).map(list_columns::cells).collect();
        if !rows.is_empty() {
            let title = vec![format!("{}（{}）", title(list), family.zh())];
            sheets.push(Sheet { name: family.zh().into(), title, columns: list_columns::columns(), rows });
        }
    }
    sheets
}

/// `延吉市橙色预警应急减排清单`.
pub fn title(list: &ReductionList) -> String {
    format!("{}{}应急减排清单", list.area_zh, list.level.zh())
}

fn sheet(list: &ReductionList, name: &str, columns: Vec<SheetColumn>, rows: Vec<Vec<Cell>>) -> Sheet {
    Sheet { name: name.into(), title: vec![format!("{}（{name}）", title(list))], columns, rows }
}

fn summary(list: &ReductionList, record: &ConsultationRecord) -> Sheet {
    let mut rows: Vec<(String, Cell)> = vec![
        ("运行".into(), Cell::text(&list.run)),
        ("起报时间（北京时间）".into(), Cell::text(beijing(list.cycle))),
        ("地区".into(), Cell::text(&list.area_zh)),
        ("级别".into(), Cell::text(list.level.zh())),
        ("措施开始（北京时间）".into(), Cell::text(beijing(list.from))),
        ("措施结束（北京时间）".into(), Cell::text(beijing(list.to))),
        ("清单行数".into(), Cell::number(list.rows.len() as f64)),
        ("强制措施（行）".into(), Cell::number(list.rows.iter().filter(|r| r.mandatory).count() as f64)),
    ];
    for family in Family::ALL {
        let count = list.rows.iter().filter(|r| r.family == family).count();
        rows.push((format!("{}（行）", family.zh()), Cell::number(count as f64)));
    }
    for ((name, _), cut) in POLLUTANTS.iter().zip(cuts(&list.rows)) {
        rows.push((format!("{name}减排（吨/日）"), Cell::number(cut)));
    }
    rows.push(("全程成本（元，估算）".into(), Cell::number(cost(&list.rows))));
    if let Some(certificate) = &record.certificate {
        rows.push(("第二次完整模拟的结论".into(), Cell::text(&certificate.statement_zh)));
        rows.push(("基准模拟SHA-256".into(), Cell::text(&certificate.base_series_sha256)));
        rows.push(("减排模拟SHA-256".into(), Cell::text(&certificate.cut_series_sha256)));
    }
    let plan = record.reduction.as_ref();
    rows.extend(plan.iter().flat_map(|p| &p.legal_basis).map(|basis| ("依据".into(), Cell::text(basis))));
    rows.extend(plan.iter().flat_map(|p| &p.caveats_zh).map(|caveat| ("说明".into(), Cell::text(caveat))));
    rows.extend(record.degraded.iter().map(|d| ("降级".into(), Cell::text(d))));
    rows.push(("程序版本".into(), Cell::text(&record.hazecast)));
    let columns = vec![SheetColumn::text("项目"), SheetColumn::text("内容")];
    sheet(list, "汇总", columns, rows.into_iter().map(|(item, value)| vec![Cell::text(item), value]).collect())
}

/// 目标清单: what the level demands of the region and what the second run says of the area's days.
fn goals(list: &ReductionList, record: &ConsultationRecord) -> Sheet {
    let columns = vec![
        SheetColumn::text("范围"),
        SheetColumn::text("目标"),
        SheetColumn::text("单位"),
        SheetColumn::number("基准值"),
        SheetColumn::number("目标值"),
        SheetColumn::number("预计值"),
        SheetColumn::number("最大可达值"),
        SheetColumn::text("是否达到"),
    ];
    let mut rows = record.reduction.as_ref().map(|plan| demands(plan, record)).unwrap_or_default();
    let whole = list.adcode == record.warning.prefecture.adcode;
    let effects = record.certificate.iter().flat_map(|c| &c.counties).filter(|c| whole || c.adcode == list.adcode);
    for county in effects {
        for day in &county.days {
            let mut row = |goal: &str, unit: &str, before: Cell, after: Cell| {
                let goal = Cell::text(format!("{} {goal}", day.beijing_day));
                let (area, unit) = (Cell::text(&county.name_zh), Cell::text(unit));
                rows.push(vec![area, goal, unit, before, Cell::Blank, after, Cell::Blank, Cell::Blank]);
            };
            let concentration = |x: f64| Cell::number(millionths(x));
            let (before, after) = (day.pm25_before_ug_m3, day.pm25_after_ug_m3);
            row("PM2.5日均", "微克/立方米", concentration(before), concentration(after));
            let aqi = |x: Option<u16>| x.map_or(Cell::Blank, |x| Cell::number(f64::from(x)));
            row("AQI", "", aqi(day.aqi_before), aqi(day.aqi_after));
        }
    }
    sheet(list, "目标清单", columns, rows)
}

fn demands(plan: &ReductionPlan, record: &ConsultationRecord) -> Vec<Vec<Cell>> {
    let row = |t: &crate::reduction::ReductionTarget| {
        vec![
            Cell::text(&record.region_name_zh),
            Cell::text(format!("{}全社会减排量", t.pollutant)),
            Cell::text("吨/日"),
            Cell::number(millionths(t.emission_t_d)),
            Cell::number(millionths(t.emission_t_d * t.required_fraction)),
            Cell::number(millionths(t.emission_t_d * t.reached_fraction)),
            Cell::number(millionths(t.emission_t_d * t.attainable_fraction)),
            Cell::text(if t.met { "是" } else { "否" }),
        ]
    };
    plan.targets.iter().map(row).collect()
}

/// 措施清单: each measure of a county and family with what it cuts and costs.
fn measures(list: &ReductionList) -> Sheet {
    let mut columns = ["县市", "类别", "措施编号", "措施", "性质", "法律依据"].map(SheetColumn::text).to_vec();
    columns.push(SheetColumn::number("对象数"));
    columns.extend(POLLUTANTS.iter().map(|(name, _)| SheetColumn::number(format!("{name}减排_t_d"))));
    columns.push(SheetColumn::number("成本_元"));
    let groups = grouped(&list.rows, |r| (r.adcode, r.family, r.measure.clone(), r.mandatory));
    let row = |rows: &Vec<&ListRow>| {
        let first = rows[0];
        let kind = list_columns::kind(first.mandatory);
        let mut cells = [&first.county_zh, first.family.zh(), &first.measure, &first.name_zh, kind, &first.legal_basis]
            .map(Cell::text)
            .to_vec();
        cells.push(Cell::number(objects(rows)));
        cells.extend(cuts(rows.iter().copied()).map(Cell::number));
        cells.push(Cell::number(cost(rows.iter().copied())));
        cells
    };
    sheet(list, "措施清单", columns, groups.values().map(row).collect())
}

/// 时限清单: what must be in force when.
fn deadlines(list: &ReductionList) -> Sheet {
    let mut columns = ["完成时限", "结束时间", "县市", "措施编号", "措施", "责任单位"].map(SheetColumn::text).to_vec();
    columns.push(SheetColumn::number("对象数"));
    let groups = grouped(&list.rows, |r| (r.deadline, r.to, r.adcode, r.measure.clone(), r.department.clone()));
    let row = |rows: &Vec<&ListRow>| {
        let first = rows[0];
        let (deadline, to) = (beijing(first.deadline), beijing(first.to));
        let mut cells = [&deadline, &to, &first.county_zh, &first.measure, &first.name_zh, &first.department]
            .map(Cell::text)
            .to_vec();
        cells.push(Cell::number(objects(rows)));
        cells
    };
    sheet(list, "时限清单", columns, groups.values().map(row).collect())
}

/// 责任清单: who answers for what, and how it is checked.
fn duties(list: &ReductionList) -> Sheet {
    let mut columns =
        ["责任单位", "责任人岗位", "县市", "措施编号", "措施", "核查方式"].map(SheetColumn::text).to_vec();
    columns.push(SheetColumn::number("对象数"));
    let key = |r: &ListRow| (r.department.clone(), r.role.clone(), r.adcode, r.measure.clone(), r.verification.clone());
    let groups = grouped(&list.rows, key);
    let row = |rows: &Vec<&ListRow>| {
        let f = rows[0];
        let texts = [&f.department, &f.role, &f.county_zh, &f.measure, &f.name_zh, &f.verification];
        let mut cells = texts.map(Cell::text).to_vec();
        cells.push(Cell::number(objects(rows)));
        cells
    };
    sheet(list, "责任清单", columns, groups.values().map(row).collect())
}

fn grouped<K: Ord>(rows: &[ListRow], key: impl Fn(&ListRow) -> K) -> BTreeMap<K, Vec<&ListRow>> {
    let mut groups: BTreeMap<K, Vec<&ListRow>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

/// Entries, or sources where there is no register, each counted once.
fn objects(rows: &[&ListRow]) -> f64 {
    rows.iter().map(|r| r.entry.as_ref().unwrap_or(&r.source)).collect::<BTreeSet<_>>().len() as f64
}

/// Sum per pollutant in the order of [`POLLUTANTS`] [t d-1].
fn cuts<'r>(rows: impl IntoIterator<Item = &'r ListRow>) -> [f64; 9] {
    let mut sums = [0.0; 9];
    for row in rows {
        for (sum, cut) in sums.iter_mut().zip(in_order(&row.cut_t_d)) {
            *sum += cut;
        }
    }
    sums.map(millionths)
}

fn cost<'r>(rows: impl IntoIterator<Item = &'r ListRow>) -> f64 {
    cents(rows.into_iter().map(|r| r.cost_yuan).sum())
}
