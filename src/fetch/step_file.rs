//! One step of a run: the messages that the model needs, by byte ranges from the index.

use super::answer::Range;
use super::client::{Address, Client};
use super::fields::select;
use super::index::{self, Entry};
use super::layout::Step;
use super::message::{self, prove};
use super::partial::{Failure, Note, Partial, Published};
use super::trouble::{Kind, Trouble};
use super::whole_file;
use crate::archive::durable::sha256;
use crate::config::mirror::Provider;
use std::io::Read;
use std::path::Path;

/// Largest index [bytes].
const LARGEST_INDEX: u64 = 16_000_000;
/// Neighbouring messages are asked for at once up to this size [bytes]; what is lost when a connection breaks.
const LARGEST_RANGE: u64 = 8_000_000;

/// What is fetched.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub provider: Provider,
    /// Where the provider's layout begins, without a `/` at its end.
    pub base: &'a str,
    pub step: Step,
    pub lowest_pa: u32,
    /// Whether the whole file may stand in for ranges.
    pub whole: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub published: Published,
    /// Bytes that an earlier try had left.
    pub resumed: u64,
    /// Whether it is the whole file.
    pub whole: bool,
    /// Why ranges were of no use, where the whole file was fetched.
    pub instead: Option<Trouble>,
}

impl Wanted<'_> {
    /// Address of the file.
    pub fn address(&self) -> Address {
        Address::open(format!("{}/{}", self.base, self.step.path(self.provider)))
    }

    fn index_address(&self) -> Address {
        Address::open(format!("{}/{}", self.base, self.step.index_path(self.provider)))
    }
}

/// Fetches a step to `target`. An index that does not fit is asked for once more: server and mirror may just have been between two versions.
///
/// # Errors
/// [`Failure::Of`] with the reason; nothing is published then.
pub fn fetch(client: &Client, wanted: &Wanted, target: &Path) -> Result<Fetched, Failure> {
    let again = |kind: Kind| matches!(kind, Kind::Stale | Kind::Damaged);
    let result = match by_ranges(client, wanted, target) {
        Err(Failure::Of(trouble)) if again(trouble.kind) => by_ranges(client, wanted, target),
        other => other,
    };
    match result {
        Err(Failure::Of(trouble)) if wanted.whole && (again(trouble.kind) || trouble.kind == Kind::NoRanges) => {
            let (published, resumed) = whole_file::fetch(client, &wanted.address(), target, &|file, size| {
                message::walk(file, size, wanted.provider, wanted.step).map(|checked| checked.map(|_| ()))
            })?;
            Ok(Fetched { published, resumed, whole: true, instead: Some(trouble) })
        }
        other => other,
    }
}

fn by_ranges(client: &Client, wanted: &Wanted, target: &Path) -> Result<Fetched, Failure> {
    let text = client.small(&wanted.index_address(), LARGEST_INDEX)?;
    let entries = index::read(wanted.provider, &text)?;
    let step = wanted.step;
    if let Some(other) = entries.iter().flat_map(|e| &e.fields).find(|f| f.run != step.run) {
        let run = other.run.format("%Y-%m-%dT%HZ");
        let (zh, en) = (format!("索引属于另一次起报{run}"), format!("the index is that of another run, {run}"));
        return Err(Trouble::new(Kind::Stale, zh, en).into());
    }
    let chosen = select(wanted.provider, &entries, step.hour, wanted.lowest_pa)?;
    let bytes: u64 = chosen.iter().filter_map(|e| e.length).fold(0, u64::saturating_add);
    if bytes > client.largest() {
        return Err(super::client::too_large(&wanted.address(), client.largest()).into());
    }
    let hash = sha256(&text);
    let mut part = Partial::open(target, |note| note.index_sha256.as_ref() == Some(&hash))?;
    let kept = proven(&mut part, wanted, &chosen)?;
    let resumed = part.length;
    for group in groups(&chosen[kept..]) {
        let taken = take(client, wanted, group, &mut part, &hash);
        if let Err(Failure::Of(trouble)) = &taken
            && matches!(trouble.kind, Kind::Stale | Kind::Damaged | Kind::TooLarge)
        {
            part.discard()?;
            return Err(Failure::Of(trouble.clone()));
        }
        taken?;
    }
    Ok(Fetched { published: part.publish()?, resumed, whole: false, instead: None })
}

/// How many of the chosen messages the part holds; what is behind them is cut off.
fn proven(part: &mut Partial, wanted: &Wanted, chosen: &[&Entry]) -> Result<usize, Failure> {
    let (mut at, mut kept, size) = (0, 0, part.length);
    let file = part.rewound()?;
    for entry in chosen {
        // an entry without a length is the last of the file: it is fetched again
        let Some(length) = entry.length.filter(|n| *n <= size - at) else { break };
        let mut bytes = Vec::new();
        if file.take(length).read_to_end(&mut bytes).is_err()
            || prove(wanted.provider, entry, &bytes, wanted.step).is_err()
        {
            break;
        }
        at += length;
        kept += 1;
    }
    part.cut(at)?;
    Ok(kept)
}

/// Runs of messages without gaps between them.
fn groups<'e, 'a>(chosen: &'a [&'e Entry]) -> Vec<&'a [&'e Entry]> {
    let mut groups = Vec::new();
    let (mut first, mut size) = (0, 0_u64);
    for i in 0..chosen.len() {
        let length = chosen[i].length.unwrap_or(0);
        let joined = i > first
            && chosen[i - 1].length.is_some_and(|n| chosen[i - 1].offset + n == chosen[i].offset)
            && chosen[i].length.is_some()
            && size.saturating_add(length) <= LARGEST_RANGE;
        if !joined && i > first {
            groups.push(&chosen[first..i]);
            (first, size) = (i, 0);
        }
        size = size.saturating_add(length);
    }
    if first < chosen.len() {
        groups.push(&chosen[first..]);
    }
    groups
}

/// Fetches the messages of a group, proves each, and keeps them.
fn take(client: &Client, wanted: &Wanted, group: &[&Entry], part: &mut Partial, hash: &str) -> Result<(), Failure> {
    let (first, end) = (group[0].offset, &group[group.len() - 1]);
    let last = end.length.map(|n| end.offset.saturating_add(n).saturating_sub(1));
    let (bytes, version) = client.range(&wanted.address(), Range { first, last })?;
    if !part.note.version.agrees(&version) {
        let (zh, en) = ("服务器上的文件在下载期间被替换", "the file on the server was replaced while it was fetched");
        return Err(Trouble::new(Kind::Stale, zh, en).into());
    }
    let mut rest = &bytes[..];
    for entry in group {
        let length = entry.length.map_or(rest.len(), |n| rest.len().min(usize::try_from(n).unwrap_or(usize::MAX)));
        let (message, behind) = rest.split_at(length);
        prove(wanted.provider, entry, message, wanted.step)?;
        rest = behind;
    }
    part.tell(Note { index_sha256: Some(hash.to_owned()), version })?;
    Ok(part.append(&bytes)?)
}
