//! Outside NetCDF and GRIB files are read in a child process, because damaged files crash, hang or bloat the libraries that read them.
//!
//! The child is this program itself with the hidden arguments `__read TASK`. The parent sets its limits ([`limits`]), then hands it the task
//! over its standard input; the child shuts itself off ([`confinement`]), reads the file, and hands the result back over its standard output
//! in a form that shows whether it is whole ([`answer`]). Whatever else the child does is one refusal of the file: the parent goes on.

pub mod answer;
pub mod child;
pub mod confinement;
mod ending;
pub mod limits;
pub mod place;
mod refusal;
mod several;

use crate::error::{Error, Result};
use limits::Limits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use confinement::Confinement;
pub use ending::Death;
pub use several::{read_all, read_each};

/// The hidden first argument of the child.
pub const CHILD_ARGUMENT: &str = "__read";
/// How long a child may take to end once it has answered.
const GRACE: Duration = Duration::from_secs(10);
/// How long its last words may take then.
const PIPE_GRACE: Duration = Duration::from_secs(1);

/// Whether this program takes [`CHILD_ARGUMENT`].
static COMMAND: AtomicBool = AtomicBool::new(false);

/// This program is the `hazecast` command, whatever its file is called: its children can be the program itself.
pub fn this_is_the_command() {
    COMMAND.store(true, Ordering::Relaxed);
}

/// Something that is read from one outside file.
pub trait Task: Serialize + DeserializeOwned + Sync {
    /// Its name on the child's command line.
    const NAME: &'static str;
    /// What the file holds.
    type Answer: Serialize + DeserializeOwned + Send;
    /// The file.
    fn file(&self) -> &Path;
    /// Reads the file in this process.
    ///
    /// # Errors
    /// As the reader of the file.
    fn read(&self) -> Result<Self::Answer>;
    /// Whether the parts of an answer that came out of another process fit together.
    fn is_whole(answer: &Self::Answer) -> bool;
}

/// How files are read in processes of their own.
#[derive(Debug, Clone)]
pub struct Isolation {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: Option<Limits>,
}

/// What came of a task.
#[derive(Debug)]
pub enum Outcome<A> {
    /// The file's content.
    Read(A),
    /// The reader refused the file.
    Refused(Error),
    /// The child failed on the file.
    Died(Death, Error),
}

impl<A> Outcome<A> {
    fn into_result(self) -> Result<A> {
        match self {
            Self::Read(answer) => Ok(answer),
            Self::Refused(error) | Self::Died(_, error) => Err(error),
        }
    }
}

impl Isolation {
    /// In children that are this program, when it is the `hazecast` command ([`this_is_the_command`]); `None` in a test or another program,
    /// which reads in its own process.
    pub fn of_this_program() -> Option<Self> {
        // the image that runs, even when an update has replaced its file
        let running = Path::new("/proc/self/exe");
        let program = if running.exists() { Some(running.to_path_buf()) } else { std::env::current_exe().ok() };
        program.filter(|_| COMMAND.load(Ordering::Relaxed)).map(Self::in_program)
    }

    /// In children that are `program`, a `hazecast` command.
    pub fn in_program(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: vec![CHILD_ARGUMENT.into()], limits: None }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The same with `arguments` in place of the hidden one, in front of the task's name.
    #[must_use]
    pub fn with_arguments(self, arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self { arguments: arguments.into_iter().collect(), ..self }
    }

    /// The same with limits that do not depend on the file.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// Reads in a child process.
    ///
    /// # Errors
    /// As the reader; `Format` when the child crashed, hung, exceeded a limit or gave no whole answer.
    pub fn read<T: Task>(&self, task: &T) -> Result<T::Answer> {
        self.outcome(task).into_result()
    }

    /// Reads in a child process, and tells a refusal from a failure of the child.
    pub fn outcome<T: Task>(&self, task: &T) -> Outcome<T::Answer> {
        if task.file().to_str().is_none() {
            let (found, expected) = ("a name that is not UTF-8", "a name that is");
            return Outcome::Refused(Error::format(task.file(), "its name", found, expected, "Rename the file"));
        }
        let length = match std::fs::metadata(task.file()) {
            Ok(found) => found.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Outcome::Refused(Error::missing(
                    "an input file",
                    task.file(),
                    "Put the file there or correct the path",
                ));
            }
            Err(e) => return Outcome::Refused(Error::io(task.file(), e)),
        };
        let limits = self.limits.unwrap_or_else(|| Limits::for_length(length));
        match self.run(task, limits) {
            Ok(Ok(answer)) if T::is_whole(&answer) => Outcome::Read(answer),
            Ok(Ok(_)) => {
                let (death, error) = ending::contradictory(task.file());
                Outcome::Died(death, error)
            }
            Ok(Err(refused)) => Outcome::Refused(refused.into_error()),
            Err(Failure::Start(e)) => Outcome::Refused(Error::io(&self.program, e)),
            Err(Failure::End(end)) => {
                let (death, error) = end.judged(task.file(), limits);
                Outcome::Died(death, error)
            }
        }
    }

    fn run<T: Task>(
        &self,
        task: &T,
        limits: Limits,
    ) -> std::result::Result<std::result::Result<T::Answer, refusal::Refusal>, Failure> {
        let request =
            postcard::to_stdvec(&(std::process::id(), task)).map_err(|e| Failure::Start(std::io::Error::other(e)))?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(T::NAME)
            .env("RUST_BACKTRACE", "0")
            // one arena for all threads: the limit of address space is then one of memory
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Failure::Start)?;
        let end = Instant::now() + limits.wall;
        let (sender, received) = channel();
        let (said, complaint) = (child.stdout.take(), child.stderr.take());
        // both pipes are drained by threads, so that a child that writes much or nothing cannot block this process
        let complaint = std::thread::spawn(move || ending::last_words(complaint));
        std::thread::spawn(move || {
            let answer = said.map_or(Err(answer::Fault::None), |pipe| answer::receive(pipe, limits.answer_bytes()));
            // a parent that no longer waits needs no answer
            let _ = sender.send(answer);
        });
        limits.impose(&child).map_err(Failure::Start).inspect_err(|_| stop(&mut child))?;
        ask(child.stdin.take(), &request);
        let answer = received.recv_timeout(end.saturating_duration_since(Instant::now()));
        let status = match &answer {
            Ok(Ok(_)) => wait(&mut child, Instant::now() + GRACE),
            // a child that has closed its output is about to end
            Ok(Err(fault)) if fault.is_end() => wait(&mut child, end),
            _ => None,
        };
        if status.is_none() {
            stop(&mut child);
        }
        if let (Ok(Ok(bytes)), Some(true)) = (&answer, status.map(|s| s.success()))
            && let Ok(content) = postcard::from_bytes(bytes)
        {
            return Ok(content);
        }
        let fault = match answer {
            Ok(Ok(_)) => Some(answer::Fault::Unreadable),
            Ok(Err(fault)) => Some(fault),
            Err(_) => None,
        };
        Err(Failure::End(ending::Ending { status, fault, words: spoken(complaint) }))
    }
}

/// Why there is no answer.
enum Failure {
    /// The child could not be started.
    Start(std::io::Error),
    End(ending::Ending),
}

/// Reads one file: in a child process, or in this one without `isolation`.
///
/// # Errors
/// As [`Isolation::read`].
pub fn read<T: Task>(isolation: Option<&Isolation>, task: &T) -> Result<T::Answer> {
    match isolation {
        Some(isolation) => isolation.read(task),
        None => task.read(),
    }
}

/// What a child that has ended said last. Should another process hold its pipe open, it is not waited for.
fn spoken(complaint: JoinHandle<Vec<u8>>) -> Vec<u8> {
    let end = Instant::now() + PIPE_GRACE;
    while !complaint.is_finished() {
        if Instant::now() >= end {
            return Vec::new();
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    complaint.join().unwrap_or_default()
}

/// Hands over the task. A child that has ended does not take it: how it ended says why.
fn ask(stdin: Option<ChildStdin>, request: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(request);
    }
}

/// Ends the child. One that has just ended by itself cannot be killed, and need not be.
fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Exit status, or `None` at `end`.
fn wait(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_micros(100);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(pause);
        pause = (2 * pause).min(Duration::from_millis(5));
    }
}
