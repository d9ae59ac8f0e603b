//! How a child ended that gave no answer, in words.

use super::answer::Fault;
use super::limits::Limits;
use super::place;
use crate::error::Error;
use rustix::process::Signal;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

/// Ways in which a child fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Death {
    /// It ended by a signal.
    Crashed,
    /// The reader ended itself on a fault of its own.
    Panicked,
    /// It used up its time.
    Hung,
    /// It wanted more memory, or to hand over more, than it may.
    OutOfMemory,
    /// It wrote to a file.
    Wrote,
    /// It gave no answer, or none that is whole.
    Unanswered,
}

/// Exit code of a Rust program that panicked.
const PANIC_CODE: i32 = 101;
/// What programs and libraries say when memory is refused to them.
const MEMORY_WORDS: [&str; 3] = ["memory allocation of", "Cannot allocate memory", "memory exhausted"];
const REMEDY: &str = "The file is damaged: fetch or copy it again";
const REPORT: &str = "Fetch or copy the file again; if that does not help, report it with the file";
const SIZE_REMEDY: &str =
    "Check that the file is whole and not larger than the run needs: cut it to its times, levels and area";
/// Most bytes that are kept of what a child says on standard error.
const LAST_BYTES: usize = 16 << 10;

/// What is known of a child without an answer.
pub(super) struct Ending {
    /// `None`: it was stopped, because it did not end or sent something else.
    pub status: Option<ExitStatus>,
    /// What was wrong with its answer; `None`: there was none in time.
    pub fault: Option<Fault>,
    /// What it said last on standard error.
    pub words: Vec<u8>,
}

impl Ending {
    /// The way it failed, and the refusal of the file.
    pub fn judged(&self, file: &Path, limits: Limits) -> (Death, Error) {
        let text = String::from_utf8_lossy(&self.words);
        let (place, said) = place::split(&text);
        let (death, found) = self.found(&said, limits);
        let remedy = match death {
            Death::OutOfMemory => SIZE_REMEDY,
            Death::Panicked | Death::Unanswered | Death::Wrote => REPORT,
            Death::Crashed | Death::Hung => REMEDY,
        };
        let place = place.map_or_else(|| "reading in a process of its own".to_owned(), |p| format!("reading {p}"));
        (death, Error::format(file, place, found, "a file that can be read", remedy))
    }

    fn found(&self, said: &[&str], limits: Limits) -> (Death, String) {
        let last = said.iter().rev().map(|l| l.trim()).find(|l| !l.is_empty()).unwrap_or("no message");
        let memory = (Death::OutOfMemory, format!("a need of more than {} MB of memory", limits.memory_bytes >> 20));
        let wanted_memory = said.iter().any(|line| MEMORY_WORDS.iter().any(|w| line.contains(w)));
        let Some(status) = self.status else {
            return match self.fault {
                Some(Fault::Long) => {
                    (Death::OutOfMemory, format!("an answer of more than {} MB", limits.answer_bytes() >> 20))
                }
                Some(fault) if !fault.is_end() => (Death::Unanswered, unanswered(fault)),
                _ => (Death::Hung, format!("no end of reading after {} s", limits.wall.as_secs_f32())),
            };
        };
        match (status.signal(), status.code()) {
            (Some(_), _) | (_, Some(1..)) if wanted_memory => memory,
            (Some(signal), _) if signal == Signal::XCPU.as_raw() => {
                (Death::Hung, format!("no end of reading after {} s of processor time", limits.processor_s))
            }
            (Some(signal), _) if signal == Signal::XFSZ.as_raw() => {
                (Death::Wrote, "a reader that writes to a file".to_owned())
            }
            (Some(signal), _) => {
                (Death::Crashed, format!("a crash of the library that reads it ({})", signal_name(signal)))
            }
            (None, Some(PANIC_CODE)) => (Death::Panicked, format!("a fault of the reader: {}", panic_words(said))),
            (None, Some(0)) | (None, None) => (Death::Unanswered, unanswered(self.fault.unwrap_or(Fault::None))),
            (None, Some(code)) => (Death::Unanswered, format!("no answer of the reader (exit code {code}): {last}")),
        }
    }
}

/// The refusal of a file whose answer is whole but contradicts itself.
pub(super) fn contradictory(file: &Path) -> (Death, Error) {
    let found = "fields whose sizes contradict each other";
    let error = Error::format(file, "reading in a process of its own", found, "fields on one grid", REPORT);
    (Death::Unanswered, error)
}

fn unanswered(fault: Fault) -> String {
    match fault {
        Fault::None => "a reader that ended without an answer",
        Fault::Short => "an answer of the reader that is cut short",
        Fault::Foreign => "something else than an answer of the reader",
        Fault::Long => "an answer of the reader that is too long",
        Fault::Damaged => "a damaged answer of the reader",
        Fault::Unreadable => "an answer of the reader that cannot be understood, or a reader that failed after it",
    }
    .to_owned()
}

/// The first panic among the lines: where, and the line below it, which says what.
fn panic_words(said: &[&str]) -> String {
    let at = said.iter().position(|line| line.contains("panicked at")).unwrap_or(0);
    let lines = said.iter().skip(at).take(2).map(|l| l.trim()).filter(|l| !l.is_empty());
    let text = lines.collect::<Vec<_>>().join(" ");
    if text.is_empty() { "no message".into() } else { text }
}

fn signal_name(signal: i32) -> String {
    let names = [
        (Signal::ILL, "illegal instruction"),
        (Signal::ABORT, "abort"),
        (Signal::BUS, "bus error"),
        (Signal::FPE, "arithmetic error"),
        (Signal::KILL, "killed, perhaps by the system for lack of memory"),
        (Signal::SEGV, "access to memory that is not its own"),
    ];
    match names.iter().find(|(s, _)| s.as_raw() == signal) {
        Some((_, name)) => format!("signal {signal}: {name}"),
        None => format!("signal {signal}"),
    }
}

/// The last bytes of a pipe, whose writer may say as much as it likes.
pub(super) fn last_words(pipe: Option<impl Read>) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
    if let Some(mut pipe) = pipe {
        // an error of the pipe means the child has ended
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..n]);
            if kept.len() > 2 * LAST_BYTES {
                kept.drain(..kept.len() - LAST_BYTES);
            }
        }
    }
    kept
}
