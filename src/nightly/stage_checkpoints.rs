//! Checkpoints of a stage's run, kept in the work folder of the night.

use super::{Event, Progress, Stage, Tonight};
use crate::archive::checkpoints::CheckpointFolder;
use crate::error::{Error, Result};
use crate::simulation::restart::{Checkpoints, Reason};
use std::path::Path;

/// The checkpoints of one stage.
pub(super) struct StageCheckpoints<'a> {
    folder: CheckpointFolder,
    stage: Stage,
    run: String,
    every_hours: u32,
    progress: Progress<'a>,
}

impl<'a> StageCheckpoints<'a> {
    /// For the stage whose product is `name`. The sources of a run follow from the night's inputs and the stage, so both name the run.
    pub fn new(night: &Tonight<'a>, stage: Stage, name: &str) -> Result<Self> {
        Ok(Self {
            folder: night.work.checkpoints(name)?,
            stage,
            run: format!("{} {name}", night.work.input_key()),
            every_hours: night.setup.config.checkpoint_hours,
            progress: night.progress,
        })
    }

    /// Removes all of them. What stays is no part of what is published, so a finished stage does not fail for it.
    pub fn clear(&self) {
        if let Err(e) = self.folder.clear() {
            self.not_kept(self.folder.folder(), &e);
        }
    }

    fn not_kept(&self, path: &Path, error: &Error) {
        (self.progress)(Event::CheckpointNotKept { stage: self.stage, path, reason: &of_disk(error) });
    }

    fn tell_refused(&self, path: &Path, reason: &Reason) {
        (self.progress)(Event::CheckpointRefused { stage: self.stage, path, reason });
    }
}

/// The operating system gives its reason in one language.
fn of_disk(error: &Error) -> Reason {
    let reason = error.reason();
    Reason::new(format!("磁盘读写失败：{reason}"), format!("disk: {reason}"))
}

impl Checkpoints for StageCheckpoints<'_> {
    fn every_hours(&self) -> u32 {
        self.every_hours
    }

    fn run(&self) -> &str {
        &self.run
    }

    fn generations(&self) -> usize {
        let listed = self.folder.list().inspect_err(|e| self.tell_refused(self.folder.folder(), &of_disk(e)));
        listed.map_or(0, |l| l.len())
    }

    fn read(&self, generation: usize) -> std::result::Result<Vec<u8>, Reason> {
        self.folder.read(generation).map_err(|e| of_disk(&e))
    }

    fn keep(&self, hour: u32, bytes: &[u8]) {
        if let Err(e) = self.folder.keep(hour, bytes) {
            self.not_kept(&self.folder.path(hour), &e);
        }
    }

    fn resumed(&self, hour: u32) {
        (self.progress)(Event::Resumed { stage: self.stage, hour });
    }

    fn refused(&self, generation: usize, reason: &Reason) {
        let listed = self.folder.list().unwrap_or_default();
        let path = listed.get(generation).map_or(self.folder.folder(), |(_, path)| path);
        self.tell_refused(path, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// What a folder that is not there, and a file that is no checkpoint, have the night tell; none of it fails.
    #[test]
    fn what_is_not_kept_and_what_is_refused_is_told_apart_with_its_path() {
        let told = RefCell::new(Vec::new());
        let note = |event: Event| {
            let (what, path, reason) = match event {
                Event::CheckpointNotKept { path, reason, .. } => ("not kept", path, reason),
                Event::CheckpointRefused { path, reason, .. } => ("refused", path, reason),
                Event::Read { .. } | Event::Hour { .. } | Event::Resumed { .. } => panic!("{event:?}"),
            };
            told.borrow_mut().push((what, path.to_path_buf(), reason.clone()));
        };
        let folder = tempfile::tempdir().unwrap();
        let within = |folder: &Path| StageCheckpoints {
            folder: CheckpointFolder::new(folder.to_path_buf(), "fields"),
            stage: Stage::Base,
            run: "run".into(),
            every_hours: 1,
            progress: &note,
        };
        let absent = folder.path().join("absent");
        let kept = within(&absent);
        kept.keep(3, b"bytes");
        kept.clear();
        assert_eq!(kept.generations(), 0);
        let kept = within(folder.path());
        kept.keep(3, b"bytes");
        kept.keep(4, b"bytes");
        assert_eq!(kept.generations(), 2);
        kept.refused(1, &Reason::new("坏", "bad"));
        kept.clear();
        assert_eq!(kept.generations(), 0);
        let told = told.into_inner();
        let found: Vec<_> = told.iter().map(|(what, path, _)| (*what, path.clone())).collect();
        let expected = [
            ("not kept", absent.join("fields-0003.checkpoint")),
            ("not kept", absent.clone()),
            ("refused", absent),
            ("refused", folder.path().join("fields-0003.checkpoint")),
        ];
        assert_eq!(found, expected);
        assert!(
            told[..3].iter().all(|t| t.2.zh.starts_with("磁盘读写失败") && t.2.en.starts_with("disk: ")),
            "{told:?}"
        );
        assert_eq!(told[3].2, Reason::new("坏", "bad"));
    }
}
