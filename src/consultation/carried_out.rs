//! The list as it was carried out: rows of an exported list that an office has edited, brought back to the list that was ordered.
//!
//! A row that was taken out was not carried out; begin, end and factors left are as they stand in the file.

use super::reduction_list::ListRow;
use crate::reduction::after_action::CarriedOut;
use crate::reduction::{PlannedMeasure, ReductionPlan};

/// The measures of `plan` as `rows` report them, and the count.
///
/// # Errors
/// The number of the row and what is wrong with it: a row that is not of this list, twice, ends before it begins, or leaves less than
/// nothing or more than all.
pub fn carried_out(plan: &ReductionPlan, rows: &[ListRow]) -> Result<(Vec<PlannedMeasure>, CarriedOut), (u32, String)> {
    let mut count = CarriedOut { ordered: plan.measures.len(), ..CarriedOut::default() };
    let mut reported: Vec<Option<&ListRow>> = vec![None; plan.measures.len()];
    for row in rows {
        let fault = |why: String| Err((row.number, why));
        let Some(index) = (row.number as usize).checked_sub(1).filter(|i| *i < reported.len()) else {
            return fault(format!("the list of the run has {} rows", reported.len()));
        };
        let ordered = &plan.measures[index];
        let exported = ListRow::of(row.number, ordered);
        if row.measure != exported.measure || row.source != exported.source || row.entry != exported.entry {
            return fault(format!("the list of the run has {} on {} there", ordered.measure, ordered.source));
        }
        if reported[index].replace(row).is_some() {
            return fault("stands twice".into());
        }
        if row.from >= row.to {
            return fault(format!("ends {} and begins {}", row.to, row.from));
        }
        let outside = |f: f64| f64::from(u8::from(!(0.0..=1.0).contains(&f)));
        if row.factor.zip(row.factor, |f, _| outside(f)).sum() > 0.0 {
            return fault("leaves less than nothing or more than all".into());
        }
    }
    let mut measures = Vec::new();
    for (ordered, row) in plan.measures.iter().zip(reported) {
        let Some(row) = row else {
            count.not_at_all += 1;
            continue;
        };
        let as_ordered = ListRow::of(row.number, ordered);
        let mut measure = ordered.clone();
        if (row.from, row.to) != (as_ordered.from, as_ordered.to) || row.factor != as_ordered.factor {
            count.changed += 1;
            (measure.from, measure.to, measure.factor) = (row.from, row.to, row.factor);
        } else {
            count.as_ordered += 1;
        }
        measures.push(measure);
    }
    Ok((measures, count))
}
