//! Trying a NetCDF file in a child process, because damaged files crash or hang the C library.
//!
//! The child is this program itself with the hidden arguments `__probe-netcdf FILE`: it opens the file, reads everything once and
//! prints a word. Only a file whose child printed the word is opened in this process.

use super::netcdf_file::NetcdfFile;
use super::netcdf_signature;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The hidden first argument of the child.
pub const PROBE_ARGUMENT: &str = "__probe-netcdf";
/// What the child prints (as its only line of standard output) when everything could be read. **Why a word and not only the exit
/// code:** any other program given as the probe exits with 0 just as well.
pub const PROBE_WORD: &str = "netcdf-readable";
/// Longest life of the child.
const TIME_LIMIT: Duration = Duration::from_secs(60);
const REMEDY: &str = "The file is damaged: fetch or copy it again";

/// Body of the child: opens the file and reads every variable and attribute once, in this process.
///
/// # Errors
/// As [`NetcdfFile::open`] and [`NetcdfFile::read_everything`].
pub fn probe_all_variables(path: &Path) -> Result<()> {
    NetcdfFile::open(path)?.read_everything()
}

/// The program that probes: this one, when it is the `hazecast` command; `None` in a test or another program.
///
/// # Errors
/// [`Error::Io`] when the path of this program cannot be found out.
pub fn this_program() -> Result<Option<PathBuf>> {
    let program = std::env::current_exe().map_err(|e| Error::io("this program", e))?;
    Ok(program.file_stem().is_some_and(|name| name == "hazecast").then_some(program))
}

/// Starts `program __probe-netcdf path` and waits at most a minute.
///
/// # Errors
/// [`Error::Format`] when the file is truncated, or the child crashed, hung, or refused the file; [`Error::Io`] when the program
/// cannot be started.
pub fn probe(program: &Path, path: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.arg(PROBE_ARGUMENT).arg(path);
    run(command, path, TIME_LIMIT)
}

/// As [`probe`] with a ready command and another time limit.
///
/// # Errors
/// As [`probe`].
pub fn run(mut command: Command, path: &Path, limit: Duration) -> Result<()> {
    netcdf_signature::check(path)?;
    let program = PathBuf::from(command.get_program());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| Error::io(&program, e))?;
    let refused =
        |found: String| Error::format(path, "reading with the NetCDF library", found, "a readable file", REMEDY);
    // both pipes are drained by threads, so that a child that writes much cannot block
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let Some(status) = wait(&mut child, limit).map_err(|e| Error::io(&program, e))? else {
        return Err(refused(format!("the library hung on it for {} s", limit.as_secs_f32())));
    };
    let (said, complained) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    if status.success() && said.lines().any(|line| line.trim() == PROBE_WORD) {
        return Ok(());
    }
    let reason = complained.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no message").trim().to_owned();
    Err(refused(match status.code() {
        Some(0) => "a probe program that does not answer".to_owned(),
        Some(101) | None => format!("the library crashed on it ({status})"),
        Some(_) => format!("it cannot be read: {reason}"),
    }))
}

fn drain(pipe: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = pipe {
            // a broken pipe means the child has ended: what came before is kept
            let _ = pipe.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// Exit status, or `None` after the limit, the child then killed.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<std::process::ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
