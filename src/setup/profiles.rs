//! Tables of temporal profiles in place of those of `models/emission.toml`.

use crate::archive::durable::sha256_file;
use crate::config::expand;
use crate::consultation::InputFile;
use crate::error::{Error, Result};
use crate::input::inventory_vocabulary::{Role, Vocabulary};
use crate::input::profile_csv;
use crate::simulation::emission::EmissionModel;
use std::collections::BTreeMap;

/// The model with the profiles of the tables that `patterns` name, which are added to `files`. The first word of a row is a sector of this
/// program or a code of `models/inventory.toml`; what a table does not name stays as it is.
///
/// # Errors
/// `Missing` or `Format` for a table that is absent or refused, naming the row: no profile, no sector, a sector twice.
pub(super) fn replaced(
    mut model: EmissionModel,
    patterns: &[String],
    words: &Vocabulary,
    files: &mut Vec<InputFile>,
) -> Result<EmissionModel> {
    let mut seen = BTreeMap::new();
    for path in expand(patterns)? {
        let (bytes, sha256) = sha256_file(&path)?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        files.push(InputFile { role: "profiles".into(), name, bytes, sha256 });
        let refuse = |place: &str, found: String, expected: &str, remedy: &str| {
            Error::format(&path, place, found, expected, remedy)
        };
        let table = profile_csv::read(&path)?;
        if let Some(r) = table.rejections.first() {
            return Err(refuse(&r.place, r.found.clone(), &r.expected, "Correct the row or take it out"));
        }
        for profile in table.items {
            let code = profile.name.split_whitespace().next().unwrap_or_default();
            let Some(Role::Part(sector)) = words.role(code).cloned() else {
                let expected = "a sector, or a code of models/inventory.toml, as the first word";
                return Err(refuse(&profile.name, format!("`{code}`"), expected, "Take the row out or rename it"));
            };
            if let Some(first) = seen.insert((sector, profile.kind), profile.name.clone()) {
                let found = format!("a second profile of {}, after `{first}`", sector.name());
                return Err(refuse(&profile.name, found, "one profile of a sector", "Keep the row that fits here"));
            }
            model = model
                .with_profile(sector, profile.kind, &profile.factors)
                .map_err(|d| refuse(&profile.name, d.found, &d.expected, "Correct the row or take it out"))?;
        }
    }
    Ok(model)
}
