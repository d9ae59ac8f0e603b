//! Rounding of concentrations by GB/T 8170: half to even, decided on the decimal digits.

/// Largest concentration looked at; far beyond every table, and small enough for exact integers.
const LARGEST: f64 = 1e12;

/// `value` x 10^`decimals`, rounded half to even to an integer; `None` for NaN, infinite and negative values.
///
/// **Invariant:** ties are decided on the shortest decimal number that reads back as `value`, not on its binary digits.
/// **Why:** 2.25 and 0.35 are ties to the one who reads the bulletin, whether or not they have an exact binary form.
/// `decimals` is 0 ..= 3.
pub fn half_even(value: f64, decimals: usize) -> Option<i64> {
    if !value.is_finite() || value < 0.0 {
        return None;
    }
    // `{}` writes an f64 in its shortest round-trip form without an exponent
    let text = format!("{}", value.abs().min(LARGEST));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digit = |i: usize| i64::from(fraction.as_bytes().get(i).map_or(0, |b| b - b'0'));
    let mut kept: i64 = whole.parse().ok()?;
    for i in 0..decimals {
        kept = kept * 10 + digit(i);
    }
    let beyond_half = fraction.bytes().skip(decimals + 1).any(|b| b != b'0');
    let up = match digit(decimals) {
        6..=9 => true,
        5 => beyond_half || kept % 2 == 1,
        _ => false,
    };
    Some(kept + i64::from(up))
}

#[cfg(test)]
mod tests {
    use super::half_even;

    #[test]
    fn ties_go_to_the_even_digit() {
        for (value, decimals, expected) in [
            (60.5, 0, 60),
            (61.5, 0, 62),
            (60.6, 0, 61),
            (60.500_000_1, 0, 61),
            (60.499_999_9, 0, 60),
            (0.5, 0, 0),
            (1.5, 0, 2),
            (0.05, 1, 0),
            (0.15, 1, 2),
            (0.25, 1, 2),
            (0.35, 1, 4),
            (2.45, 1, 24),
            (2.451, 1, 25),
            (7.0, 1, 70),
            (0.0, 0, 0),
            (-0.0, 0, 0),
            (1e-300, 1, 0),
            (1e300, 0, 1_000_000_000_000),
        ] {
            assert_eq!(half_even(value, decimals), Some(expected), "{value} to {decimals}");
        }
        for refused in [f64::NAN, f64::INFINITY, -0.1, -999.0] {
            assert_eq!(half_even(refused, 0), None, "{refused}");
        }
    }
}
