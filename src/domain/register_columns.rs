//! The columns of a register: the headers that officials use, their English names, what they hold; and an entry as a row of cells.

use super::register::{Family, RegisterEntry};
use super::sheet::{Cell, Sheet, SheetColumn};
use super::source::Amounts;

/// A column of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Id,
    Family,
    Name,
    CreditCode,
    County,
    Lon,
    Lat,
    Industry,
    Grade,
    Lines,
    StackHeights,
    /// Place of the pollutant in [`POLLUTANTS`].
    Amount(usize),
    Protection,
    MinimumLoad,
    Source,
    Contact,
    Remark,
}

/// Pollutants of a register and a list in the order of their columns: Chinese header without unit, name in the inventory.
pub const POLLUTANTS: [(&str, &str); 9] = [
    ("SO2", "so2"),
    ("NOx", "nox"),
    ("PM10", "pm10"),
    ("PM2.5", "pm25"),
    ("VOCs", "nmvoc"),
    ("CO", "co"),
    ("NH3", "nh3"),
    ("BC", "bc"),
    ("OC", "oc"),
];

/// Amounts in the order of [`POLLUTANTS`].
pub fn in_order(a: &Amounts) -> [f64; 9] {
    [a.so2, a.nox, a.pm10, a.pm25, a.nmvoc, a.co, a.nh3, a.bc, a.oc]
}

/// Amounts from the order of [`POLLUTANTS`].
pub fn from_order([so2, nox, pm10, pm25, nmvoc, co, nh3, bc, oc]: [f64; 9]) -> Amounts {
    Amounts { so2, nox, co, nh3, nmvoc, pm25, pm10, bc, oc }
}

impl Column {
    /// All columns in their order.
    pub fn all() -> Vec<Self> {
        use Column::*;
        let head = [Id, Family, Name, CreditCode, County, Lon, Lat, Industry, Grade, Lines, StackHeights];
        let tail = [Protection, MinimumLoad, Source, Contact, Remark];
        head.into_iter().chain((0..POLLUTANTS.len()).map(Amount)).chain(tail).collect()
    }

    /// Chinese header.
    pub fn zh(self) -> String {
        match self {
            Self::Id => "清单编号",
            Self::Family => "类别",
            Self::Name => "名称",
            Self::CreditCode => "统一社会信用代码",
            Self::County => "县市",
            Self::Lon => "经度",
            Self::Lat => "纬度",
            Self::Industry => "行业",
            Self::Grade => "绩效分级",
            Self::Lines => "生产线",
            Self::StackHeights => "排气筒高度_m",
            Self::Amount(i) => return format!("{}_t_d", POLLUTANTS[i].0),
            Self::Protection => "保障类型",
            Self::MinimumLoad => "最低负荷",
            Self::Source => "排放源编号",
            Self::Contact => "联系人",
            Self::Remark => "备注",
        }
        .into()
    }

    /// English header.
    pub fn en(self) -> String {
        match self {
            Self::Id => "id",
            Self::Family => "family",
            Self::Name => "name",
            Self::CreditCode => "credit_code",
            Self::County => "county",
            Self::Lon => "lon",
            Self::Lat => "lat",
            Self::Industry => "industry",
            Self::Grade => "grade",
            Self::Lines => "production_lines",
            Self::StackHeights => "stack_height_m",
            Self::Amount(i) => return format!("{}_t_d", POLLUTANTS[i].1),
            Self::Protection => "protection",
            Self::MinimumLoad => "minimum_load",
            Self::Source => "source",
            Self::Contact => "contact",
            Self::Remark => "remark",
        }
        .into()
    }

    /// The column of a header, Chinese or English, in any case; `PM_t_d` is that of PM10, as officials count particles.
    pub fn from_header(header: &str) -> Option<Self> {
        if header.eq_ignore_ascii_case("PM_t_d") {
            return Self::from_header("PM10_t_d");
        }
        Self::all().into_iter().find(|c| c.zh().eq_ignore_ascii_case(header) || c.en().eq_ignore_ascii_case(header))
    }

    /// Whether a register must have it.
    pub fn required(self) -> bool {
        matches!(self, Self::Id | Self::Name | Self::County | Self::Source)
    }

    /// Whether it holds a number.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Lon | Self::Lat | Self::Amount(_) | Self::MinimumLoad)
    }

    /// What it holds, for the sheet that explains a template.
    pub fn explanation(self) -> (&'static str, &'static str) {
        match self {
            Self::Id => ("必填，全表唯一", "required, unique in the register"),
            Self::Family => (
                "工业企业、施工工地、机动车、非道路移动机械、供热锅炉与散煤、秸秆禁烧区、其他；工作表以类别命名时可不填",
                "one of the seven families; may be blank on a sheet named after its family",
            ),
            Self::Name => ("必填", "required"),
            Self::CreditCode => (
                "18位，按GB 32100-2015校验；单元格设为文本",
                "18 characters with the check character of GB 32100-2015; format the cells as text",
            ),
            Self::County => ("必填，县（市）名称或六位代码", "required: name or six-digit code of the county"),
            Self::Lon | Self::Lat => ("WGS-84，度；两列同填或同空", "WGS-84 degrees; both or neither"),
            Self::Industry => {
                ("重污染天气重点行业名称，如 水泥", "industry of the technical guide of performance grading")
            }
            Self::Grade => (
                "A、B、C、D、引领性、非引领性；仅企业和锅炉",
                "A, B, C, D, leading, non_leading; enterprises and boilers",
            ),
            Self::Lines => (
                "名称|产品|产能|排放占比，多条以;分隔，占比之和不大于1",
                "name|product|capacity|share of the emission; several separated by ;",
            ),
            Self::StackHeights => ("米，多个以;分隔", "metres above ground; several separated by ;"),
            Self::Amount(_) => (
                "正常生产日排放量，吨/日，年排放量的1/365；PM10含PM2.5，PM2.5含BC和OC；VOCs为NMVOC",
                "t d-1 on an ordinary day, 1/365 of the year's; PM10 includes PM2.5, which includes BC and OC",
            ),
            Self::Protection => (
                "民生供热、垃圾危废处置、民生保障、外贸和重大项目；填写时须填最低负荷",
                "heating, waste, livelihood, strategic; needs a minimum load",
            ),
            Self::MinimumLoad => ("0至1，应急期间必须保留的负荷", "0 ..= 1: share of the load that stays"),
            Self::Source => (
                "必填，所属排放清单中源的编号；秸秆禁烧区可不填",
                "required: id of the inventory's source it is part of; a straw zone needs none",
            ),
            Self::Contact => ("责任人及联系方式", "who answers for it and how to reach them"),
            Self::Remark => ("", ""),
        }
    }
}

/// The separator between the parts of a production line, and that between two lines or two stacks.
pub const PART: char = '|';
pub const ITEM: char = ';';

fn cell(column: Column, entry: &RegisterEntry, county: &dyn Fn(u32) -> String) -> Cell {
    match column {
        Column::Id => Cell::text(&entry.id),
        Column::Family => Cell::text(entry.family.zh()),
        Column::Name => Cell::text(&entry.name),
        Column::CreditCode => Cell::text_of(entry.credit_code.as_deref()),
        Column::County => Cell::text(county(entry.adcode)),
        Column::Lon => entry.lon_lat.map_or(Cell::Blank, |(lon, _)| Cell::number(lon)),
        Column::Lat => entry.lon_lat.map_or(Cell::Blank, |(_, lat)| Cell::number(lat)),
        Column::Industry => Cell::text_of(entry.industry.as_deref()),
        Column::Grade => Cell::text_of(entry.grade.map(|g| g.zh())),
        Column::Lines => {
            let lines = entry.lines.iter().map(|l| format!("{}|{}|{}|{}", l.name, l.product, l.capacity, l.share));
            Cell::text(joined(lines))
        }
        // one height is a number, as an office would type it
        Column::StackHeights => match entry.stack_heights_m[..] {
            [height] => Cell::number(height),
            _ => Cell::text(joined(entry.stack_heights_m.iter().map(f64::to_string))),
        },
        Column::Amount(i) => Cell::number(in_order(&entry.emission_t_d)[i]),
        Column::Protection => Cell::text_of(entry.protection.map(|(p, _)| p.zh())),
        Column::MinimumLoad => entry.protection.map_or(Cell::Blank, |(_, load)| Cell::number(load)),
        Column::Source => Cell::text(&entry.source),
        Column::Contact => Cell::text_of(entry.contact.as_deref()),
        Column::Remark => Cell::text_of(entry.remark.as_deref()),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(&ITEM.to_string())
}

/// One sheet with every entry, by family and else in the given order; `county` gives the name of a code.
pub fn one_sheet(entries: &[RegisterEntry], county: &dyn Fn(u32) -> String) -> Sheet {
    let rows = Family::ALL.into_iter().flat_map(|family| rows(family, entries, county)).collect();
    Sheet { name: "应急减排清单".into(), title: Vec::new(), columns: columns(), rows }
}

/// One sheet for each family, also where it has no entry.
pub fn sheet_per_family(entries: &[RegisterEntry], county: &dyn Fn(u32) -> String) -> Vec<Sheet> {
    let sheet = |family: Family| Sheet {
        name: family.zh().into(),
        title: Vec::new(),
        columns: columns(),
        rows: rows(family, entries, county),
    };
    Family::ALL.into_iter().map(sheet).collect()
}

/// Name of the sheet that explains the columns; readers pass over it.
pub const EXPLANATION_SHEET: &str = "填表说明";

/// The sheet that explains the columns.
pub fn explanation_sheet() -> Sheet {
    let rows = Column::all().into_iter().map(|c| {
        let (zh, en) = c.explanation();
        [c.zh(), c.en(), zh.into(), en.into()].map(Cell::text).to_vec()
    });
    Sheet {
        name: EXPLANATION_SHEET.into(),
        title: Vec::new(),
        columns: ["列", "英文列名", "说明", "explanation"].map(SheetColumn::text).to_vec(),
        rows: rows.collect(),
    }
}

fn columns() -> Vec<SheetColumn> {
    let column = |c: Column| SheetColumn { name: c.zh(), is_number: c.is_number() };
    Column::all().into_iter().map(column).collect()
}

fn rows(family: Family, entries: &[RegisterEntry], county: &dyn Fn(u32) -> String) -> Vec<Vec<Cell>> {
    let row = |e: &RegisterEntry| Column::all().into_iter().map(|c| cell(c, e, county)).collect();
    entries.iter().filter(|e| e.family == family).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_header_names_one_column() {
        let mut seen = BTreeSet::new();
        for column in Column::all() {
            assert_eq!(Column::from_header(&column.zh()), Some(column));
            assert_eq!(Column::from_header(&column.en().to_uppercase()), Some(column));
            assert!(seen.insert(column.zh().to_lowercase()), "{}", column.zh());
        }
        assert_eq!(Column::all().len(), 25);
        assert_eq!(Column::from_header("pm_t_d"), Some(Column::Amount(2)));
        assert_eq!(Column::from_header("电话"), None);
    }

    #[test]
    fn amounts_keep_their_place() {
        let a = Amounts { so2: 1.0, nox: 2.0, co: 3.0, nh3: 4.0, nmvoc: 5.0, pm25: 6.0, pm10: 7.0, bc: 8.0, oc: 9.0 };
        assert_eq!(from_order(in_order(&a)), a);
        for ((zh, en), value) in POLLUTANTS.into_iter().zip(in_order(&a)) {
            let json = serde_json::to_value(a).unwrap();
            assert_eq!(json[en].as_f64(), Some(value), "{zh}");
        }
    }
}
