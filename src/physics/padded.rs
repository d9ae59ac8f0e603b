//! Where the cells of a slab `[y][x]` lie when it is padded: every row begins on a cache line and has [`HALO`] cells on both sides.
//!
//! ```text
//!   row y:  | cell 0 ... cell nx-1 | east halo ... west halo of row y+1 |      width = a multiple of 16
//! ```
//!
//! [`HALO`] rows lie below the first row and above the last, and a vector's length of cells before and behind it all, for what vectors read beyond.

/// Cells needed on each side of the domain.
pub const HALO: usize = 3;

/// Cells of a cache line and of the longest vector.
const LINE: usize = 16;

/// Layout of a padded slab of `nx` columns and `ny` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Padded {
    pub nx: usize,
    pub ny: usize,
    /// Cells from a row to the next.
    pub width: usize,
}

impl Padded {
    /// For `nx` columns and `ny` rows.
    pub fn new(nx: usize, ny: usize) -> Self {
        Self { nx, ny, width: (nx + 2 * HALO).next_multiple_of(LINE) }
    }

    /// Cells in all.
    pub fn cells(&self) -> usize {
        self.width * (self.ny + 2 * HALO + 1) + 2 * LINE
    }

    /// First cell of a row, counted with the rows of the southern halo: row `y` of the domain is `y + HALO`.
    #[inline(always)]
    pub fn start(&self, row: usize) -> usize {
        LINE + row * self.width
    }

    /// First cell of row `y` of the domain; `y = ny` is the first row of the northern halo.
    #[inline(always)]
    pub fn row(&self, y: usize) -> usize {
        self.start(y + HALO)
    }

    /// Copies the values `plane` `[y][x]` into the cells of the domain.
    pub fn load(&self, plane: &[f32], slab: &mut [f32]) {
        for (y, row) in plane.chunks_exact(self.nx).enumerate() {
            slab[self.row(y)..][..self.nx].copy_from_slice(row);
        }
    }

    /// Copies the cells of the domain to `plane` `[y][x]`.
    pub fn store(&self, slab: &[f32], plane: &mut [f32]) {
        for (y, row) in plane.chunks_exact_mut(self.nx).enumerate() {
            row.copy_from_slice(&slab[self.row(y)..][..self.nx]);
        }
    }
}
