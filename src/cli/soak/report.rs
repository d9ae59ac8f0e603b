//! What a soak counts.

use super::reader::{Reader, Seen};
use crate::cli::language::Language;
use crate::error::Error;
use crate::input::isolation::{Confinement, Death};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Most failures that are listed one by one, and of one kind of one reader.
const MOST_LISTED: usize = 200;
const MOST_OF_A_KIND: usize = 8;

/// Which file was read.
pub struct Case<'a> {
    /// `None`: as it lay in the folder.
    pub number: Option<u64>,
    pub name: &'a str,
    pub reader: Reader,
}

/// What came of one file.
pub enum Verdict {
    Read,
    Refused,
    Died(Death, String),
    ParentPanicked(String),
    ParentHung,
    /// A refusal that does not say why.
    WithoutReason(String),
}

impl Verdict {
    /// Judges what a reader gave of a file: every refusal, of the file or of a record, must name the file, the place, what was found and what
    /// to do.
    pub fn of(seen: Seen, file: &Path) -> Self {
        match seen {
            Seen::Read { rejections } => {
                let silent = |r: &&crate::error::Rejection| {
                    r.file.is_empty() || r.place.is_empty() || r.found.is_empty() || r.expected.is_empty()
                };
                match rejections.iter().find(silent) {
                    Some(rejection) => Self::WithoutReason(format!("{rejection:?}")),
                    None => Self::Read,
                }
            }
            Seen::Refused(error) | Seen::Died(_, error) if lacks(&error, file) => {
                Self::WithoutReason(format!("{error:?}"))
            }
            Seen::Refused(_) => Self::Refused,
            Seen::Died(death, error) => Self::Died(death, error.to_string()),
        }
    }

    /// One word for what went wrong; `None` where nothing did.
    fn failure(&self) -> Option<&'static str> {
        match self {
            Self::Read | Self::Refused => None,
            Self::Died(Death::Crashed, _) => Some("crashed"),
            Self::Died(Death::Panicked, _) => Some("panicked"),
            Self::Died(Death::Hung, _) => Some("hung"),
            Self::Died(Death::OutOfMemory, _) => Some("out of memory"),
            Self::Died(Death::Wrote | Death::Unanswered, _) => Some("unanswered"),
            Self::ParentPanicked(_) => Some("this program panicked"),
            Self::ParentHung => Some("this program hung"),
            Self::WithoutReason(_) => Some("no reason"),
        }
    }

    /// Whether a child or this program failed.
    pub fn is_failure(&self) -> bool {
        self.failure().is_some()
    }
}

/// Whether an error leaves the officer without the file, the place, what was found there or what to do.
fn lacks(error: &Error, file: &Path) -> bool {
    let named = file.file_name().is_some_and(|name| error.to_string().contains(&*name.to_string_lossy()));
    let all = |words: &[&str]| words.iter().all(|w| w.chars().any(char::is_alphanumeric));
    let whole = match error {
        Error::Io { source, .. } => all(&[&source.to_string()]),
        // what was found may be signs without a word: it is what stands in the file
        Error::Format { place, found, expected, remedy, .. } => {
            all(&[place, expected, remedy]) && found.chars().any(|c| !c.is_whitespace() && !"`'\"".contains(c))
        }
        Error::Missing { what, remedy, .. } => all(&[what, remedy]),
        // what is expected is what to write
        Error::Invalid { field, found, expected, .. } => all(&[field, expected]) && !found.is_empty(),
        // no words about a file
        Error::Unstable { .. } | Error::Busy { .. } => false,
    };
    !(named && whole)
}

/// Counts of one reader, or of all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Sound files that were damaged.
    pub sound_files: u64,
    /// Damaged files.
    pub files: u64,
    /// Read, perhaps with some records refused.
    pub read: u64,
    pub refused: u64,
    pub child_crashed: u64,
    pub child_panicked: u64,
    pub child_hung: u64,
    pub child_out_of_memory: u64,
    pub child_unanswered: u64,
    pub parent_panicked: u64,
    pub parent_hung: u64,
    pub without_reason: u64,
}

/// One failure.
#[derive(Debug, Clone, Serialize)]
struct Failure {
    /// Number of the damaged file; `null` for one that is deadly as it lies in the folder.
    number: Option<u64>,
    file: String,
    reader: Reader,
    kind: &'static str,
    what: String,
}

/// The whole soak.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub seed: u64,
    pub seconds: f64,
    /// How far the kernel keeps the children to their file.
    confinement: Confinement,
    /// Files of the folders that no reader reads as they are.
    pub unread: usize,
    pub total: Counts,
    readers: BTreeMap<Reader, Counts>,
    failures: Vec<Failure>,
}

impl Report {
    /// Nothing counted yet.
    pub fn new(seed: u64, confinement: Confinement) -> Self {
        let (total, readers, failures) = (Counts::default(), BTreeMap::new(), Vec::new());
        Self { seed, seconds: 0.0, confinement, unread: 0, total, readers, failures }
    }

    /// Counts a sound file.
    pub fn sound(&mut self, reader: Reader) {
        self.both(reader, |c| c.sound_files += 1);
    }

    fn both(&mut self, reader: Reader, count: impl Fn(&mut Counts)) {
        count(&mut self.total);
        count(self.readers.entry(reader).or_default());
    }

    /// Counts what came of a file.
    pub fn add(&mut self, case: &Case, verdict: Verdict) {
        self.both(case.reader, |c| {
            c.files += u64::from(case.number.is_some());
            *match &verdict {
                Verdict::Read => &mut c.read,
                Verdict::Refused => &mut c.refused,
                Verdict::Died(Death::Crashed, _) => &mut c.child_crashed,
                Verdict::Died(Death::Panicked, _) => &mut c.child_panicked,
                Verdict::Died(Death::Hung, _) => &mut c.child_hung,
                Verdict::Died(Death::OutOfMemory, _) => &mut c.child_out_of_memory,
                Verdict::Died(Death::Wrote | Death::Unanswered, _) => &mut c.child_unanswered,
                Verdict::ParentPanicked(_) => &mut c.parent_panicked,
                Verdict::ParentHung => &mut c.parent_hung,
                Verdict::WithoutReason(_) => &mut c.without_reason,
            } += 1;
        });
        let Some(kind) = verdict.failure() else { return };
        let alike = self.failures.iter().filter(|f| (f.kind, f.reader) == (kind, case.reader)).count();
        if alike < MOST_OF_A_KIND && self.failures.len() < MOST_LISTED {
            let what = match verdict {
                Verdict::Died(_, text) | Verdict::ParentPanicked(text) | Verdict::WithoutReason(text) => text,
                Verdict::Read | Verdict::Refused | Verdict::ParentHung => String::new(),
            };
            self.failures.push(Failure {
                number: case.number,
                file: case.name.into(),
                reader: case.reader,
                kind,
                what,
            });
        }
    }

    /// Whether the program outlived every file and gave a reason for every refusal.
    pub fn passed(&self) -> bool {
        self.total.parent_panicked + self.total.parent_hung + self.total.without_reason == 0
    }

    /// For people.
    pub fn text(&self, language: Language) -> String {
        let mut out = String::new();
        let t = &self.total;
        let _ = match language {
            Language::Zh => writeln!(
                out,
                "种子 {}：{} 个完好文件，{} 个损坏文件，{:.0} 秒；{} 个文件无人能读",
                self.seed, t.sound_files, t.files, self.seconds, self.unread
            ),
            Language::En => writeln!(
                out,
                "seed {}: {} sound files, {} damaged ones, {:.0} s; {} files that no reader reads",
                self.seed, t.sound_files, t.files, self.seconds, self.unread
            ),
        };
        let heads = match language {
            Language::Zh => {
                ["完好", "损坏", "读出", "拒绝", "崩溃", "自停", "挂起", "超内存", "无答", "主崩", "主挂", "无因"]
            }
            Language::En => [
                "sound", "damaged", "read", "refused", "crash", "panic", "hung", "memory", "mute", "PANIC", "HUNG",
                "SILENT",
            ],
        };
        let line = |name: &str, cells: &[String]| {
            let cells: String =
                cells.iter().map(|c| format!("{}{c}", " ".repeat(9usize.saturating_sub(places(c))))).collect();
            format!("{name:<18}{cells}")
        };
        let _ = writeln!(out, "{}", line("", &heads.map(str::to_owned)));
        for (reader, counts) in &self.readers {
            let name =
                serde_json::to_value(reader).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
            let _ = writeln!(out, "{}", line(&name, &cells(counts)));
        }
        let _ = writeln!(out, "{}", line("", &cells(t)));
        for failure in &self.failures {
            let number = failure.number.map_or_else(|| "-".to_owned(), |n| n.to_string());
            let Failure { file, reader, kind, what, .. } = failure;
            let _ = writeln!(out, "{number:>6} {file} ({reader:?}): {kind}: {what}");
        }
        let verdict =
            if self.passed() { language.pick("通过", "passed") } else { language.pick("未通过", "not passed") };
        let legend = language.pick(
            "崩溃、自停、挂起、超内存、无答：子进程的失败，各为一次拒绝；主崩、主挂、无因：本程序的失败，应为零",
            "crash to mute: failures of a child, each one refusal; PANIC, HUNG, SILENT: failures of this program, none may occur",
        );
        let (zh, en) = self.confinement.words();
        let _ = writeln!(out, "{}\n{legend}\n{verdict}", language.pick(zh, en));
        out
    }
}

fn cells(c: &Counts) -> [String; 12] {
    [
        c.sound_files,
        c.files,
        c.read,
        c.refused,
        c.child_crashed,
        c.child_panicked,
        c.child_hung,
        c.child_out_of_memory,
        c.child_unanswered,
        c.parent_panicked,
        c.parent_hung,
        c.without_reason,
    ]
    .map(|n| n.to_string())
}

/// Places that a text takes on a terminal.
fn places(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_file_place_finding_and_remedy() {
        let file = Path::new("inbox/a.nc");
        let judged = |error: Error| matches!(Verdict::of(Seen::Refused(error), file), Verdict::Refused);
        let format = |path: &str, place: &str, found: &str, remedy: &str| {
            judged(Error::format(path, place, found, "a number", remedy))
        };
        assert!(format("inbox/a.nc", "line 3", "`x`", "Fetch it again"));
        assert!(!format("inbox/b.nc", "line 3", "`x`", "Fetch it again"));
        assert!(!format("inbox/a.nc", "", "`x`", "Fetch it again"));
        assert!(!format("inbox/a.nc", "line 3", " ", "Fetch it again"));
        assert!(!format("inbox/a.nc", "line 3", "`x`", "."));
        assert!(judged(Error::invalid(file, "line 1", "``", "a name")));
        assert!(!judged(Error::invalid(file, "line 1", "x", "")));
        assert!(!judged(Error::io(file, std::io::Error::other(""))));
    }

    #[test]
    fn many_failures_of_a_kind_leave_room_for_others() {
        let mut report = Report::new(1, Confinement::None);
        let mut add = |reader, verdict| report.add(&Case { number: Some(0), name: "a.nc", reader }, verdict);
        (0..300).for_each(|_| add(Reader::Meteorology, Verdict::Died(Death::Hung, "slow".into())));
        add(Reader::Meteorology, Verdict::Died(Death::Crashed, "gone".into()));
        add(Reader::Inventory, Verdict::ParentHung);
        let kinds: Vec<&str> = report.failures.iter().map(|f| f.kind).collect();
        assert_eq!(kinds[MOST_OF_A_KIND - 1..], ["hung", "crashed", "this program hung"]);
        assert_eq!((report.total.child_hung, report.passed()), (300, false));
    }
}
