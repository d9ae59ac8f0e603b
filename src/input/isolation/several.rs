//! Several files at once, and when to stop.

use super::{Isolation, Task, read};
use crate::error::Result;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// Children that read at once: two keep a disk and two cores busy, and their memory bounded.
const AT_ONCE: usize = 2;

/// Reads several files, two at once; the contents are in the order of the tasks. Tells `progress` how many are read.
///
/// # Errors
/// Of the first task, in their order, that fails; no further one is begun then.
pub fn read_all<T: Task>(
    isolation: Option<&Isolation>,
    tasks: &[T],
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<T::Answer>> {
    let mut done = 0;
    let results = several(isolation, tasks, |result| {
        done += 1;
        progress(done);
        result.is_ok()
    });
    results.into_iter().flatten().collect()
}

/// Reads several files, two at once, whether or not some fail; the results are in the order of the tasks.
pub fn read_each<T: Task>(isolation: Option<&Isolation>, tasks: &[T]) -> Vec<Result<T::Answer>> {
    several(isolation, tasks, |_| true).into_iter().flatten().collect()
}

/// The results in the order of the tasks, each told to `go_on` when it is there; where that says no, tasks not begun yet have none. They are
/// begun in their order, so that those before one that has a result have theirs.
fn several<T: Task>(
    isolation: Option<&Isolation>,
    tasks: &[T],
    mut go_on: impl FnMut(&Result<T::Answer>) -> bool,
) -> Vec<Option<Result<T::Answer>>> {
    let at_once = if isolation.is_some() { AT_ONCE } else { 1 };
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut results: Vec<Option<Result<T::Answer>>> = tasks.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let (sender, received) = channel();
        for _ in 0..at_once.min(tasks.len()) {
            let (sender, next, stopped) = (sender.clone(), &next, &stopped);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(i) else { return };
                    // the receiver waits for every sender
                    let _ = sender.send((i, read(isolation, task)));
                }
            });
        }
        drop(sender);
        for (i, result) in received {
            if !go_on(&result) {
                stopped.store(true, Ordering::Relaxed);
            }
            results[i] = Some(result);
        }
    });
    results
}
