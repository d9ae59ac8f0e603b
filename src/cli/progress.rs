//! Progress of a night on a terminal; silent elsewhere.

use super::language::Language;
use super::output;
use crate::nightly::{Event, Stage};
use crate::simulation::restart::Reason;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::Path;

/// A progress bar per stage, on stderr when it is a terminal.
pub struct NightProgress {
    language: Language,
    /// With what it shows; `None`: files being read.
    bar: RefCell<Option<(Option<Stage>, ProgressBar)>>,
}

/// A bar of so many hours, on stderr when it is a terminal.
pub fn hours_bar(hours: u32, what: &str) -> ProgressBar {
    bar(hours, " h", what)
}

/// A bar of so many steps of a unit, on stderr when it is a terminal.
fn bar(steps: u32, unit: &str, what: &str) -> ProgressBar {
    let visible = std::io::stderr().is_terminal();
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(u64::from(steps)), target);
    let template = format!("{{msg:28}} [{{bar:32}}] {{pos}}/{{len}}{unit}  {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

impl NightProgress {
    /// Visible on a terminal only.
    pub fn new(language: Language) -> Self {
        Self { language, bar: RefCell::new(None) }
    }

    /// Shows an event: files and hours on the bar, the rest as a line.
    pub fn note(&self, event: Event) {
        match event {
            Event::Read { done, of } => self.step(None, done, of),
            Event::Hour { stage, done, of } => self.step(Some(stage), done, of),
            Event::Resumed { stage, hour } => {
                let on = self.language.pick("自检查点续算，已完成小时数", "goes on from a checkpoint, hours done");
                output::note(&format!("{}: {on} {hour}", self.name(stage)));
            }
            Event::CheckpointRefused { stage, path, reason } => {
                self.checkpoint(stage, self.language.pick("检查点未使用", "checkpoint not used"), path, reason);
            }
            Event::CheckpointNotKept { stage, path, reason } => {
                let not = self.language.pick("检查点未能写入或清除", "checkpoint not written or removed");
                self.checkpoint(stage, not, path, reason);
            }
        }
    }

    fn checkpoint(&self, stage: Stage, what: &str, path: &Path, reason: &Reason) {
        let reason = self.language.pick(&reason.zh, &reason.en);
        output::note(&format!("{}: {what}: {}: {reason}", self.name(stage), path.display()));
    }

    fn name(&self, stage: Stage) -> String {
        let name = match stage {
            Stage::Member { number, of } => {
                return format!("{} {number}/{of}", self.language.pick("扰动成员", "member"));
            }
            Stage::Base => self.language.pick("基准预报", "forecast"),
            Stage::Ranking => self.language.pick("源影响排序", "influence of the sources"),
            Stage::Cut => self.language.pick("减排情景复核", "forecast with the list"),
        };
        name.to_owned()
    }

    fn step(&self, stage: Option<Stage>, done: u32, of: u32) {
        let mut slot = self.bar.borrow_mut();
        if slot.as_ref().is_none_or(|(s, _)| *s != stage) {
            let bar = match stage {
                Some(stage) => hours_bar(of, &self.name(stage)),
                None => bar(of, "", self.language.pick("读取气象文件", "reading meteorology")),
            };
            *slot = Some((stage, bar));
        }
        if let Some((_, bar)) = slot.as_ref() {
            bar.set_position(u64::from(done));
            if done == of {
                bar.finish();
            }
        }
    }
}
