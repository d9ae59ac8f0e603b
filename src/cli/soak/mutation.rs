//! How files get damaged: on disks, in transfers, by programs that stop half-way, by hand.

use rand_distr::Distribution;
use rand_distr::StandardUniform;
use rand_pcg::Pcg64;

/// Numbers in which the damage of one file is chosen: the same from the same seed and number on any machine.
pub struct Choice(Pcg64);

/// Most of a file's damage lies here, where lengths, names and offsets stand [bytes].
const HEAD: usize = 4096;
/// Longest part that is zeroed, moved or repeated, as a share of the file.
const LARGEST_PART: usize = 4;

/// Words that take the place of a number in a text.
const WORDS: [&str; 14] = [
    "1e999",
    "-1e999",
    "nan",
    "-0",
    "1e-320",
    "18446744073709551616",
    "-9223372036854775808",
    "99999999999999999999999999",
    "",
    "0x10",
    "2026-02-30",
    "\u{fffd}",
    "\"",
    "\u{5ef6}\u{5409}",
];
/// Characters that structure texts.
const STRUCTURE: [&str; 12] = ["\"", ",", "\n", "\r", "\t", ";", "{", "}", "[", "]", "=", "\u{feff}"];

impl Choice {
    /// For file `number` of a run with `seed`.
    pub fn new(seed: u64, number: u64) -> Self {
        Self(Pcg64::new(u128::from(seed), u128::from(number)))
    }

    /// 0 .. `n`; 0 for none.
    pub fn below(&mut self, n: usize) -> usize {
        let drawn: u64 = StandardUniform.sample(&mut self.0);
        ((u128::from(drawn) * n as u128) >> 64) as usize
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// A place in a file, in half of all cases near its begin.
    fn place(&mut self, length: usize) -> usize {
        let within = if self.below(2) == 0 { length.min(HEAD) } else { length };
        self.below(within)
    }

    /// A part of a file: where it begins and ends.
    fn part(&mut self, length: usize) -> (usize, usize) {
        let start = self.place(length);
        // short parts as often as long ones
        let most = (length / LARGEST_PART).max(1);
        let halvings = self.below(most.ilog2() as usize + 1);
        let size = 1 + self.below(most >> halvings);
        (start, (start + size).min(length))
    }
}

/// Damages `bytes` in one to four ways.
pub fn damage(bytes: &mut Vec<u8>, choice: &mut Choice) {
    let text = std::str::from_utf8(&bytes[..bytes.len().min(512)]).is_ok() || bytes.starts_with(b"\xef\xbb\xbf");
    for _ in 0..=choice.below(4) {
        if bytes.is_empty() {
            return;
        }
        match choice.below(if text { 14 } else { 11 }) {
            0 => flip_bits(bytes, choice),
            1 => bytes.truncate(choice.below(bytes.len())),
            2 => {
                let (start, end) = choice.part(bytes.len());
                bytes[start..end].fill(*choice.of(&[0, 0, 0xff, b' ']));
            }
            3 => swap_parts(bytes, choice),
            4 | 5 => extreme_number(bytes, choice),
            6 => {
                let at = choice.place(bytes.len());
                let count = 1 + choice.below(64);
                bytes.splice(at..at, std::iter::repeat_n(0, count));
            }
            7 => {
                let (start, end) = choice.part(bytes.len());
                let part = bytes[start..end].to_vec();
                let at = choice.place(bytes.len());
                bytes.splice(at..at, part);
            }
            8 => {
                let (start, end) = choice.part(bytes.len());
                bytes.drain(start..end);
            }
            9 => {
                let at = choice.place(bytes.len());
                bytes[at] = *choice.of(&[0, 1, 0x7f, 0x80, 0xff]);
            }
            10 => noise(bytes, choice),
            11 => replace_number(bytes, choice),
            12 => {
                let at = choice.place(bytes.len());
                let inserted = choice.of(&STRUCTURE).repeat(if choice.below(8) == 0 { 20_000 } else { 1 });
                bytes.splice(at..at, inserted.bytes());
            }
            _ => move_line(bytes, choice),
        }
    }
}

fn flip_bits(bytes: &mut [u8], choice: &mut Choice) {
    for _ in 0..=choice.below(16) {
        let at = choice.place(bytes.len());
        bytes[at] ^= 1 << choice.below(8);
    }
}

fn noise(bytes: &mut [u8], choice: &mut Choice) {
    let (start, end) = choice.part(bytes.len());
    for byte in &mut bytes[start..end.min(start + HEAD)] {
        *byte = choice.below(256) as u8;
    }
}

/// Exchanges two parts of the same length.
fn swap_parts(bytes: &mut [u8], choice: &mut Choice) {
    let (start, end) = choice.part(bytes.len());
    let size = end - start;
    let other = choice.below(bytes.len() - size + 1);
    for i in 0..size {
        bytes.swap(start + i, other + i);
    }
}

/// A length, count or offset with the value that hurts most, in either byte order and at any of the usual widths.
fn extreme_number(bytes: &mut [u8], choice: &mut Choice) {
    let width = *choice.of(&[1usize, 2, 4, 4, 8]);
    let length = bytes.len() as u64;
    let values = [
        0,
        1,
        u64::MAX,
        u64::MAX >> 1,
        1 << 31,
        (1 << 31) - 1,
        0xffff_ffff,
        1 << 40,
        length,
        length - 1,
        length + 1,
        1 << 16,
    ];
    let number = *choice.of(&values);
    let at = choice.place(bytes.len());
    let at = at - at % width.min(4);
    let big_endian = choice.below(2) == 0;
    for i in 0..width {
        let shift = 8 * if big_endian { width - 1 - i } else { i };
        if let Some(byte) = bytes.get_mut(at + i) {
            *byte = (number >> shift) as u8;
        }
    }
}

/// One number of a text, replaced by something that is none or a strange one.
fn replace_number(bytes: &mut Vec<u8>, choice: &mut Choice) {
    let from = choice.place(bytes.len());
    let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit).map(|i| from + i) else { return };
    let end = bytes[start..].iter().position(|b| !b.is_ascii_digit() && *b != b'.').map_or(bytes.len(), |i| start + i);
    bytes.splice(start..end, choice.of(&WORDS).bytes());
}

/// One line to another place, or a second time.
fn move_line(bytes: &mut Vec<u8>, choice: &mut Choice) {
    let from = choice.place(bytes.len());
    let line_end = |at: usize| bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |i| at + i + 1);
    let (start, to) = (line_end(from), line_end(choice.below(bytes.len())));
    let end = if start < bytes.len() { line_end(start) } else { start };
    let line = bytes[start..end].to_vec();
    bytes.splice(to..to, line);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same seed and number give the same bytes, others give others; nearly every file changes, and none grows without bounds.
    #[test]
    fn damage_is_repeatable_and_bounded() {
        let text: Vec<u8> = (0..200).flat_map(|i| format!("{i},{},name {i}\n", i * 7).into_bytes()).collect();
        let binary: Vec<u8> = (0..10_000u32).flat_map(u32::to_be_bytes).collect();
        for original in [text, binary, vec![0x89]] {
            let damaged = |seed, number| {
                let mut bytes = original.clone();
                damage(&mut bytes, &mut Choice::new(seed, number));
                bytes
            };
            let all: Vec<Vec<u8>> = (0..500).map(|n| damaged(1, n)).collect();
            assert_eq!(all, (0..500).map(|n| damaged(1, n)).collect::<Vec<_>>());
            assert_ne!(all, (0..500).map(|n| damaged(2, n)).collect::<Vec<_>>());
            let changed = all.iter().filter(|b| **b != original).count();
            assert!(changed > 400, "{changed}");
            assert!(all.iter().all(|b| b.len() < 4 * original.len() + 200_000));
        }
        let mut nothing = Vec::new();
        damage(&mut nothing, &mut Choice::new(1, 1));
        assert!(nothing.is_empty());
    }

    #[test]
    fn choices_are_even() {
        let mut choice = Choice::new(7, 0);
        let mut counts = [0; 10];
        for _ in 0..100_000 {
            counts[choice.below(10)] += 1;
        }
        assert!(counts.iter().all(|c| (9_500..10_500).contains(c)), "{counts:?}");
        assert_eq!(choice.below(0), 0);
    }
}
