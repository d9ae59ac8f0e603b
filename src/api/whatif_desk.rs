//! The desk of what-if questions: a bounded queue, one full run at a time in a thread of its own, and the answers of the last ones.
//!
//! **Invariant:** at most [`WAITING`] questions wait and [`KEPT`] answers are held. **Why:** each question is minutes of all cores; who asks a hundred times must
//! not fill the memory or keep the night from its cores for hours.

use crate::error::Error;
use crate::nightly::whatif::{WhatIf, WhatIfReport};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Questions that wait, beside the one that runs.
pub const WAITING: usize = 4;
/// Questions that are done and still answered for.
pub const KEPT: usize = 20;

/// Told scenario, hours done and hours in all; answers whether to go on.
pub type GoOn<'g> = &'g dyn Fn(usize, u32, u32) -> bool;
/// Runs a question; `None` where it was given up.
pub type Runner = Box<dyn Fn(&WhatIf, GoOn) -> Result<Option<WhatIfReport>, Error> + Send>;

/// How far a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// A question and what became of it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Question {
    pub id: u64,
    pub state: State,
    pub scenarios: usize,
    /// Scenarios that are done, and hours of the one that runs.
    pub scenarios_done: usize,
    pub hours_done: u32,
    pub hours: u32,
    /// Why it failed.
    pub problem: Option<String>,
    pub report: Option<WhatIfReport>,
}

struct Entry {
    question: Question,
    cancelled: Arc<AtomicBool>,
}

type Entries = Arc<Mutex<BTreeMap<u64, Entry>>>;

/// What is asked next: number, question, whether it was cancelled.
type Next = (u64, WhatIf, Arc<AtomicBool>);

/// The desk.
pub struct Desk {
    entries: Entries,
    queue: SyncSender<Next>,
}

impl Desk {
    /// A desk whose questions `runner` runs, in a thread that ends with the desk.
    pub fn new(runner: Runner) -> Self {
        let (queue, questions) = sync_channel(WAITING);
        let entries: Entries = Entries::default();
        let of_thread = entries.clone();
        std::thread::spawn(move || work(&questions, &of_thread, &runner));
        Self { entries, queue }
    }

    /// Puts a question into the queue; `None` where it is full.
    pub fn ask(&self, asked: WhatIf) -> Option<Question> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let id = entries.keys().last().map_or(1, |last| last + 1);
        let (cancelled, scenarios) = (Arc::new(AtomicBool::new(false)), asked.scenarios.len());
        match self.queue.try_send((id, asked, cancelled.clone())) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return None,
        }
        let question = Question {
            id,
            state: State::Waiting,
            scenarios,
            scenarios_done: 0,
            hours_done: 0,
            hours: 0,
            problem: None,
            report: None,
        };
        entries.insert(id, Entry { question: question.clone(), cancelled });
        // the oldest answers make room
        let over = |q: &Question| !matches!(q.state, State::Waiting | State::Running);
        let done: Vec<u64> = entries.values().filter(|e| over(&e.question)).map(|e| e.question.id).collect();
        for old in done.iter().take(done.len().saturating_sub(KEPT)) {
            entries.remove(old);
        }
        Some(question)
    }

    /// A question by its number.
    pub fn question(&self, id: u64) -> Option<Question> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&id).map(|e| e.question.clone())
    }

    /// Cancels a question that waits or runs; what is done stays. `None` where there is none of that number.
    pub fn cancel(&self, id: u64) -> Option<Question> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(&id)?;
        entry.cancelled.store(true, Ordering::Relaxed);
        if entry.question.state == State::Waiting {
            entry.question.state = State::Cancelled;
        }
        Some(entry.question.clone())
    }
}

fn work(questions: &Receiver<Next>, entries: &Entries, runner: &Runner) {
    let change = |id: u64, act: &dyn Fn(&mut Question)| {
        let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&id) {
            act(&mut entry.question);
        }
    };
    for (id, asked, cancelled) in questions {
        if cancelled.load(Ordering::Relaxed) {
            change(id, &|q| q.state = State::Cancelled);
            continue;
        }
        change(id, &|q| q.state = State::Running);
        let go_on = |scenario: usize, done: u32, hours: u32| {
            change(id, &|q| (q.scenarios_done, q.hours_done, q.hours) = (scenario, done, hours));
            !cancelled.load(Ordering::Relaxed)
        };
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runner(&asked, &go_on)));
        match answer {
            Ok(Ok(Some(report))) => change(id, &|q| {
                (q.state, q.scenarios_done, q.report) = (State::Done, q.scenarios, Some(report.clone()));
            }),
            Ok(Ok(None)) => change(id, &|q| q.state = State::Cancelled),
            Ok(Err(e)) => {
                super::complain(&format!("a what-if failed: {e}"));
                change(id, &|q| (q.state, q.problem) = (State::Failed, Some(e.reason())));
            }
            Err(_) => change(id, &|q| (q.state, q.problem) = (State::Failed, Some("the run stopped".into()))),
        }
    }
}
