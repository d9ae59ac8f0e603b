//! What the child gives up before it touches the file: everything but reading that file and the libraries of the system.

use std::path::Path;

/// Folders with the filters that the NetCDF and HDF5 libraries may load.
const LIBRARIES: [&str; 5] = ["/usr", "/lib", "/lib64", "/opt", "/etc/ld.so.cache"];
/// The folder that the HDF5 library looks for filters in.
const PLUGIN_VARIABLE: &str = "HDF5_PLUGIN_PATH";

/// Leaves this process and its threads only the reading of `file` and of the system's libraries: no other file, no writing, no network, no signal
/// to others, as far as the kernel has Landlock; and ends it with its parent.
///
/// # Errors
/// The reason why a kernel with Landlock did not take the rules.
#[cfg(target_os = "linux")]
pub fn confine(file: &Path) -> Result<(), String> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetError, Scope, path_beneath_rules,
    };
    let with_parent = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    with_parent.map_err(|e| e.to_string())?;
    let abi = ABI::V6;
    let look: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let plugins = std::env::var_os(PLUGIN_VARIABLE);
    let plugins = plugins.iter().flat_map(std::env::split_paths);
    let readable = plugins.chain(LIBRARIES.iter().map(Into::into)).chain([file.to_path_buf()]);
    let restrict = || -> Result<(), RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(readable, look))?
            .restrict_self()?;
        Ok(())
    };
    restrict().map_err(|e| e.to_string())
}

/// Elsewhere the child keeps what it may do.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn confine(_file: &Path) -> Result<(), String> {
    Ok(())
}
