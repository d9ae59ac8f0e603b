//! The columns of a list: a row as cells, and cells as a row.

use super::list_sheets::beijing;
use super::reduction_list::ListRow;
use crate::calendar::of_beijing_local;
use crate::domain::bilingual::Bilingual;
use crate::domain::register::{Family, Grade};
use crate::domain::register_columns::{POLLUTANTS, from_order, in_order};
use crate::domain::sheet::{Cell, SheetColumn};
use crate::input::table_file::TableRow;
use chrono::{DateTime, NaiveDateTime, Utc};

/// Header of the first column, by which a sheet with rows of a list is known.
pub(super) const KEY: &str = "序号";

/// Headers before and behind the amounts.
const HEAD: [&str; 15] = [
    KEY,
    "县市代码",
    "县市",
    "类别",
    "清单编号",
    "名称",
    "排放源编号",
    "绩效分级",
    "措施编号",
    "措施",
    "措施英文名",
    "性质",
    "开始时间",
    "结束时间",
    "完成时限",
];
const TAIL: [&str; 6] = ["成本_元_d", "成本_元", "责任单位", "责任人岗位", "核查方式", "法律依据"];

/// An order or voluntary, in words.
pub(super) fn kind(mandatory: bool) -> &'static str {
    if mandatory { "强制" } else { "自愿" }
}

/// All columns in their order.
pub(super) fn columns() -> Vec<SheetColumn> {
    let named = |name: &str| SheetColumn {
        name: name.into(),
        is_number: matches!(name, KEY | "县市代码" | "成本_元_d" | "成本_元"),
    };
    let cuts = POLLUTANTS.iter().map(|(name, _)| SheetColumn::number(format!("{name}减排_t_d")));
    let factors = POLLUTANTS.iter().map(|(name, _)| SheetColumn::number(format!("{name}保留比例")));
    HEAD.into_iter().map(named).chain(cuts).chain(factors).chain(TAIL.into_iter().map(named)).collect()
}

/// A row as cells.
pub(super) fn cells(r: &ListRow) -> Vec<Cell> {
    let mut cells = vec![
        Cell::number(f64::from(r.number)),
        Cell::number(f64::from(r.adcode)),
        Cell::text(&r.county_zh),
        Cell::text(r.family.zh()),
        Cell::text_of(r.entry.as_deref()),
        Cell::text(&r.entry_name),
        Cell::text(&r.source),
        Cell::text_of(r.grade.map(Grade::zh)),
        Cell::text(&r.measure),
        Cell::text(&r.name_zh),
        Cell::text(&r.name_en),
        Cell::text(kind(r.mandatory)),
        Cell::text(beijing(r.from)),
        Cell::text(beijing(r.to)),
        Cell::text(beijing(r.deadline)),
    ];
    cells.extend(in_order(&r.cut_t_d).map(Cell::number));
    cells.extend(in_order(&r.factor).map(Cell::number));
    cells.extend([r.cost_yuan_d, r.cost_yuan].map(Cell::number));
    cells.extend([&r.department, &r.role, &r.verification, &r.legal_basis].map(Cell::text));
    cells
}

/// Column from 0 and what is wrong with its cell.
pub(super) struct CellFault {
    pub column: usize,
    pub expected: Bilingual,
}

/// The row of cells that stand in the order of [`columns`].
pub(super) fn row(row: &TableRow) -> Result<ListRow, CellFault> {
    let mut cells = Cells { row, at: 0 };
    Ok(ListRow {
        number: cells.whole()?,
        adcode: cells.whole()?,
        county_zh: cells.text()?,
        family: cells.word(|w| Family::from_word(w).ok_or("类别之一"))?,
        entry: cells.optional()?,
        entry_name: cells.text()?,
        source: cells.text()?,
        grade: match cells.optional()? {
            None => None,
            Some(word) => Some(Grade::from_word(&word).ok_or_else(|| cells.fault("绩效分级之一", "a grade"))?),
        },
        measure: cells.text()?,
        name_zh: cells.text()?,
        name_en: cells.text()?,
        mandatory: cells.word(|w| match w {
            "强制" => Ok(true),
            "自愿" => Ok(false),
            _ => Err("强制或自愿"),
        })?,
        from: cells.time()?,
        to: cells.time()?,
        deadline: cells.time()?,
        cut_t_d: from_order(cells.amounts()?),
        factor: from_order(cells.amounts()?),
        cost_yuan_d: cells.number()?,
        cost_yuan: cells.number()?,
        department: cells.text()?,
        role: cells.optional()?.unwrap_or_default(),
        verification: cells.text()?,
        legal_basis: cells.text()?,
    })
}

/// The cells of a row, taken one after another.
struct Cells<'r> {
    row: &'r TableRow,
    at: usize,
}

impl Cells<'_> {
    fn next(&mut self) -> Result<&Cell, CellFault> {
        self.at += 1;
        if self.row.odd.contains_key(&(self.at - 1)) {
            return Err(self.fault("文字或数字", "a text or a number"));
        }
        Ok(self.row.cell(self.at - 1))
    }

    /// A fault of the cell that was taken last.
    fn fault(&self, zh: &str, en: &str) -> CellFault {
        CellFault { column: self.at - 1, expected: Bilingual::new(zh, en) }
    }

    fn optional(&mut self) -> Result<Option<String>, CellFault> {
        let plain = self.next()?.plain();
        Ok((!plain.is_empty()).then_some(plain))
    }

    fn text(&mut self) -> Result<String, CellFault> {
        self.optional()?.ok_or_else(|| self.fault("必填", "a value"))
    }

    fn word<T>(&mut self, of: impl Fn(&str) -> Result<T, &'static str>) -> Result<T, CellFault> {
        let text = self.text()?;
        of(&text).map_err(|zh| self.fault(zh, "one of the words of this column"))
    }

    fn number(&mut self) -> Result<f64, CellFault> {
        let number = match self.next()? {
            Cell::Number(n) => Some(*n),
            Cell::Text(t) => t.parse().ok().filter(|n: &f64| n.is_finite()),
            Cell::Blank => None,
        };
        number.ok_or_else(|| self.fault("数值", "a number"))
    }

    fn amounts(&mut self) -> Result<[f64; 9], CellFault> {
        let mut amounts = [0.0; 9];
        for amount in &mut amounts {
            *amount = self.number()?;
        }
        Ok(amounts)
    }

    fn whole(&mut self) -> Result<u32, CellFault> {
        let n = self.number()?;
        let whole = n.fract() == 0.0 && (0.0..1e9).contains(&n);
        if whole { Ok(n as u32) } else { Err(self.fault("非负整数", "a whole number of 0 or more")) }
    }

    fn time(&mut self) -> Result<DateTime<Utc>, CellFault> {
        let text = self.text()?;
        let local = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M");
        local
            .map(of_beijing_local)
            .map_err(|_| self.fault("北京时间，如2026-01-16 08:00", "a Beijing time such as 2026-01-16 08:00"))
    }
}
