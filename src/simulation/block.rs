//! Blocks of neighbouring columns: pieces of a plane `[y, x]` seen as one row.

use ndarray::{Array, Array3, Dimension};

/// Columns that are worked on together: what a block needs of one species stays in the nearest caches.
const WIDEST: usize = 320;
/// Numbers in the widest of vectors.
const VECTOR: usize = 16;

/// Neighbouring cells of a plane `[y, x]` seen as one row: the first of them, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub first: usize,
    pub width: usize,
}

impl Block {
    /// Cells of the blocks into which a plane of `ny` rows of `nx` is cut: of equal size, so that the blocks depend on the grid alone; of whole vectors as
    /// far as the plane allows, and of as many as that.
    pub fn width_in(ny: usize, nx: usize) -> usize {
        let widths = (1..=WIDEST.max(nx)).filter(|width| (ny * nx).is_multiple_of(*width));
        widths.max_by_key(|width| (1000 * width / Self::row(*width), *width)).unwrap_or(nx)
    }

    /// Block number `index` of those of `width` cells.
    pub fn new(index: usize, width: usize) -> Self {
        Self { first: index * width, width }
    }

    /// Cells of a row of whole vectors that holds a block of `width`.
    pub fn row(width: usize) -> usize {
        width.next_multiple_of(VECTOR)
    }

    /// The block in plane `plane` of a field whose planes have `cells` cells.
    #[inline(always)]
    pub fn of<'v>(&self, field: &'v [f32], plane: usize, cells: usize) -> &'v [f32] {
        &field[plane * cells + self.first..][..self.width]
    }

    /// The block of all layers of a field `[z, y, x]` into rows of equal length, which may be longer.
    #[inline(always)]
    pub fn gather(&self, field: &Array3<f32>, to: &mut [f32]) {
        let (nz, ny, nx) = field.dim();
        let (field, length) = (values(field), to.len() / nz);
        for (k, to) in to.chunks_exact_mut(length).enumerate() {
            to[..self.width].copy_from_slice(self.of(field, k, ny * nx));
        }
    }
}

/// The values of a field in the order of memory.
pub(super) fn values<D: Dimension>(field: &Array<f32, D>) -> &[f32] {
    field.as_slice().expect("fields are contiguous")
}
