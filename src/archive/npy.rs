//! Tables of numbers in the NPY format 1.0 (NumPy enhancement proposal 1), for programs that read arrays.

use super::durable::write_atomic;
use crate::error::Result;
use std::path::Path;

/// Writes rows of `columns` single-precision numbers each, one row after the other.
///
/// # Errors
/// `Io` when the file cannot be written.
pub fn write_matrix(path: &Path, columns: usize, values: &[f32]) -> Result<()> {
    write_atomic(path, &encode(columns, values))
}

fn encode(columns: usize, values: &[f32]) -> Vec<u8> {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // magic, version and length take ten bytes; the values begin at a multiple of 64
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = Vec::with_capacity(10 + header.len() + 4 * values.len());
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    values.iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_numpy() {
        // numpy.save of numpy.array([[1, 2, 3], [4, 5, 6]], dtype="<f4")
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
        let bytes = encode(3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(&bytes[10..10 + header.len()], header.as_bytes());
        assert_eq!((bytes.len(), bytes[127]), (128 + 24, b'\n'));
        assert_eq!(&bytes[128..132], 1.0f32.to_le_bytes());
        assert_eq!(&bytes[148..], 6.0f32.to_le_bytes());
    }
}
