//! Where in its file a reader is: told by the child while it reads, so that a crash names the place.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// In front of a place among the lines of a child's standard error.
const MARK: &str = "\u{1}";
static TELLS: AtomicBool = AtomicBool::new(false);

/// From now on this process tells its places: it is a child.
pub(super) fn tell() {
    TELLS.store(true, Ordering::Relaxed);
}

/// The reader comes to a place, such as `variable T`.
pub fn reached(place: impl FnOnce() -> String) {
    if TELLS.load(Ordering::Relaxed) {
        // a parent that does not listen loses nothing but the place
        let _ = writeln!(std::io::stderr(), "{MARK}{}", place().replace('\n', " "));
    }
}

/// The last place among a child's lines, and what it said beside places.
pub(super) fn split(words: &str) -> (Option<&str>, Vec<&str>) {
    let (places, said): (Vec<&str>, Vec<&str>) = words.lines().partition(|line| line.starts_with(MARK));
    (places.last().map(|p| p.trim_start_matches(MARK)), said)
}
