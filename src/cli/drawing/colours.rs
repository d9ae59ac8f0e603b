//! Colour tables that are even to the eye and readable with colour blindness.

/// A table of colours between which is interpolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// From dark blue to yellow: amounts.
    Viridis,
    /// Blue, nearly white, brown: departures from zero.
    Vik,
}

/// `viridis` of matplotlib (S. van der Walt, N. Smith, 2015, CC0), 17 of its 256 entries evenly spaced.
const VIRIDIS: [u32; 17] = [
    0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e, 0x21918c, 0x1fa088, 0x28ae80,
    0x3fbc73, 0x5ec962, 0x84d44b, 0xaddc30, 0xd8e219, 0xfde725,
];
/// `vik` of the Scientific colour maps (F. Crameri, 2018, doi:10.5281/zenodo.1243862, MIT), 17 entries evenly spaced.
const VIK: [u32; 17] = [
    0x001261, 0x022b71, 0x034481, 0x0c5e92, 0x307da6, 0x619ebd, 0x94bed2, 0xc6dbe6, 0xece5e0, 0xe9cab8, 0xdbaa8d,
    0xcf8c66, 0xc27041, 0xb2511d, 0x912d06, 0x731406, 0x590008,
];

impl Colours {
    /// The colour at `share` of the table, 0 to 1, as `#rrggbb`.
    pub fn at(self, share: f64) -> String {
        let table = match self {
            Self::Viridis => &VIRIDIS,
            Self::Vik => &VIK,
        };
        let place = share.clamp(0.0, 1.0) * (table.len() - 1) as f64;
        let low = (place as usize).min(table.len() - 2);
        let part = place - low as f64;
        let channel = |shift: u32| {
            let of = |i: usize| f64::from(table[i] >> shift & 0xff);
            (of(low) + part * (of(low + 1) - of(low))).round() as u32
        };
        format!("#{:02x}{:02x}{:02x}", channel(16), channel(8), channel(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (IEC 61966-2-1).
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let v = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn viridis_grows_lighter_and_vik_is_lightest_in_its_middle() {
        let light = |c: Colours, i: i32| luminance(&c.at(f64::from(i) / 40.0));
        assert!((1..=40).all(|i| light(Colours::Viridis, i) > light(Colours::Viridis, i - 1)));
        assert!((1..=20).all(|i| light(Colours::Vik, i) > light(Colours::Vik, i - 1)));
        assert!((21..=40).all(|i| light(Colours::Vik, i) < light(Colours::Vik, i - 1)));
        assert_eq!(Colours::Viridis.at(1.0), "#fde725");
    }
}
