//! Complex packing with or without spatial differences (GRIB2 data representation templates 5.2 and 5.3), without missing values.
//!
//! **Why beside the `grib` crate:** it unpacks value by value through a chain of iterators at some 50 million a second; a GFS forecast of 120 h has
//! 5 thousand million in the rows up to the window. Both must give the same bits (see the tests).
//!
//! # Reference
//! WMO-No. 306, Manual on Codes, Volume I.2, FM 92 GRIB edition 2, templates 5.2, 5.3, 7.2, 7.3.

/// Widest bit group.
const WIDEST: usize = 31;

/// What a data representation section of template 5.2 or 5.3 says.
struct Packing {
    reference: f32,
    binary_factor: f32,
    decimal_factor: f32,
    reference_bits: usize,
    groups: usize,
    width_reference: usize,
    width_bits: usize,
    length_reference: usize,
    length_increment: usize,
    last_length: usize,
    length_bits: usize,
    /// Order of the spatial differences: 0 none, 1, 2; octets of each of their first values.
    order: usize,
    octets: usize,
}

impl Packing {
    /// `None` for what this file does not unpack: another template, missing values, another way to split groups.
    fn of(section: &[u8]) -> Option<Self> {
        let octet = |at: usize| section.get(at - 1).copied().map(usize::from);
        let word = |at: usize| Some(u32::from_be_bytes(section.get(at - 1..at + 3)?.try_into().ok()?));
        let signed = |at: usize| {
            let value = u16::from_be_bytes(section.get(at - 1..=at)?.try_into().ok()?);
            let magnitude = i32::from(value & 0x7fff);
            Some(if value & 0x8000 == 0 { magnitude } else { -magnitude })
        };
        let template = 256 * octet(10)? + octet(11)?;
        let (order, octets) = match template {
            2 => (0, 0),
            3 => (octet(48)?, octet(49)?),
            _ => return None,
        };
        let missing_values = octet(23)? != 0;
        if octet(21)? != 0 || octet(22)? != 1 || missing_values || template == 3 && !(1..=2).contains(&order) {
            return None;
        }
        let packing = Self {
            reference: f32::from_bits(word(12)?),
            binary_factor: 2_f32.powi(signed(16)?),
            decimal_factor: 10_f32.powi(-signed(18)?),
            reference_bits: octet(20)?,
            groups: word(32)? as usize,
            width_reference: octet(36)?,
            width_bits: octet(37)?,
            length_reference: word(38)? as usize,
            length_increment: octet(42)?,
            last_length: word(43)? as usize,
            length_bits: octet(47)?,
            order,
            octets,
        };
        let bits = [packing.reference_bits, packing.width_bits, packing.length_bits];
        let fits = bits.iter().all(|b| *b <= WIDEST) && (order == 0 || (1..=4).contains(&octets));
        (fits && packing.groups > 0).then_some(packing)
    }
}

/// The first `most` values of a field of `points` from its sections 5 and 7; `None`: not unpacked here.
///
/// # Errors
/// What contradicts itself.
pub fn first_values(
    packing_section: &[u8],
    data_section: &[u8],
    points: usize,
    most: usize,
) -> Option<Result<Vec<f32>, String>> {
    let packing = Packing::of(packing_section)?;
    Some(unpack(&packing, data_section.get(5..).unwrap_or_default(), points, most.min(points)))
}

fn unpack(p: &Packing, data: &[u8], points: usize, most: usize) -> Result<Vec<f32>, String> {
    let short = || "packed data that end too early".to_owned();
    let extra = if p.order == 0 { 0 } else { (p.order + 1) * p.octets };
    let mut at = 8 * extra;
    // each list of the groups begins at a whole octet
    let mut list = |bits: usize, count: usize| -> Result<usize, String> {
        let start = at;
        at += (bits * count).div_ceil(8) * 8;
        if at > 8 * data.len() { Err(short()) } else { Ok(start) }
    };
    if p.groups > points {
        return Err(format!("{} groups of {points} values", p.groups));
    }
    let references = list(p.reference_bits, p.groups)?;
    let widths = list(p.width_bits, p.groups)?;
    let lengths = list(p.length_bits, p.groups)?;
    let (first, minimum) = differences(p, data);
    let mut values: Vec<f32> = Vec::with_capacity(most);
    let (mut before, mut last) = (0_i64, 0_i64);
    let mut total = 0;
    for group in 0..p.groups {
        let reference = bits(data, references + group * p.reference_bits, p.reference_bits) as i64 + minimum;
        let width = bits(data, widths + group * p.width_bits, p.width_bits) as usize + p.width_reference;
        let length = if group + 1 == p.groups {
            p.last_length
        } else {
            bits(data, lengths + group * p.length_bits, p.length_bits) as usize * p.length_increment
                + p.length_reference
        };
        total += length;
        if width > WIDEST || total > points || at + width * length > 8 * data.len() {
            return Err(short());
        }
        for i in 0..length.min(most - values.len()) {
            let packed = if width == 0 { 0 } else { bits(data, at + i * width, width) as i64 };
            let stored = reference + packed;
            let number = match (p.order, values.len()) {
                (0, _) => stored,
                (order, n) if n < order => first[n],
                (1, _) => last.wrapping_add(stored),
                (_, _) => stored.wrapping_add(last.wrapping_mul(2)).wrapping_sub(before),
            };
            (before, last) = (last, number);
            values.push((p.reference + number as f32 * p.binary_factor) * p.decimal_factor);
        }
        at += width * length;
        if values.len() == most && most < points {
            return Ok(values);
        }
    }
    if total != points {
        return Err(format!("groups of {total} values together, {points} points"));
    }
    Ok(values)
}

/// First values of the spatial differences, and their smallest value, which is signed.
fn differences(p: &Packing, data: &[u8]) -> ([i64; 2], i64) {
    if p.order == 0 {
        return ([0; 2], 0);
    }
    let n = p.octets;
    let number = |i: usize| data[i * n..(i + 1) * n].iter().fold(0_i64, |sum, b| sum << 8 | i64::from(*b));
    let sign = 1_i64 << (8 * n - 1);
    let raw = number(p.order);
    let minimum = if raw & sign == 0 { raw } else { -(raw & !sign) };
    ([number(0), if p.order == 2 { number(1) } else { 0 }], minimum)
}

/// `width` bits, at most 31, from bit `at` of data that holds them.
fn bits(data: &[u8], at: usize, width: usize) -> u64 {
    if width == 0 {
        return 0;
    }
    let byte = at / 8;
    let window = match data.get(byte..byte + 8) {
        Some(eight) => u64::from_be_bytes(eight.try_into().unwrap_or_default()),
        None => (0..8).fold(0, |sum, i| sum << 8 | u64::from(data.get(byte + i).copied().unwrap_or(0))),
    };
    window << (at % 8) >> (64 - width)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs numbers as second-order differences in groups of four, straight from the rules of template 7.3.
    fn packed(numbers: &[i64]) -> (Vec<u8>, Vec<u8>) {
        let difference = |i: usize| numbers[i] - 2 * numbers[i - 1] + numbers[i - 2];
        let minimum = (2..numbers.len()).map(difference).min().unwrap();
        let stored: Vec<i64> = (0..numbers.len()).map(|i| if i < 2 { 0 } else { difference(i) - minimum }).collect();
        let groups: Vec<&[i64]> = stored.chunks(4).collect();
        let mut text = String::new();
        let mut put = |value: i64, width: usize| text.push_str(&format!("{value:0width$b}"));
        put(numbers[0], 16);
        put(numbers[1], 16);
        put(if minimum < 0 { 0x8000 | -minimum } else { minimum }, 16);
        let reference = |g: &[i64]| *g.iter().min().unwrap();
        let width = |g: &[i64]| (64 - (g.iter().max().unwrap() - reference(g)).leading_zeros()) as usize;
        groups.iter().for_each(|g| put(reference(g), 16));
        groups.iter().for_each(|g| put(width(g) as i64, 8));
        groups.iter().for_each(|_| put(0, 8));
        for g in &groups {
            let w = width(g);
            g.iter().filter(|_| w > 0).for_each(|v| put(v - reference(g), w));
        }
        text.push_str(&"0".repeat((8 - text.len() % 8) % 8));
        let data = (0..text.len() / 8).map(|i| u8::from_str_radix(&text[8 * i..8 * i + 8], 2).unwrap());
        let mut section = vec![0_u8; 49];
        section[9..11].copy_from_slice(&3_u16.to_be_bytes());
        section[11..15].copy_from_slice(&100_f32.to_be_bytes());
        section[15..17].copy_from_slice(&(0x8000_u16 | 1).to_be_bytes());
        section[19] = 16;
        section[21] = 1;
        section[31..35].copy_from_slice(&(groups.len() as u32).to_be_bytes());
        section[36] = 8;
        section[37..41].copy_from_slice(&4_u32.to_be_bytes());
        section[41] = 1;
        section[42..46].copy_from_slice(&(groups[groups.len() - 1].len() as u32).to_be_bytes());
        section[46] = 8;
        (section[47], section[48]) = (2, 2);
        (section, [0, 0, 0, 0, 7].into_iter().chain(data).collect())
    }

    #[test]
    fn numbers_come_back_whole_and_in_part() {
        let numbers: Vec<i64> = (0..23).map(|i| 500 + 7 * i - (i * i * i) % 31).collect();
        let (section, data) = packed(&numbers);
        let expected: Vec<f32> = numbers.iter().map(|n| 100.0 + *n as f32 / 2.0).collect();
        for most in [1, 2, 5, 23] {
            let found = first_values(&section, &data, 23, most).unwrap().unwrap();
            assert_eq!(found, expected[..most], "{most}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let numbers: Vec<i64> = (0..23).map(|i| 500 + 7 * i - (i * i * i) % 31).collect();
        let (section, data) = packed(&numbers);
        assert!(first_values(&section, &data[..data.len() - 1], 23, 23).unwrap().is_err());
        assert!(first_values(&section, &data, 24, 24).unwrap().is_err());
        assert!(first_values(&section, &data, 22, 22).unwrap().is_err());
        assert!(first_values(&section, &[], 23, 23).unwrap().is_err());
        let mut other = section;
        other[22] = 1;
        assert!(first_values(&other, &data, 23, 23).is_none(), "missing values are left to the crate");
    }
}
