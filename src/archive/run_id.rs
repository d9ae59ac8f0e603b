//! The identity of a run, and the only thing paths of runs are made of.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A run: the cycle as `YYYYMMDDHH`.
///
/// **Invariant:** ten ASCII digits. **Why:** folder names are built from this type only, so no request can name another path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// A text that is not a run id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run id: ten digits YYYYMMDDHH, for example 2026011512")]
pub struct NotARunId(pub String);

impl RunId {
    /// The run of a cycle.
    pub fn of(cycle: DateTime<Utc>) -> Self {
        Self(crate::calendar::run_id(cycle))
    }

    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, NotARunId> {
        if text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        // escaped and cut, so that an error text is safe to print whatever was sent
        Err(NotARunId(text.chars().take(40).flat_map(char::escape_default).collect()))
    }
}

impl TryFrom<String> for RunId {
    type Error = NotARunId;

    fn try_from(text: String) -> Result<Self, NotARunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
