//! Totals against reference totals: powers of ten, far-off values, nothing where something is.

use super::super::emission_totals::total_of;
use super::{Ailment, Case, Finding};
use crate::domain::bilingual::Bilingual;
use crate::input::emission_reference_csv::ReferenceTotal;

/// How near [decades] a ratio lies to a power of ten to be called one, and to ten itself, which years and methods reach too.
const NEAR_DECADE: f64 = 0.3;
const NEAR_TEN: f64 = 0.1;

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    case.reference.iter().filter_map(|r| compare(case, r)).collect()
}

fn compare(case: &Case, reference: &ReferenceTotal) -> Option<Finding> {
    let total = total_of(case.totals, case.region, reference);
    let ratio = total / reference.t_a;
    let county = case.region.counties.iter().find(|c| c.adcode == reference.adcode);
    let (zh, en) = county.map_or((&case.region.name_zh, &case.region.name_en), |c| (&c.name_zh, &c.name_en));
    let sectors = match &reference.sectors[..] {
        [] => "all".to_owned(),
        some => some.iter().map(|s| s.name()).collect::<Vec<_>>().join("+"),
    };
    let place = format!("{} {en}, {sectors}, {}", reference.adcode, reference.pollutant);
    let said = format!("{total:.1} t/a, {:.1} t/a in {} ({})", reference.t_a, reference.year, reference.source);
    let finding = |ailment, what: Bilingual, remedy: Bilingual| Finding {
        ailment,
        place: place.clone(),
        number: Some(ratio),
        what,
        remedy,
    };
    if total == 0.0 {
        let what = Bilingual::new(
            format!("{zh} 没有该部门的排放，参考值为 {:.1} t/a", reference.t_a),
            format!(
                "no emission there; the reference is {:.1} t/a in {} ({})",
                reference.t_a, reference.year, reference.source
            ),
        );
        let remedy = Bilingual::new("补充该部门或该县的清单", "Add the sector or county to the inventory");
        return Some(finding(Ailment::NothingThere, what, remedy));
    }
    if (1.0 / reference.factor..=reference.factor).contains(&ratio) {
        return None;
    }
    let decades = ratio.log10();
    let power = decades.round();
    let near = if power.abs() > 1.0 { NEAR_DECADE } else { NEAR_TEN };
    if power != 0.0 && (decades - power).abs() <= near {
        let what = Bilingual::new(
            format!("{zh} 的总量约为参考值的 10^{power:.0} 倍：{said}"),
            format!("about 10^{power:.0} times the reference: {said}"),
        );
        let remedy = Bilingual::new(
            "检查单位：kg 与 t 差 10^3，t 与 Mg 相同，kt 与 t 差 10^3，MEIC 的 Mg/月 与 kg/月 差 10^3，m2 与 km2 差 10^6",
            "Check the unit: kg and t differ by 10^3, kt and t by 10^3, m2 and km2 by 10^6, g/s and t/a by 31.5",
        );
        return Some(finding(Ailment::PowerOfTen, what, remedy));
    }
    let what = Bilingual::new(
        format!("{zh} 的总量是参考值的 {ratio:.2} 倍：{said}"),
        format!("{ratio:.2} times the reference: {said}"),
    );
    let remedy = Bilingual::new(
        "核对清单的年份、部门和来源，或更新参考值",
        "Check year, sectors and source of the inventory, or update the reference",
    );
    Some(finding(Ailment::FarFromReference, what, remedy))
}
