//! The register of the night: read, and held against tonight's inventory.

use super::inputs::{NightInputs, file_name};
use crate::domain::register::{Grade, RegisterEntry};
use crate::error::{Error, Rejection, Result};
use crate::input::register_table;
use crate::reduction::register_check::{Severity, check};
use crate::setup::Setup;

impl NightInputs {
    /// Reads the register, if one is configured. Entries of sources that it contradicts are left out: such a source counts as one entry,
    /// as without a register, and the night says so.
    pub(super) fn read_register(&mut self, setup: &Setup) -> Result<()> {
        let instead = "each source of the inventory counts as one entry of the list";
        let files = self.take_optional("register", setup.config.inputs.register.as_slice(), instead)?;
        let path = match &files[..] {
            [] => return Ok(()),
            [path] => path,
            several => {
                let found = format!("{} files", several.len());
                return Err(Error::invalid("the configuration", "inputs.register", found, "one file"));
            }
        };
        let counties = &setup.region.counties;
        let read = register_table::read(path, counties);
        let mut places = Vec::new();
        let read = read.map(|mut file| {
            places = std::mem::take(&mut file.places);
            file.accepted()
        });
        let Some(entries) = self.accept_optional("register", path, read) else { return Ok(()) };
        let report = check(&entries, &places, &self.sources, counties);
        let errors = report.findings.iter().filter(|f| f.severity == Severity::Error);
        self.rejections.extend(errors.map(|f| Rejection {
            file: file_name(path),
            place: f.place.as_ref().map_or_else(|| f.id.clone(), |p| p.en.clone()),
            found: f.found.en.clone(),
            expected: f.remedy.en.clone(),
            by_design: false,
        }));
        if report.errors() > 0 {
            let left_out: Vec<_> = entries.iter().filter(|e| report.faulty_sources.contains(&e.source)).collect();
            let spared = |e: &&&RegisterEntry| {
                e.protection.is_some() || matches!(e.grade, Some(Grade::A | Grade::B | Grade::Leading))
            };
            let lost = left_out.iter().filter(spared).count();
            if lost > 0 {
                self.degraded.push(format!(
                    "register: {lost} of the entries left out are protected or graded A, B or leading: their sources can be ordered as if they were not"
                ));
            }
            let (errors, left_out) = (report.errors(), left_out.len());
            self.degraded.push(format!("register: {errors} errors against the inventory, {left_out} entries left out"));
        }
        self.register = entries;
        self.register.retain(|e| !report.faulty_sources.contains(&e.source));
        Ok(())
    }
}
