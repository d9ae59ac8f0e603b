//! Checkpoints of a stage's run, kept in the work folder of the night.

use super::{Event, Progress, Stage, Tonight};
use crate::archive::checkpoints::CheckpointFolder;
use crate::error::Result;
use crate::simulation::restart::Checkpoints;

/// The checkpoints of one stage.
pub(super) struct StageCheckpoints<'a> {
    pub folder: CheckpointFolder,
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
}

impl Checkpoints for StageCheckpoints<'_> {
    fn every_hours(&self) -> u32 {
        self.every_hours
    }

    fn run(&self) -> &str {
        &self.run
    }

    fn generations(&self) -> usize {
        let listed = self.folder.list().inspect_err(|e| self.refused(&e.to_string()));
        listed.map_or(0, |l| l.len())
    }

    fn read(&self, generation: usize) -> std::result::Result<Vec<u8>, String> {
        self.folder.read(generation).map_err(|e| e.to_string())
    }

    fn keep(&self, hour: u32, bytes: &[u8]) {
        if let Err(e) = self.folder.keep(hour, bytes) {
            self.refused(&e.to_string());
        }
    }

    fn resumed(&self, hour: u32) {
        (self.progress)(Event::Resumed { stage: self.stage, hour });
    }

    fn refused(&self, reason: &str) {
        (self.progress)(Event::Checkpoint { stage: self.stage, reason });
    }
}
