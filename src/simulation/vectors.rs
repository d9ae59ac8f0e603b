//! Work compiled for every width of vector instructions, and run with the widest of the machine.

/// Runs `work` with the widest vector instructions of this machine; the results are the same with any.
///
/// `work` must be a closure marked `#[inline(always)]` that changes something it borrows, and what it calls must be inlined as well: a function
/// of its own is compiled for the plain instructions only.
#[inline(always)]
pub fn widest<R>(work: impl FnMut() -> R) -> R {
    pulp::Arch::new().dispatch(Work(work))
}

struct Work<F>(F);

impl<R, F: FnMut() -> R> pulp::WithSimd for Work<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}
