//! The child's side: takes a task from standard input, reads, and answers on standard output.

use super::answer::Sender;
use super::refusal::Refusal;
use super::{Task, confinement, place};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;

/// Longest task that is taken [bytes].
const LONGEST_TASK: u64 = 16 << 20;

/// Reads what the parent asks for, and answers.
///
/// # Errors
/// `Io` when the pipes do not work, `Invalid` when standard input holds no such task; what the reader refuses is an answer.
pub fn answer<T: Task>() -> Result<()> {
    let pipe = |e: std::io::Error| Error::io("the pipe to the parent", e);
    // what a library prints goes to standard error, out of the way of the answer
    let out = rustix::io::dup(rustix::stdio::stdout()).map_err(|e| pipe(e.into()))?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).map_err(|e| pipe(e.into()))?;
    // where memory runs out, Linux then ends the child before its parent; elsewhere there is nothing to set
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let mut request = Vec::new();
    std::io::stdin().take(LONGEST_TASK).read_to_end(&mut request).map_err(pipe)?;
    let (parent, task): (u32, T) = postcard::from_bytes(&request)
        .map_err(|e| Error::invalid("standard input", "task", e.to_string(), format!("a task of {}", T::NAME)))?;
    confinement::end_with(parent).map_err(|e| Error::invalid("this process", "parent", e, "the one that asked"))?;
    confinement::confine(task.file())
        .map_err(|e| Error::invalid("this kernel", "Landlock", e, "rules that it takes"))?;
    place::tell();
    let read = task.read().map_err(|e| Refusal::of(e, task.file()));
    let mut sender = Sender::new(File::from(out)).map_err(pipe)?;
    postcard::to_io(&read, &mut sender).map_err(|e| pipe(std::io::Error::other(e)))?;
    sender.finish().map_err(pipe)
}
