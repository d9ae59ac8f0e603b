//! A whole file, continued where an earlier try stopped when the server still has the same version of it.

use super::answer::{Failed, Range, Version};
use super::client::{Address, Client};
use super::partial::{Failure, Note, Partial, Published};
use super::trouble::{Kind, Trouble};
use crate::error::Error;
use std::fs::File;
use std::io;
use std::path::Path;

/// What the bytes must be: the file at its beginning and its size.
pub type Check<'a> = &'a dyn Fn(&mut File, u64) -> io::Result<Result<(), String>>;

/// Fetches a file to `target`; also tells how many bytes an earlier try had left.
///
/// # Errors
/// [`Failure::Of`] with the reason; what was published before then stays.
pub fn fetch(client: &Client, address: &Address, target: &Path, check: Check) -> Result<(Published, u64), Failure> {
    let mut part = Partial::open(target, |note| note.index_sha256.is_none() && validator(&note.version).is_some())?;
    // whole since an earlier try, so there is no rest to ask for by which a newer version would show
    if part.note.version.total == Some(part.length) {
        part.cut(0)?;
    }
    let resumed = part.length;
    let mut disk = None;
    let fetched = client.again(|| match one_try(client, address, &mut part) {
        Ok(()) => Ok(()),
        Err(Stopped::Asked(failed)) => Err(failed),
        Err(Stopped::Disk(error)) => {
            let trouble = Trouble::new(Kind::Damaged, error.to_string(), error.to_string());
            disk = Some(error);
            Err(Failed::Finally(trouble))
        }
    });
    if let Some(error) = disk {
        return Err(Failure::Disk(error));
    }
    if let Err(trouble) = fetched {
        if trouble.kind == Kind::TooLarge {
            part.discard()?;
        }
        return Err(trouble.into());
    }
    let length = part.length;
    let checked = check(part.rewound()?, length).map_err(|e| Error::io(target, e))?;
    if let Err(found) = checked {
        part.discard()?;
        let (zh, en) = (format!("{}：内容不对：{found}", address.shown), format!("{}: {found}", address.shown));
        return Err(Trouble::new(Kind::Damaged, zh, en).into());
    }
    Ok((part.publish()?, resumed))
}

/// What tells versions of a file apart for certain: a strong entity tag, or else the time of its change.
fn validator(version: &Version) -> Option<&str> {
    version.etag.as_deref().filter(|t| t.starts_with('"')).or(version.modified.as_deref())
}

enum Stopped {
    Disk(Error),
    Asked(Failed),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Disk(error)
    }
}

fn one_try(client: &Client, address: &Address, part: &mut Partial) -> Result<(), Stopped> {
    let known = part.note.version.clone();
    let same = validator(&known).filter(|_| part.length > 0).map(str::to_owned);
    if same.is_none() {
        part.cut(0)?;
    }
    let range = same.as_ref().map(|_| Range { first: part.length, last: None });
    let mut disk = None;
    let mut begun = false;
    let got = client.get(address, range, same.as_deref(), &mut |answer, block| {
        let kept = (|| {
            if !begun {
                begun = true;
                if !answer.partial {
                    part.cut(0)?;
                } else if !known.agrees(&answer.version) {
                    return Ok(false);
                }
                part.tell(Note { index_sha256: None, version: answer.version.clone() })?;
            }
            part.append(block)?;
            Ok(part.length <= client.largest())
        })();
        match kept {
            Ok(true) => Ok(()),
            Ok(false) if part.length > client.largest() => {
                Err(super::client::too_large(address, client.largest()).into())
            }
            Ok(false) => {
                let (zh, en) = ("服务器上的文件已被替换", "the file on the server was replaced");
                Err(Failed::ForNow(Trouble::new(Kind::Stale, zh, en), None))
            }
            Err(error) => {
                disk = Some(error);
                Err(Trouble::new(Kind::Damaged, "磁盘", "disk").into())
            }
        }
    });
    if let Some(error) = disk {
        return Err(Stopped::Disk(error));
    }
    match got {
        Ok(answer) if !begun => {
            // an empty body: an empty file
            part.cut(0)?;
            part.tell(Note { index_sha256: None, version: answer.version })?;
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(Failed::Finally(trouble) | Failed::ForNow(trouble, _))
            if trouble.kind == Kind::Stale && range.is_some() =>
        {
            // what is there is of another version: from the beginning
            part.cut(0)?;
            Err(Stopped::Asked(Failed::ForNow(trouble, None)))
        }
        Err(failed) => Err(Stopped::Asked(failed)),
    }
}
