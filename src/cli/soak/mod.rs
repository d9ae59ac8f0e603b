//! `hazecast soak`: damages real files in every way and has them read as the night reads them; none may end or hold up the program.

mod mutation;
mod reader;
mod report;
mod subject;

use super::language::Language;
use super::output;
use crate::error::{Error, Result};
use crate::input::isolation::Isolation;
use crate::input::isolation::limits::Limits;
use crate::input::outside_file;
use indicatif::{ProgressBar, ProgressStyle};
use mutation::{Choice, damage};
use reader::{Reader, Readers};
use report::{Case, Report, Verdict};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use subject::Subject;

const EXAMPLES: &str = "\
Examples:
  hazecast soak --dir inbox --files 20000
  hazecast soak --dir inbox --seed 7 --only 1234 --keep /tmp/damaged

Exit code 1: this program panicked or hung on a file, or refused one without a reason. Crashes of a child are refusals as they should be.";

/// Exit code of a soak that is not passed.
const NOT_PASSED: u8 = 1;
/// Limits of a child: the files are small, so that what takes longer hangs.
const LIMITS: Limits = Limits { memory_bytes: 1 << 30, processor_s: 3, wall: Duration::from_secs(60) };
/// Time after which a reader of this process counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);
/// Files whose size is this or less are damaged equally often [bytes]; larger ones, that cost more time, the less.
const EASY: usize = 200 << 10;

/// Damages real files and has them read: crashes, hangs and silent refusals are counted.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct SoakArgs {
    /// Folders of sound files, in any depth; without one only files of the program itself are damaged
    #[arg(long, value_name = "DIR")]
    dir: Vec<PathBuf>,
    /// Number of damaged files
    #[arg(long, value_name = "N", default_value_t = 1000)]
    files: u64,
    /// Which damage: the same number does the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only the damaged file of this number, from 0
    #[arg(long, value_name = "N")]
    only: Option<u64>,
    /// Folder that keeps the damaged files on which a child or this program failed
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Io` where a folder cannot be read or the temporary folder not be written; `Missing` where there is nothing to damage.
pub fn run(args: &SoakArgs, language: Language) -> Result<u8> {
    let begin = Instant::now();
    let Some(isolation) = Isolation::of_this_program() else {
        return Err(Error::missing("the program as a command", "hazecast", "Run the hazecast command"));
    };
    let work = WorkFolder::new()?;
    let confinement = outside_file::confinement(&isolation)?;
    let readers = Arc::new(Readers::new(isolation.with_limits(LIMITS))?);
    let mut report = Report::new(args.seed, confinement);
    let mut subjects = subject::of_program(&work.path)?;
    for folder in &args.dir {
        let found = subject::of_folder(folder, &readers, &work.path)?;
        subjects.extend(found.subjects);
        report.unread += found.unread;
        for (name, reader, seen) in found.deadly {
            let verdict = Verdict::of(seen, Path::new(&name));
            report.add(&Case { number: None, name: &name, reader }, verdict);
        }
    }
    for s in &subjects {
        report.sound(s.reader);
    }
    if let Some(folder) = &args.keep {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    }
    let numbers = args.only.map_or(0..args.files, |n| n..n + 1);
    let soak = Soak { readers, subjects: &subjects, seed: args.seed, keep: args.keep.as_deref(), work: &work.path };
    soak.all(numbers, &mut report)?;
    report.seconds = begin.elapsed().as_secs_f64();
    if args.json {
        output::print_json(&report)?
    } else {
        output::print(report.text(language).trim_end())?
    }
    Ok(if report.passed() { 0 } else { NOT_PASSED })
}

/// A folder of this process that goes when it is dropped.
struct WorkFolder {
    path: PathBuf,
}

impl WorkFolder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("hazecast-soak-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|e| Error::io(&path, e))?;
        Ok(Self { path })
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // what stays behind is in the folder of temporary files
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

struct Soak<'a> {
    readers: Arc<Readers>,
    subjects: &'a [Subject],
    seed: u64,
    keep: Option<&'a Path>,
    work: &'a Path,
}

impl Soak<'_> {
    /// Every damaged file, as many at once as there are cores. What is counted does not depend on that.
    fn all(&self, numbers: std::ops::Range<u64>, report: &mut Report) -> Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = (numbers.end - numbers.start) as usize;
        let style =
            ProgressStyle::with_template("{pos}/{len} {bar:40} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(count as u64).with_style(style);
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<(u64, usize, Result<Verdict>)>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for worker in 0..cores.min(count) {
                let (next, results, bar, start) = (&next, &results, &bar, numbers.start);
                scope.spawn(move || {
                    let folder = self.work.join(format!("rules-{worker}/seeds"));
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        if i >= count {
                            return;
                        }
                        let number = start + i as u64;
                        let (subject, verdict) = self.one(number, &folder);
                        bar.inc(1);
                        let mut results = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        results.push((number, subject, verdict));
                    }
                });
            }
        });
        bar.finish_and_clear();
        let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.sort_by_key(|r| r.0);
        for (number, subject, verdict) in results {
            let subject = &self.subjects[subject];
            report.add(&Case { number: Some(number), name: &subject.name, reader: subject.reader }, verdict?);
        }
        Ok(())
    }

    /// One damaged file: which sound one it was, and what came of it.
    fn one(&self, number: u64, folder: &Path) -> (usize, Result<Verdict>) {
        let mut choice = Choice::new(self.seed, number);
        let at = self.pick(&mut choice);
        let subject = &self.subjects[at];
        let mut bytes = subject.bytes.clone();
        damage(&mut bytes, &mut choice);
        (at, self.judge(number, subject, &bytes, folder))
    }

    /// A sound file: in half of all cases one that is read in a child, where there are any; else each reader as often. Large files less often.
    fn pick(&self, choice: &mut Choice) -> usize {
        let isolated = choice.below(2) == 0;
        let all = |wanted: &dyn Fn(Reader) -> bool| -> Vec<usize> {
            (0..self.subjects.len()).filter(|&i| wanted(self.subjects[i].reader)).collect()
        };
        let mut among = if isolated { all(&Reader::is_isolated) } else { Vec::new() };
        if among.is_empty() {
            let readers: BTreeSet<Reader> =
                self.subjects.iter().map(|s| s.reader).filter(|r| !r.is_isolated()).collect();
            let reader = readers.iter().nth(choice.below(readers.len())).copied();
            among = all(&|r| Some(r) == reader);
        }
        loop {
            let at = among[choice.below(among.len())];
            let size = self.subjects[at].bytes.len().max(EASY);
            if choice.below(size) < EASY {
                return at;
            }
        }
    }

    fn judge(&self, number: u64, subject: &Subject, bytes: &[u8], folder: &Path) -> Result<Verdict> {
        // rule files are known by their folder
        let folder = match subject.name.split_once('/') {
            Some((kind, _)) if subject.reader == Reader::Rules => folder.with_file_name(kind),
            _ => folder.to_path_buf(),
        };
        std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let path = folder.join(reader::file_name(subject.reader, &subject.name));
        std::fs::write(&path, bytes).map_err(|e| Error::io(&path, e))?;
        let verdict = self.attempt(subject.reader, &path);
        if let (Some(keep), true) = (self.keep, verdict.is_failure()) {
            let name = format!("{number}-{}", reader::file_name(subject.reader, &subject.name));
            std::fs::write(keep.join(&name), bytes).map_err(|e| Error::io(keep.join(&name), e))?;
        }
        // a reader that hangs may still hold it
        let _ = std::fs::remove_file(&path);
        Ok(verdict)
    }

    /// Reads on a thread of its own, so that a hang is seen.
    fn attempt(&self, reader: Reader, path: &Path) -> Verdict {
        let (sender, received) = channel();
        let (readers, file) = (Arc::clone(&self.readers), path.to_path_buf());
        std::thread::spawn(move || {
            let seen = catch_unwind(AssertUnwindSafe(|| readers.read(reader, &file)));
            // nobody waits for one that hung
            let _ = sender.send(seen);
        });
        let patience = if reader.is_isolated() { PATIENCE + LIMITS.wall } else { PATIENCE };
        match received.recv_timeout(patience) {
            Ok(Ok(seen)) => Verdict::of(seen, path),
            Ok(Err(panic)) => {
                let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
                Verdict::ParentPanicked(text.unwrap_or("no message").to_owned())
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Verdict::ParentHung,
        }
    }
}
