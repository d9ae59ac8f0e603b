//! Whether the files that were read are those that were hashed.
//!
//! A file is hashed first and read afterwards, in a process of its own at that: a transfer that replaces it in between would leave a record
//! with the hash of another file. Its identity, length and times are noted before it is hashed and compared after everything is read; the
//! time of its last change is the kernel's, so that no program can set it back. Where one of them differs the file is hashed again: a name,
//! owner or permission that was touched changes no content.

use crate::archive::durable::sha256_file;
use crate::error::{Error, Result};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What changes when a file is replaced, written, renamed or touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    device_and_inode: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// `None` where there is no file to look at.
    pub fn of(path: &Path) -> Option<Self> {
        let m = std::fs::metadata(path).ok()?;
        Some(Self {
            device_and_inode: (m.dev(), m.ino()),
            length: m.len(),
            modified: (m.mtime(), m.mtime_nsec()),
            changed: (m.ctime(), m.ctime_nsec()),
        })
    }
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    stamp: Option<Stamp>,
    sha256: String,
    required: bool,
}

impl Watched {
    fn is_changed(&self) -> bool {
        // one that cannot be hashed any more is another
        Stamp::of(&self.path) != self.stamp && sha256_file(&self.path).map_or(true, |(_, now)| now != self.sha256)
    }
}

/// The files of a night.
#[derive(Debug, Default)]
pub(super) struct Watch {
    files: Vec<Watched>,
}

impl Watch {
    /// Notes a file by its stamp before it was hashed and its hash, and whether the night cannot do without it.
    pub fn note(&mut self, path: &Path, stamp: Option<Stamp>, sha256: String, required: bool) {
        self.files.push(Watched { path: path.to_path_buf(), stamp, sha256, required });
    }

    /// The optional ones that are not what they were.
    ///
    /// # Errors
    /// `Format` for a required one.
    pub fn changed(&self) -> Result<Vec<&Path>> {
        let changed = self.files.iter().filter(|f| f.is_changed());
        let (required, optional): (Vec<_>, Vec<_>) = changed.partition(|f| f.required);
        match required.first() {
            None => Ok(optional.into_iter().map(|f| f.path.as_path()).collect()),
            Some(file) => Err(Error::format(
                &file.path,
                "the file",
                "a change of it while the night was reading",
                "a file that stays as it was hashed",
                "Start the night again when the file has arrived",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_way_to_change_a_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wrfout");
        let other = folder.path().join("other");
        let times = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
        let changed_by = |change: &dyn Fn()| {
            fs::write(&path, b"one").unwrap();
            fs::write(&other, b"two").unwrap();
            for p in [&path, &other] {
                fs::File::options().write(true).open(p).unwrap().set_times(times).unwrap();
            }
            let (stamp, sha256) = (Stamp::of(&path), sha256_file(&path).unwrap().1);
            let mut watch = Watch::default();
            watch.note(&path, stamp.clone(), sha256.clone(), false);
            let mut strict = Watch::default();
            strict.note(&path, stamp, sha256, true);
            // the kernel's clock of changes goes in steps
            std::thread::sleep(std::time::Duration::from_millis(20));
            change();
            let changed = watch.changed().unwrap().len() == 1;
            assert_eq!(strict.changed().is_err(), changed);
            changed
        };
        assert!(!changed_by(&|| {
            fs::read(&path).unwrap();
        }));
        assert!(changed_by(&|| fs::write(&path, b"longer").unwrap()));
        assert!(changed_by(&|| {
            // the same length, and the time of writing set back
            fs::write(&path, b"eno").unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
        }));
        assert!(changed_by(&|| fs::rename(&other, &path).unwrap()));
        assert!(changed_by(&|| fs::remove_file(&path).unwrap()));
        // touched, but the same inside: permissions, another name, the same bytes once more
        assert!(!changed_by(&|| {
            let mut permissions = fs::metadata(&path).unwrap().permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&path, permissions.clone()).unwrap();
            fs::remove_file(&other).unwrap();
            fs::hard_link(&path, &other).unwrap();
            fs::remove_file(&other).unwrap();
            std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
            fs::set_permissions(&path, permissions).unwrap();
        }));
        assert!(!changed_by(&|| {
            fs::rename(&path, folder.path().join("aside")).unwrap();
            fs::rename(folder.path().join("aside"), &path).unwrap();
        }));
        assert!(!changed_by(&|| fs::write(&path, b"one").unwrap()));
    }
}
