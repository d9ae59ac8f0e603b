//! Blocks of neighbouring columns: pieces of a plane `[y, x]` seen as one row.

use ndarray::{Array, Array2, Array3, Array4, ArrayBase, Axis, Dimension, Ix3, Ix4, RawData};
use rayon::prelude::*;

/// Most columns that are worked on together: what a block needs of one species stays in the second cache, and memory is read in long pieces.
const WIDEST: usize = 192;
/// Numbers in the widest of vectors.
const VECTOR: usize = 16;

/// Neighbouring cells of a plane `[y, x]` seen as one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Number of the block in the plane.
    pub index: usize,
    /// Its first cell, and how many it has.
    pub first: usize,
    pub width: usize,
}

impl Block {
    /// Cells of the blocks into which a plane of `ny` rows of `nx` is cut: of equal size, so that the blocks depend on the grid alone, and with the least
    /// part of their last vectors empty.
    pub fn width_in(ny: usize, nx: usize) -> usize {
        let widths = (1..=WIDEST.max(nx)).filter(|width| (ny * nx).is_multiple_of(*width));
        widths.max_by_key(|width| (1000 * width / Self::row(*width), *width <= WIDEST, *width)).unwrap_or(nx)
    }

    /// Block number `index` of those of `width` cells.
    pub fn new(index: usize, width: usize) -> Self {
        Self { index, first: index * width, width }
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

/// A field with its planes as rows of cells.
pub(super) fn flat<S: RawData>(field: ArrayBase<S, Ix4>) -> ArrayBase<S, Ix3> {
    let (slots, layers, ny, nx) = field.dim();
    field.into_shape_with_order((slots, layers, ny * nx)).expect("fields are contiguous")
}

/// Layers from the ground to the highest in which each slot of a field `[slot, z, y, x]` has a number other than zero, for every block: `[slot, block]`.
pub(super) fn layers_in_use(field: &Array4<f32>) -> Array2<usize> {
    let (slots, _, ny, nx) = field.dim();
    let width = Block::width_in(ny, nx);
    let mut in_use = Array2::zeros((slots, ny * nx / width));
    let field = flat(field.view());
    let of_slots = in_use.axis_iter_mut(Axis(0)).into_par_iter().zip(field.axis_iter(Axis(0)).into_par_iter());
    of_slots.for_each(|(mut in_use, layers)| {
        for (k, layer) in layers.outer_iter().enumerate() {
            for (highest, block) in in_use.iter_mut().zip(layer.axis_chunks_iter(Axis(0), width)) {
                if block.iter().any(|value| *value != 0.0) {
                    *highest = k + 1;
                }
            }
        }
    });
    in_use
}

/// The values of a field in the order of memory.
pub(super) fn values<D: Dimension>(field: &Array<f32, D>) -> &[f32] {
    field.as_slice().expect("fields are contiguous")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 9600 = 50 x 192 and 14256 = 81 x 176 in whole vectors; of the divisors of 1020, 170 leaves 6 of 176 numbers empty, and 97 x 101 has no others.
    #[test]
    fn blocks_fill_a_plane_with_few_numbers_beside_them() {
        for (ny, nx, width) in
            [(96, 100, 192), (108, 132, 176), (30, 34, 170), (97, 101, 101), (480, 400, 192), (1, 1, 1)]
        {
            assert_eq!(Block::width_in(ny, nx), width);
        }
        let field = Array3::from_shape_fn((2, 30, 34), |(z, y, x)| (1000 * z + 34 * y + x) as f32);
        let block = Block::new(4, 170);
        let mut rows = vec![-1.0; 2 * Block::row(170)];
        block.gather(&field, &mut rows);
        assert_eq!((rows[0], rows[169], rows[170], rows[176]), (680.0, 849.0, -1.0, 1680.0));
    }

    #[test]
    fn layers_in_use_end_where_a_block_has_nothing_above() {
        let mut field = Array4::zeros((2, 4, 30, 34));
        // cells 1 and 5 * 170 of the plane
        field[[0, 2, 0, 1]] = 3.0;
        field[[0, 1, 25, 0]] = 1e-9;
        field[[1, 3, 25, 0]] = -1.0;
        let expected = ndarray::arr2(&[[3, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 4]]);
        assert_eq!(layers_in_use(&field), expected);
    }
}
