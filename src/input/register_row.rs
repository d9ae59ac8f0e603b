//! One row of a register as an entry: what every cell must be, and what is said when it is not.

use super::csv_rows::shorten;
use super::table_file::{MAX_CHARACTERS, RowFault, TableRow};
use crate::domain::bilingual::Bilingual;
use crate::domain::county::County;
use crate::domain::credit_code::{self, CodeFault};
use crate::domain::register::{Family, Grade, ProductionLine, Protection, RegisterEntry};
use crate::domain::register_columns::{Column, ITEM, PART, POLLUTANTS, from_order};
use crate::domain::sheet::Cell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Mass by which rounded amounts may contradict each other [t d-1]: 1 g.
const ROUNDING_T_D: f64 = 1e-6;
/// Largest amount of an entry [t d-1]: more is a unit mistaken.
const LARGEST_T_D: f64 = 10_000.0;
/// As in the inventory: stacks are 1 to 450 m high, the tallest of the world 420 m.
const STACK_M: RangeInclusive<f64> = 1.0..=450.0;
/// Mass of organic matter per mass of organic carbon, the least that PM2.5 must hold (Turpin & Lim 2001).
const ORGANIC_MATTER_PER_CARBON: f64 = 1.4;

/// The place of a row.
pub(super) struct Where<'a> {
    pub file: &'a str,
    pub sheet: Option<&'a str>,
    pub row: usize,
}

impl Where<'_> {
    /// A fault at this row.
    pub(super) fn fault(
        &self,
        column: Option<&str>,
        found: Bilingual,
        expected: Bilingual,
        remedy: Bilingual,
    ) -> Box<RowFault> {
        Box::new(RowFault {
            file: self.file.into(),
            sheet: self.sheet.map(Into::into),
            row: self.row,
            column: column.map(Into::into),
            found,
            expected,
            remedy,
        })
    }
}

/// What all rows of a sheet have in common.
pub(super) struct RowReader<'a> {
    pub header: &'a [String],
    pub columns: &'a BTreeMap<Column, usize>,
    pub counties: &'a [County],
    /// Family of the sheet by its name.
    pub family: Option<Family>,
}

/// One row being read.
struct Cells<'a> {
    reader: &'a RowReader<'a>,
    row: &'a TableRow,
    at: &'a Where<'a>,
}

type Read<T> = Result<T, Box<RowFault>>;

impl RowReader<'_> {
    /// The entry of a row.
    ///
    /// # Errors
    /// The first cell at fault.
    pub(super) fn entry(&self, row: &TableRow, at: &Where) -> Read<RegisterEntry> {
        let cells = Cells { reader: self, row, at };
        cells.nothing_beside()?;
        let family = cells.family()?;
        Ok(RegisterEntry {
            id: cells.required(Column::Id)?,
            name: cells.required(Column::Name)?,
            family,
            credit_code: cells.credit_code()?,
            adcode: cells.adcode()?,
            lon_lat: cells.position()?,
            industry: cells.text(Column::Industry)?,
            grade: cells.grade()?,
            protection: cells.protection()?,
            lines: cells.lines()?,
            stack_heights_m: cells.stacks()?,
            emission_t_d: cells.amounts()?,
            source: match family {
                Family::StrawZone => cells.text(Column::Source)?.unwrap_or_default(),
                _ => cells.required(Column::Source)?,
            },
            contact: cells.text(Column::Contact)?,
            remark: cells.text(Column::Remark)?,
        })
    }
}

impl Cells<'_> {
    fn name(&self, column: Column) -> String {
        self.reader.columns.get(&column).map_or_else(|| column.zh(), |at| self.reader.header[*at].clone())
    }

    fn refuse<T>(
        &self,
        column: Column,
        found: impl std::fmt::Display,
        expected: (impl Into<String>, impl Into<String>),
        remedy: (&str, &str),
    ) -> Read<T> {
        let found = found.to_string();
        let found = if found.is_empty() {
            Bilingual::new("空", "nothing")
        } else {
            let short = shorten(&found);
            Bilingual::new(format!("“{short}”"), format!("`{short}`"))
        };
        let (expected, remedy) = (Bilingual::new(expected.0, expected.1), Bilingual::new(remedy.0, remedy.1));
        Err(self.at.fault(Some(&self.name(column)), found, expected, remedy))
    }

    /// Refuses a value in a column that has no name: it would be lost.
    fn nothing_beside(&self) -> Read<()> {
        let named = |c: usize| self.reader.header.get(c).is_some_and(|h| !h.is_empty());
        let stray = |c: &usize| !named(*c) && (*self.row.cell(*c) != Cell::Blank || self.row.odd.contains_key(c));
        let Some(column) = (0..self.row.cells.len()).find(stray) else { return Ok(()) };
        Err(self.at.fault(
            None,
            Bilingual::new(
                format!("第{}列无表头却有内容", column + 1),
                format!("a value in column {}, which has no name", column + 1),
            ),
            Bilingual::new("内容只在有表头的列", "values in named columns only"),
            Bilingual::new("删去，或移到备注列", "Delete it, or move it to 备注"),
        ))
    }

    /// The cell of a column; blank where the column is missing.
    fn cell(&self, column: Column) -> Read<&Cell> {
        let Some(at) = self.reader.columns.get(&column) else { return Ok(&Cell::Blank) };
        match self.row.odd.get(at) {
            None => Ok(self.row.cell(*at)),
            Some(odd) => Err(self.at.fault(
                Some(&self.name(column)),
                odd.clone(),
                Bilingual::new("文字或数字", "a text or a number"),
                Bilingual::new(
                    "把单元格改为文本或数值，公式先保存结果",
                    "Make it a text or a number; save results of formulas",
                ),
            )),
        }
    }

    fn text(&self, column: Column) -> Read<Option<String>> {
        let text = match self.cell(column)? {
            Cell::Blank => return Ok(None),
            Cell::Text(text) => text.clone(),
            Cell::Number(n) if n.abs() < 1e15 => n.to_string(),
            Cell::Number(n) => {
                let expected = ("文本格式的编码", "a code in a cell formatted as text");
                let remedy = (
                    "数值只保留15位：把单元格设为文本再重新填写",
                    "Numbers keep 15 digits only: format as text, type again",
                );
                return self.refuse(column, n, expected, remedy);
            }
        };
        if text.chars().count() > MAX_CHARACTERS {
            let expected = (format!("不超过{MAX_CHARACTERS}字"), format!("{MAX_CHARACTERS} characters at most"));
            return self.refuse(column, text, expected, ("缩短", "Shorten it"));
        }
        if let Some(c) =
            text.chars().find(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}'))
        {
            let expected = ("不含控制字符的文字", "a text without control characters");
            return self.refuse(column, c.escape_unicode(), expected, ("删去该字符", "Delete the character"));
        }
        Ok(Some(text))
    }

    fn required(&self, column: Column) -> Read<String> {
        match self.text(column)? {
            Some(text) => Ok(text),
            None => self.refuse(column, "", ("必填", "a value"), ("填写", "Fill it in")),
        }
    }

    fn number(&self, column: Column, range: RangeInclusive<f64>) -> Read<Option<f64>> {
        let number = match self.cell(column)? {
            Cell::Blank => return Ok(None),
            Cell::Number(n) => Some(*n),
            // a percentage only where a share is asked for
            Cell::Text(text) if *range.end() > 1.0 && text.trim_end().ends_with(['%', '％']) => None,
            Cell::Text(text) => number(text),
        };
        let (low, high) = (range.start(), range.end());
        match number.filter(|n| range.contains(n)) {
            Some(n) => Ok(Some(n)),
            None => {
                let expected = (format!("{low}至{high}的数"), format!("a number in {low} ..= {high}"));
                self.refuse(
                    column,
                    self.cell(column)?.plain(),
                    expected,
                    ("改为数值，勿加单位和千分位", "Type a plain number without unit"),
                )
            }
        }
    }

    /// The value of one of a few words.
    fn word<T>(&self, column: Column, of: impl Fn(&str) -> Option<T>, words: &[(&str, &str)]) -> Read<Option<T>> {
        let Some(text) = self.text(column)? else { return Ok(None) };
        match of(&text) {
            Some(value) => Ok(Some(value)),
            None => {
                let zh: Vec<&str> = words.iter().map(|w| w.0).collect();
                let en: Vec<&str> = words.iter().map(|w| w.1).collect();
                let expected = (zh.join("、"), format!("one of {}", en.join(", ")));
                self.refuse(column, text, expected, ("改为所列之一", "Use one of these words"))
            }
        }
    }

    fn family(&self) -> Read<Family> {
        let words = Family::ALL.map(|f| (f.zh(), f.en()));
        let given = self.word(Column::Family, Family::from_word, &words)?;
        match (given, self.reader.family) {
            (Some(given), Some(sheet)) if given != sheet => {
                let expected =
                    (format!("{}，与工作表名一致", sheet.zh()), format!("{}, as the sheet is named", sheet.en()));
                self.refuse(
                    Column::Family,
                    given.zh(),
                    expected,
                    ("移到该类别的工作表", "Move the row to the sheet of its family"),
                )
            }
            (Some(family), _) | (None, Some(family)) => Ok(family),
            (None, None) => self.refuse(Column::Family, "", ("必填", "a family"), ("填写类别", "Fill it in")),
        }
    }

    fn credit_code(&self) -> Read<Option<String>> {
        let Some(text) = self.text(Column::CreditCode)? else { return Ok(None) };
        let code = text.to_uppercase();
        let expected = match credit_code::check(&code) {
            Ok(()) => return Ok(Some(code)),
            Err(CodeFault::Length(n)) => (format!("18位，现为{n}位"), format!("18 characters, not {n}")),
            Err(CodeFault::Character(c)) => (
                format!("数字和不含I、O、S、V、Z的大写字母，“{c}”不是"),
                format!("digits and capitals without I, O, S, V, Z; not {c}"),
            ),
            Err(CodeFault::Check { expected, .. }) => (
                format!("校验码应为{expected}（GB 32100-2015）"),
                format!("the check character {expected} (GB 32100-2015)"),
            ),
        };
        self.refuse(
            Column::CreditCode,
            text,
            expected,
            ("对照营业执照更正，没有则留空", "Correct it by the licence, or leave it blank"),
        )
    }

    fn adcode(&self) -> Read<u32> {
        let text = self.required(Column::County)?;
        let is =
            |c: &&County| c.name_zh == text || c.name_en.eq_ignore_ascii_case(&text) || c.adcode.to_string() == text;
        match self.reader.counties.iter().find(is) {
            Some(county) => Ok(county.adcode),
            None => {
                let zh: Vec<&str> = self.reader.counties.iter().map(|c| c.name_zh.as_str()).collect();
                let en: Vec<String> = self.reader.counties.iter().map(|c| c.adcode.to_string()).collect();
                let expected =
                    (format!("{}或其代码", zh.join("、")), format!("a county of the region: {}", en.join(", ")));
                self.refuse(
                    Column::County,
                    text,
                    expected,
                    ("填写本地区县（市）名称或代码", "Use a name or code of the region"),
                )
            }
        }
    }

    fn position(&self) -> Read<Option<(f64, f64)>> {
        let lon = self.number(Column::Lon, -180.0..=180.0)?;
        let lat = self.number(Column::Lat, -90.0..=90.0)?;
        match (lon, lat) {
            (Some(lon), Some(lat)) => Ok(Some((lon, lat))),
            (None, None) => Ok(None),
            (missing, _) => {
                let column = if missing.is_none() { Column::Lon } else { Column::Lat };
                let expected = ("经度和纬度同填或同空", "longitude and latitude, or neither");
                self.refuse(column, "", expected, ("补填另一列", "Fill in the other one"))
            }
        }
    }

    fn grade(&self) -> Read<Option<Grade>> {
        self.word(Column::Grade, Grade::from_word, &Grade::ALL.map(|g| (g.zh(), g.en())))
    }

    fn protection(&self) -> Read<Option<(Protection, f64)>> {
        let words = Protection::ALL.map(|p| (p.zh(), p.en()));
        let kind = self.word(Column::Protection, Protection::from_word, &words)?;
        match (kind, self.number(Column::MinimumLoad, 0.0..=1.0)?) {
            (Some(kind), Some(load)) => Ok(Some((kind, load))),
            (None, None) => Ok(None),
            (Some(_), None) => {
                let expected = ("保障类须有0至1的最低负荷", "a minimum load in 0 ..= 1 for what is protected");
                self.refuse(
                    Column::MinimumLoad,
                    "",
                    expected,
                    ("填写以热定产等核定的最低负荷", "Fill in the load that stays"),
                )
            }
            (None, Some(_)) => {
                let expected = ("有最低负荷的须写明保障类型", "the reason of the protection beside its minimum load");
                self.refuse(
                    Column::Protection,
                    "",
                    expected,
                    ("填写保障类型，或删去最低负荷", "Fill it in, or delete the minimum load"),
                )
            }
        }
    }

    fn lines(&self) -> Read<Vec<ProductionLine>> {
        let Some(text) = self.text(Column::Lines)? else { return Ok(Vec::new()) };
        let mut lines = Vec::new();
        for item in items(&text) {
            let parts: Vec<&str> = item.split([PART, '｜']).map(str::trim).collect();
            let share = parts.get(3).and_then(|s| number(s)).filter(|s| (0.0..=1.0).contains(s));
            let ([name, product, capacity, _], Some(share)) = (&parts[..], share) else {
                let expected = ("名称|产品|产能|0至1的排放占比", "name|product|capacity|share in 0 ..= 1");
                return self.refuse(
                    Column::Lines,
                    item,
                    expected,
                    ("每条生产线写四项，多条以;分隔", "Give all four parts; separate lines by ;"),
                );
            };
            if name.is_empty() {
                let expected = ("生产线的名称", "the name of the line");
                return self.refuse(Column::Lines, item, expected, ("补填名称", "Fill it in"));
            }
            let [name, product, capacity] = [name, product, capacity].map(|p| (*p).to_owned());
            lines.push(ProductionLine { name, product, capacity, share });
        }
        let sum: f64 = lines.iter().map(|l| l.share).sum();
        if sum > 1.0 + 1e-9 {
            let expected = (format!("占比之和不大于1，现为{sum}"), format!("shares that sum to 1 at most, not {sum}"));
            return self.refuse(Column::Lines, text, expected, ("更正各线占比", "Correct the shares"));
        }
        Ok(lines)
    }

    fn stacks(&self) -> Read<Vec<f64>> {
        let Some(text) = self.text(Column::StackHeights)? else { return Ok(Vec::new()) };
        let heights: Option<Vec<f64>> = items(&text).map(|t| number(t).filter(|h| STACK_M.contains(h))).collect();
        match heights {
            Some(heights) => Ok(heights),
            None => {
                let (low, high) = (STACK_M.start(), STACK_M.end());
                let expected =
                    (format!("{low}至{high}米，多个以;分隔"), format!("heights of {low} to {high} m, separated by ;"));
                self.refuse(Column::StackHeights, text, expected, ("更正高度", "Correct the heights"))
            }
        }
    }

    fn amounts(&self) -> Read<crate::domain::source::Amounts> {
        let mut amounts = [0.0; POLLUTANTS.len()];
        for (i, amount) in amounts.iter_mut().enumerate() {
            *amount = self.number(Column::Amount(i), 0.0..=LARGEST_T_D)?.unwrap_or(0.0) + 0.0;
        }
        let [_, _, pm10, pm25, _, _, _, bc, oc] = amounts;
        let remedy =
            ("PM10含PM2.5，PM2.5含BC和1.4倍OC：更正其一", "PM10 includes PM2.5, which includes BC and 1.4 times OC");
        if pm25 > pm10 * (1.0 + 1e-9) + ROUNDING_T_D {
            let expected = (format!("不小于PM2.5的{pm25}"), format!("no less than the {pm25} of PM2.5"));
            return self.refuse(Column::Amount(2), pm10, expected, remedy);
        }
        let parts = bc + ORGANIC_MATTER_PER_CARBON * oc;
        if parts > pm25 * (1.0 + 1e-9) + ROUNDING_T_D {
            let expected = (format!("不小于BC与1.4倍OC之和{parts}"), format!("no less than BC and 1.4 OC, {parts}"));
            return self.refuse(Column::Amount(3), pm25, expected, remedy);
        }
        Ok(from_order(amounts))
    }
}

/// A plain number, or a percentage as spreadsheets show it.
fn number(text: &str) -> Option<f64> {
    // words such as `inf` parse, and are no numbers to an office
    let plain = |t: &str| {
        t.parse::<f64>().ok().filter(|v| v.is_finite() && t.ends_with(|c: char| c.is_ascii_digit() || c == '.'))
    };
    match text.strip_suffix(['%', '％']) {
        Some(percent) => plain(percent.trim()).map(|v| v / 100.0),
        None => plain(text),
    }
}

/// The items of a list, without blank ones.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([ITEM, '；']).map(str::trim).filter(|t| !t.is_empty())
}
