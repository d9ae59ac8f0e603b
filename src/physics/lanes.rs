//! Vectors of numbers side by side, with the operators of a formula: what the compiler does not see by itself in loops with many arrays.
//!
//! `Lanes<S>` holds as many `f32` as the instructions `S` take at a time, one for [`pulp::Scalar`]. Every operation works on each lane alone and
//! rounds as IEEE 754 says, so the results are the same with any instructions.
//!
//! A kernel is a struct of slices that implements [`pulp::WithSimd`]; [`pulp::Arch::dispatch`] runs it with the widest instructions of the machine. All
//! that it calls must be inlined (`#[inline(always)]`, no closures): a function of its own is compiled for the plain instructions only.

use pulp::Simd;
use std::ops::{Add, Mul, Sub};

/// As many numbers as the instructions `S` take at a time.
#[derive(Debug, Clone, Copy)]
pub struct Lanes<S: Simd>(pub S, pub S::f32s);

/// `values` as whole vectors; what is left behind the last is not seen.
#[inline(always)]
pub fn lanes<S: Simd>(values: &[f32]) -> &[S::f32s] {
    S::as_simd_f32s(values).0
}

/// As [`lanes`], to be written.
#[inline(always)]
pub fn lanes_mut<S: Simd>(values: &mut [f32]) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(values).0
}

/// Sum of the products of two rows: in eight parts, which go side by side, and the rest.
#[inline(always)]
pub fn sum_of_products(a: &[f32], b: &[f32]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut parts = [0.0f64; 8];
    for (a, b) in a.iter().zip(b) {
        for ((part, a), b) in parts.iter_mut().zip(a).zip(b) {
            *part += f64::from(*a) * f64::from(*b);
        }
    }
    let mut sum = 0.0;
    for (a, b) in a_rest.iter().zip(b_rest) {
        sum += f64::from(*a) * f64::from(*b);
    }
    for part in parts {
        sum += part;
    }
    sum
}

impl<S: Simd> Lanes<S> {
    /// The same number in every lane.
    #[inline(always)]
    pub fn splat(simd: S, value: f32) -> Self {
        Self(simd, simd.splat_f32s(value))
    }

    /// `self * factor + addend`, rounded once.
    #[inline(always)]
    pub fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(self.0, self.0.mul_add_f32s(self.1, factor.1, addend.1))
    }

    /// Quotient.
    #[inline(always)]
    pub fn over(self, divisor: Self) -> Self {
        Self(self.0, self.0.div_f32s(self.1, divisor.1))
    }

    /// The smaller of two numbers of which at most one is below zero; of two below zero, one of them. Compared as whole numbers, in which such numbers
    /// have the same order: the units that add are left free.
    #[inline(always)]
    pub fn least(self, other: Self) -> Self {
        let s = self.0;
        let (a, b) = (s.transmute_i32s_f32s(self.1), s.transmute_i32s_f32s(other.1));
        Self(s, s.transmute_f32s_i32s(s.min_i32s(a, b)))
    }

    /// The larger of two numbers of which at most one is below zero; of two below zero, one of them.
    #[inline(always)]
    pub fn largest(self, other: Self) -> Self {
        let s = self.0;
        let (a, b) = (s.transmute_i32s_f32s(self.1), s.transmute_i32s_f32s(other.1));
        Self(s, s.transmute_f32s_i32s(s.max_i32s(a, b)))
    }

    /// Zero in lanes with a minus sign; where NaN has one, it is lost as well.
    #[inline(always)]
    pub fn positive(self) -> Self {
        self.largest(Self::splat(self.0, 0.0))
    }

    /// Without its sign.
    #[inline(always)]
    pub fn magnitude(self) -> Self {
        let s = self.0;
        let bits = s.and_u32s(s.transmute_u32s_f32s(self.1), s.splat_u32s(!(1 << 31)));
        Self(s, s.transmute_f32s_u32s(bits))
    }

    /// With the sign of `other`.
    #[inline(always)]
    pub fn signed_like(self, other: Self) -> Self {
        let s = self.0;
        let sign = s.and_u32s(s.transmute_u32s_f32s(other.1), s.splat_u32s(1 << 31));
        Self(s, s.transmute_f32s_u32s(s.or_u32s(s.transmute_u32s_f32s(self.magnitude().1), sign)))
    }

    /// `plus` in lanes where `self` has no minus sign, `minus` where it has one; a negative zero has one.
    #[inline(always)]
    pub fn by_sign(self, plus: Self, minus: Self) -> Self {
        let s = self.0;
        let negative = s.less_than_i32s(s.transmute_i32s_f32s(self.1), s.splat_i32s(0));
        let (plus, minus) = (s.transmute_u32s_f32s(plus.1), s.transmute_u32s_f32s(minus.1));
        Self(s, s.transmute_f32s_u32s(s.select_u32s(negative, minus, plus)))
    }
}

impl<S: Simd> Add for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0, self.0.add_f32s(self.1, other.1))
    }
}

impl<S: Simd> Sub for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0, self.0.sub_f32s(self.1, other.1))
    }
}

impl<S: Simd> Mul for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.0, self.0.mul_f32s(self.1, other.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, Scalar, WithSimd};

    /// Every operation on pairs of `a` and `b`.
    struct Operations<'v> {
        a: &'v [f32],
        b: &'v [f32],
        out: &'v mut Vec<f32>,
    }

    impl WithSimd for Operations<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for operation in 0..10 {
                let mut row = vec![0.0; self.a.len()];
                for ((a, b), to) in lanes::<S>(self.a).iter().zip(lanes::<S>(self.b)).zip(lanes_mut::<S>(&mut row)) {
                    let (a, b) = (Lanes(simd, *a), Lanes(simd, *b));
                    *to = match operation {
                        0 => a + b,
                        1 => a - b,
                        2 => a * b,
                        3 => a.mul_add(b, Lanes::splat(simd, 0.7)),
                        4 => a.over(b),
                        5 => a.least(b),
                        6 => a.largest(b),
                        7 => a.magnitude(),
                        8 => b.signed_like(a),
                        _ => a.by_sign(b, Lanes::splat(simd, 9.0)),
                    }
                    .1;
                }
                self.out.extend(row);
            }
        }
    }

    #[test]
    fn every_width_of_instructions_gives_the_bits_of_one_number_at_a_time() {
        let a: Vec<f32> = (0..64).map(|i| (i * 7919 % 101) as f32 * 0.37 - 9.0).collect();
        let b: Vec<f32> = (0..64).map(|i| (i * 104_729 % 97) as f32 * 1.3 + 1e-3).collect();
        let (mut wide, mut single) = (Vec::new(), Vec::new());
        Arch::new().dispatch(Operations { a: &a, b: &b, out: &mut wide });
        Operations { a: &a, b: &b, out: &mut single }.with_simd(Scalar);
        assert_eq!(wide, single);
        let of = |operation: usize, i: usize| single[operation * 64 + i];
        for i in 0..64 {
            assert_eq!(of(3, i), a[i].mul_add(b[i], 0.7));
            assert_eq!((of(5, i), of(6, i)), (a[i].min(b[i]), a[i].max(b[i])));
            assert_eq!((of(7, i), of(8, i)), (a[i].abs(), b[i].copysign(a[i])));
            assert_eq!(of(9, i), if a[i] < 0.0 { 9.0 } else { b[i] });
        }
    }
}
