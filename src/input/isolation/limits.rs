//! What a child may use at most.

use std::process::Child;
use std::time::Duration;

/// Limits of one child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory that it may write to [bytes]; its address space may be [`MAPPED_BYTES`] larger.
    pub memory_bytes: u64,
    /// Processor time [s].
    pub processor_s: u64,
    /// Time on the clock, so that a child that sleeps ends too.
    pub wall: Duration,
}

/// Address space for the program itself, its libraries and the stacks of its threads [bytes].
const MAPPED_BYTES: u64 = 2 << 30;
/// Memory for any file, and for each byte of it: fields are packed in a file, and one of them is held in double precision.
const MEMORY_BYTES: u64 = 2 << 30;
const MEMORY_PER_BYTE: u64 = 8;
/// Processor time for any file [s], and bytes of it that are read in a second by the slowest packing on an old machine.
const PROCESSOR_S: u64 = 60;
const BYTES_PER_S: u64 = 4_000_000;

impl Limits {
    /// For a file of `length` bytes: 2 GiB and eight times its length, a minute and a second for every 4 MB, twice that on the clock.
    pub fn for_length(length: u64) -> Self {
        let processor_s = PROCESSOR_S + length / BYTES_PER_S;
        Self {
            memory_bytes: MEMORY_BYTES.saturating_add(length.saturating_mul(MEMORY_PER_BYTE)),
            processor_s,
            wall: Duration::from_secs(2 * processor_s),
        }
    }

    /// Most bytes that a child may hand over: half its memory, as the parent holds the bytes and what is made of them.
    pub fn answer_bytes(&self) -> u64 {
        self.memory_bytes / 2
    }

    /// Sets the limits of a running child: memory, processor time, no byte into any file, no core dump. Where this process itself may use
    /// less, a child may use as little.
    ///
    /// # Errors
    /// As the operating system.
    #[cfg(target_os = "linux")]
    pub(super) fn impose(self, child: &Child) -> std::io::Result<()> {
        use rustix::process::{Pid, Resource, getrlimit, prlimit};
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let id = id.ok_or_else(|| std::io::Error::other("a child without a process id"))?;
        let set = |resource, soft, hard| {
            match prlimit(Some(id), resource, within(getrlimit(resource).maximum, soft, hard)) {
                Ok(_) => Ok(()),
                // it has ended already: its status says why
                Err(e) if e == rustix::io::Errno::SRCH => Ok(()),
                Err(e) => Err(std::io::Error::from(e)),
            }
        };
        let mapped = self.memory_bytes.saturating_add(MAPPED_BYTES);
        set(Resource::Data, self.memory_bytes, self.memory_bytes)?;
        set(Resource::As, mapped, mapped)?;
        // the first limit names itself by its signal, the second kills
        set(Resource::Cpu, self.processor_s, self.processor_s + 1)?;
        set(Resource::Fsize, 0, 0)?;
        set(Resource::Core, 0, 0)
    }

    /// Elsewhere only the clock limits a child.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn impose(self, _child: &Child) -> std::io::Result<()> {
        Ok(())
    }
}

/// A limit that no hard limit set before, `largest`, forbids: that cannot be raised.
#[cfg(target_os = "linux")]
fn within(largest: Option<u64>, soft: u64, hard: u64) -> rustix::process::Rlimit {
    let least = |own: u64| Some(largest.map_or(own, |largest| own.min(largest)));
    rustix::process::Rlimit { current: least(soft), maximum: least(hard) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_hard_limit_set_before_is_not_raised() {
        let limits = |largest, soft, hard| {
            let limit = within(largest, soft, hard);
            (limit.current, limit.maximum)
        };
        assert_eq!(limits(None, 60, 61), (Some(60), Some(61)));
        assert_eq!(limits(Some(100), 60, 61), (Some(60), Some(61)));
        assert_eq!(limits(Some(60), 60, 61), (Some(60), Some(60)));
        assert_eq!(limits(Some(10), 60, 61), (Some(10), Some(10)));
    }
}
