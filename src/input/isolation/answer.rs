//! What a child hands over: a mark, parts with their lengths, an empty part, and the SHA-256 of all parts.
//!
//! A child that dies in the midst leaves an answer without its end; anything else that gets into the pipe breaks the hash.

use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Read, Write};

const MARK: [u8; 8] = *b"hazeread";
/// Most bytes of one part.
const PART: usize = 1 << 20;

/// Why an answer is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was written.
    None,
    /// It ends before its end.
    Short,
    /// It does not begin as an answer.
    Foreign,
    /// It is longer than an answer may be.
    Long,
    /// Its hash is another one.
    Damaged,
    /// It is whole, but not what was asked for.
    Unreadable,
}

impl Fault {
    /// Whether the child has closed its output.
    pub(super) fn is_end(self) -> bool {
        matches!(self, Self::None | Self::Short)
    }
}

/// Takes the bytes of an answer and writes them in parts; [`Sender::finish`] makes it whole.
pub struct Sender<W: Write> {
    to: W,
    part: Vec<u8>,
    hash: Sha256,
}

impl<W: Write> Sender<W> {
    /// Begins an answer.
    ///
    /// # Errors
    /// As the writer.
    pub fn new(mut to: W) -> std::io::Result<Self> {
        to.write_all(&MARK)?;
        Ok(Self { to, part: Vec::with_capacity(PART), hash: Sha256::new() })
    }

    fn send(&mut self) -> std::io::Result<()> {
        self.hash.update(&self.part);
        self.to.write_all(&(self.part.len() as u32).to_le_bytes())?;
        self.to.write_all(&self.part)?;
        self.part.clear();
        Ok(())
    }

    /// Ends the answer.
    ///
    /// # Errors
    /// As the writer.
    pub fn finish(mut self) -> std::io::Result<()> {
        if !self.part.is_empty() {
            self.send()?;
        }
        self.send()?;
        let hash = self.hash.finalize();
        self.to.write_all(&hash)?;
        self.to.flush()
    }
}

impl<W: Write> Write for Sender<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Reads an answer of at most `most` bytes to its end and the end of the pipe.
///
/// # Errors
/// What is wrong with it.
pub fn receive(mut from: impl Read, most: u64) -> Result<Vec<u8>, Fault> {
    let mut mark = Vec::with_capacity(MARK.len());
    let read = (&mut from).take(MARK.len() as u64).read_to_end(&mut mark);
    if !MARK.starts_with(&mark) {
        return Err(Fault::Foreign);
    }
    match read {
        Ok(0) | Err(_) => return Err(Fault::None),
        Ok(_) if mark.len() < MARK.len() => return Err(Fault::Short),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let mut hash = Sha256::new();
    loop {
        let mut length = [0; 4];
        exactly(&mut from, &mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 {
            break;
        }
        if length > PART {
            return Err(Fault::Damaged);
        }
        let start = bytes.len();
        if (start + length) as u64 > most {
            return Err(Fault::Long);
        }
        bytes.resize(start + length, 0);
        exactly(&mut from, &mut bytes[start..])?;
        hash.update(&bytes[start..]);
    }
    let mut told = [0; 32];
    exactly(&mut from, &mut told)?;
    // nothing may follow
    let more = from.read(&mut [0; 1]).map_err(|_| Fault::Short)?;
    if hash.finalize()[..] != told || more > 0 { Err(Fault::Damaged) } else { Ok(bytes) }
}

fn exactly(from: &mut impl Read, bytes: &mut [u8]) -> Result<(), Fault> {
    from.read_exact(bytes).map_err(|e| if e.kind() == ErrorKind::UnexpectedEof { Fault::Short } else { Fault::Damaged })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(bytes: &[u8]) -> Vec<u8> {
        let mut pipe = Vec::new();
        let mut sender = Sender::new(&mut pipe).unwrap();
        sender.write_all(bytes).unwrap();
        sender.finish().unwrap();
        pipe
    }

    #[test]
    fn what_is_sent_is_received() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART + 7] {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
            assert_eq!(receive(&sent(&bytes)[..], 1 << 30).unwrap(), bytes);
        }
    }

    /// Cut at every byte, with every bit of every byte turned, lengthened: never an answer.
    #[test]
    fn a_broken_answer_is_none() {
        let whole = sent(b"twelve bytes");
        for cut in 0..whole.len() {
            let fault = receive(&whole[..cut], 1 << 20).unwrap_err();
            assert_eq!(fault, if cut == 0 { Fault::None } else { Fault::Short }, "{cut}");
        }
        for bit in 0..8 * whole.len() {
            let mut turned = whole.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert!(receive(&turned[..], 1 << 20).is_err(), "bit {bit}");
        }
        let longer = [&whole[..], b"!"].concat();
        assert_eq!(receive(&longer[..], 1 << 20), Err(Fault::Damaged));
        assert_eq!(receive(&whole[..], 11), Err(Fault::Long));
        assert_eq!(receive(&b"netcdf-readable\n"[..], 100), Err(Fault::Foreign));
        // what is torn is not looked at
        assert!(Fault::Short.is_end() && Fault::None.is_end() && !Fault::Foreign.is_end());
    }
}
