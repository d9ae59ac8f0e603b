//! What the child gives up before it touches the file: everything but reading that file and the libraries of the system.

use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::OnceLock;

/// Folders with the filters that the NetCDF and HDF5 libraries may load.
const LIBRARIES: [&str; 5] = ["/usr", "/lib", "/lib64", "/opt", "/etc/ld.so.cache"];
/// The folder that the HDF5 library looks for filters in.
const PLUGIN_VARIABLE: &str = "HDF5_PLUGIN_PATH";

/// How far the kernel keeps a child to its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// Its file, no other, no network, no signal to others.
    Full,
    /// Its file and no other; an older Landlock leaves some of the rest.
    Partial,
    /// No Landlock: it may do what its user may.
    None,
}

impl Confinement {
    /// In Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Full => ("读取进程只能读其文件", "reading processes are kept to their file"),
            Self::Partial => (
                "读取进程只能读其文件，内核较旧，其他限制不全",
                "reading processes are kept to their file; this kernel is too old for the other bounds",
            ),
            Self::None => (
                "读取进程未受限制：内核没有 Landlock",
                "reading processes are not kept to their file: this kernel has no Landlock",
            ),
        }
    }
}

/// That of this process.
static OWN: OnceLock<Confinement> = OnceLock::new();

/// How far this process is confined.
pub fn own() -> Confinement {
    OWN.get().copied().unwrap_or(Confinement::None)
}

/// Leaves this process and its threads only the reading of `file` and of the system's libraries: no other file, no writing, no network, no signal
/// to others, as far as the kernel has Landlock.
///
/// # Errors
/// The reason why a kernel with Landlock did not take the rules.
#[cfg(target_os = "linux")]
pub fn confine(file: &Path) -> Result<Confinement, String> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetError, RulesetStatus, Scope, path_beneath_rules,
    };
    let abi = ABI::V6;
    let look: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let plugins = std::env::var_os(PLUGIN_VARIABLE);
    let plugins = plugins.iter().flat_map(std::env::split_paths);
    let readable = plugins.chain(LIBRARIES.iter().map(Into::into)).chain([file.to_path_buf()]);
    let restrict = || -> Result<RulesetStatus, RulesetError> {
        let rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(readable, look))?;
        Ok(rules.restrict_self()?.ruleset)
    };
    let confinement = match restrict().map_err(|e| e.to_string())? {
        RulesetStatus::FullyEnforced => Confinement::Full,
        RulesetStatus::PartiallyEnforced => Confinement::Partial,
        RulesetStatus::NotEnforced => Confinement::None,
    };
    Ok(*OWN.get_or_init(|| confinement))
}

/// Elsewhere the child keeps what it may do.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn confine(_file: &Path) -> Result<Confinement, String> {
    Ok(own())
}

/// Ends this process with its parent, whose number is `parent`.
///
/// # Errors
/// The reason, one of which is that the parent has ended already.
#[cfg(target_os = "linux")]
pub fn end_with(parent: u32) -> Result<(), String> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
    // who ended before that tells nobody
    match getppid().map(|p| p.as_raw_pid()) {
        Some(now) if i64::from(now) == i64::from(parent) => Ok(()),
        _ => Err("the process that asked has ended".into()),
    }
}

/// Elsewhere the child ends when it has read.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn end_with(_parent: u32) -> Result<(), String> {
    Ok(())
}
