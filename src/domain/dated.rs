//! Rules in force one after another: each day is judged by exactly one entry of a rule file.

use crate::error::Result;
use crate::seed::Place;
use chrono::NaiveDate;

/// An entry with its first and last day; open where there is no last day.
pub(crate) trait Dated {
    fn valid_from(&self) -> NaiveDate;
    fn valid_to(&self) -> Option<NaiveDate>;
}

/// The entry in force on `date`. A date before the first entry is judged by the first one, a date after the last by the last.
///
/// `entries` is not empty and went through [`check`].
pub(crate) fn in_force<T: Dated>(entries: &[T], date: NaiveDate) -> &T {
    entries.iter().rev().find(|e| e.valid_from() <= date).unwrap_or(&entries[0])
}

/// Refuses entries with a gap or an overlap in time, and a last entry that ends. `place` gives where entry `i` stands.
///
/// # Errors
/// `Invalid` naming the line of the entry at fault.
pub(crate) fn check<'s, T: Dated>(entries: &[T], place: impl Fn(usize) -> Place<'s>) -> Result<()> {
    for (i, entry) in entries.iter().enumerate() {
        let Some(next) = entries.get(i + 1) else {
            let to = entry.valid_to();
            return place(i).that(to.is_none(), "valid_to", to, "none: the last entry is open");
        };
        let ends = entry.valid_to().filter(|to| *to >= entry.valid_from());
        let Some(to) = ends else {
            return Err(place(i).fault("valid_to", entry.valid_to(), "a day on or after valid_from"));
        };
        place(i + 1).that(
            to.succ_opt() == Some(next.valid_from()),
            "valid_from",
            next.valid_from(),
            "the day after the entry before it ends: no gap, no overlap",
        )?;
    }
    Ok(())
}
