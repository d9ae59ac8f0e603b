//! Inputs by HTTPS, and folders in the layout of those who publish them.
//!
//! ```text
//!   slots (times, and the files that may give each) -> mirror_folder (what lies there) -> the night
//!                                                   -> errand -> step_file: index -> fields -> client (ranges) -> message (proof) -> partial -> its name
//! ```
//!
//! Nothing is fetched unless the configuration names the hosts. What comes is believed only as far as its bytes prove it: see [`message`].

pub mod address;
pub mod answer;
pub mod back_off;
pub mod client;
pub mod errand;
pub mod fields;
pub mod index;
pub mod layout;
pub mod manifest;
pub mod message;
pub mod mirror_folder;
pub mod partial;
mod plain_file;
pub mod resolver;
pub mod slots;
pub mod step_file;
pub mod trouble;
pub mod whole_file;
