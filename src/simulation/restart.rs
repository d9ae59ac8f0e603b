//! Checkpoints: everything that the rest of a run depends on, to and from bytes.
//!
//! One line of JSON, the header, then little-endian numbers: the fields (f32) in the header's order and shapes, then single numbers (f64), then bytes.
//! The header's hash covers the numbers and the header itself.
//!
//! **Invariant:** a run that goes on from a checkpoint ends with the bytes of a run left alone. **Why:** a night broken at hour 90 would
//! else publish other numbers than an unbroken one, and no warning could be derived again.

use ndarray::{ArrayView, ArrayViewMut, CowArray, Dimension, IxDyn};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the layout.
const SCHEMA: u32 = 2;
/// Longest header looked for [bytes].
const LONGEST_HEADER: usize = 65_536;

/// What a checkpoint belongs to; one of anything else is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Revision of the numerics.
    pub revision: u32,
    /// Name of the grid, behind that of an outer one.
    pub grid: String,
    /// Hash or name of everything else that the run is made from.
    pub run: String,
}

impl Identity {
    fn words(&self) -> String {
        format!("revision {}, grid {}, run {}", self.revision, self.grid, self.run)
    }

    fn words_zh(&self) -> String {
        format!("数值版本 {}、网格 {}、运行 {}", self.revision, self.grid, self.run)
    }
}

/// Why a checkpoint is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub zh: String,
    pub en: String,
}

impl Reason {
    /// In Chinese and English.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// A run at the end of an hour.
#[derive(Debug)]
pub struct Snapshot<'a> {
    /// Hours that are done.
    pub hour: u32,
    fields: Vec<CowArray<'a, f32, IxDyn>>,
    numbers: Vec<f64>,
    bytes: Vec<u8>,
}

/// Where a run keeps its checkpoints. None of this may stop a run: what goes wrong is told, and the run goes on.
pub trait Checkpoints {
    /// Hours from one checkpoint to the next; 0: none.
    fn every_hours(&self) -> u32;
    /// See [`Identity::run`].
    fn run(&self) -> &str;
    /// How many are kept.
    fn generations(&self) -> usize;
    /// Bytes of a kept one, or why it cannot be read; 0 is the newest.
    ///
    /// # Errors
    /// The reason.
    fn read(&self, generation: usize) -> Result<Vec<u8>, Reason>;
    /// Keeps a checkpoint as the newest.
    fn keep(&self, hour: u32, bytes: &[u8]);
    /// The run goes on from this hour.
    fn resumed(&self, hour: u32);
    /// A kept checkpoint, 0 the newest, is not used.
    fn refused(&self, generation: usize, reason: &Reason);
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: u32,
    revision: u32,
    grid: String,
    run: String,
    hour: u32,
    fields: Vec<Vec<usize>>,
    numbers: usize,
    bytes: usize,
    /// Of the header with an empty hash, and the numbers behind it.
    sha256: String,
}

impl Header {
    /// Bytes of the numbers behind it; `None` when that is no number.
    fn body_bytes(&self) -> Option<usize> {
        let field = |shape: &Vec<usize>| shape.iter().try_fold(4usize, |n, d| n.checked_mul(*d));
        let numbers = self.numbers.checked_mul(8)?.checked_add(self.bytes)?;
        self.fields.iter().try_fold(numbers, |n, shape| n.checked_add(field(shape)?))
    }
}

impl<'a> Snapshot<'a> {
    /// An empty one.
    pub fn new(hour: u32) -> Self {
        Self { hour, fields: Vec::new(), numbers: Vec::new(), bytes: Vec::new() }
    }

    /// Adds a field.
    pub fn add<D: Dimension>(&mut self, field: ArrayView<'a, f32, D>) {
        self.fields.push(CowArray::from(field.into_dyn()));
    }

    /// Adds single numbers.
    pub fn add_numbers(&mut self, numbers: impl IntoIterator<Item = f64>) {
        self.numbers.extend(numbers);
    }

    /// Sets the bytes behind the numbers.
    pub fn set_bytes(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    /// The bytes behind the numbers.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether `other` holds as many fields of the same shapes and as many numbers.
    pub fn same_shape(&self, other: &Snapshot) -> bool {
        let shapes = |s: &Snapshot| s.fields.iter().map(|f| f.shape().to_vec()).collect::<Vec<_>>();
        self.numbers.len() == other.numbers.len() && shapes(self) == shapes(other)
    }

    /// What is in it, to be taken out in the order in which it was added.
    pub fn contents(self) -> Contents<'a> {
        Contents { fields: self.fields.into_iter(), numbers: self.numbers.into_iter() }
    }

    /// The checkpoint as bytes.
    pub fn to_bytes(&self, identity: &Identity) -> Vec<u8> {
        let values = self.fields.iter().map(CowArray::len).sum::<usize>();
        let mut body = Vec::with_capacity(4 * values + 8 * self.numbers.len() + self.bytes.len());
        for field in &self.fields {
            let field = field.as_standard_layout();
            let values = field.as_slice().expect("the standard layout is contiguous");
            let start = body.len();
            body.resize(start + 4 * values.len(), 0);
            for (to, v) in body[start..].chunks_exact_mut(4).zip(values) {
                to.copy_from_slice(&v.to_le_bytes());
            }
        }
        body.extend(self.numbers.iter().flat_map(|v| v.to_le_bytes()));
        body.extend_from_slice(&self.bytes);
        let mut header = Header {
            schema: SCHEMA,
            revision: identity.revision,
            grid: identity.grid.clone(),
            run: identity.run.clone(),
            hour: self.hour,
            fields: self.fields.iter().map(|f| f.shape().to_vec()).collect(),
            numbers: self.numbers.len(),
            bytes: self.bytes.len(),
            sha256: String::new(),
        };
        header.sha256 = hash(&header, &body);
        let mut bytes = line(&header);
        bytes.reserve_exact(body.len());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// A checkpoint from bytes.
    ///
    /// # Errors
    /// The reason why it is not used: damaged, of another layout, or of another run.
    pub fn from_bytes(bytes: &[u8], identity: &Identity) -> Result<Snapshot<'static>, Reason> {
        let end = bytes
            .iter()
            .take(LONGEST_HEADER)
            .position(|b| *b == b'\n')
            .ok_or_else(|| Reason::new("没有文件头，不是检查点", "no header: not a checkpoint"))?;
        let header: Header = serde_json::from_slice(&bytes[..end])
            .map_err(|e| Reason::new(format!("文件头无法解读：{e}"), format!("header: {e}")))?;
        let mut body = &bytes[end + 1..];
        if header.schema != SCHEMA {
            let found = header.schema;
            return Err(Reason::new(
                format!("格式版本为 {found}，应为 {SCHEMA}"),
                format!("schema {found}, expected {SCHEMA}"),
            ));
        }
        if header.body_bytes() != Some(body.len()) {
            let n = body.len();
            return Err(Reason::new(
                format!("数据 {n} 字节，与文件头所述不符"),
                format!("{n} bytes of numbers, other than its header says"),
            ));
        }
        let found = hash(&Header { sha256: String::new(), ..header.clone() }, body);
        if found != header.sha256 {
            let expected = header.sha256;
            return Err(Reason::new(
                format!("SHA-256 为 {found}，应为 {expected}"),
                format!("SHA-256 {found}, expected {expected}"),
            ));
        }
        let of = Identity { revision: header.revision, grid: header.grid, run: header.run };
        if of != *identity {
            return Err(Reason::new(
                format!("属于另一次运行：{}，应为 {}", of.words_zh(), identity.words_zh()),
                format!("it belongs to {}, expected {}", of.words(), identity.words()),
            ));
        }
        let mut fields = Vec::with_capacity(header.fields.len());
        for shape in &header.fields {
            let (these, rest) = body.split_at(4 * shape.iter().product::<usize>());
            let values = these.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let field = ndarray::ArrayD::from_shape_vec(&shape[..], values);
            let field = field.map_err(|e| Reason::new(format!("数组形状不符：{e}"), e.to_string()))?;
            fields.push(CowArray::from(field));
            body = rest;
        }
        let (numbers, bytes) = body.split_at(8 * header.numbers);
        let numbers = numbers.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        Ok(Snapshot { hour: header.hour, fields, numbers, bytes: bytes.to_vec() })
    }
}

/// Fields and numbers of a checkpoint whose shapes were checked.
pub struct Contents<'a> {
    fields: std::vec::IntoIter<CowArray<'a, f32, IxDyn>>,
    numbers: std::vec::IntoIter<f64>,
}

impl Contents<'_> {
    /// Copies the next field.
    pub fn take<D: Dimension>(&mut self, to: ArrayViewMut<f32, D>) {
        to.into_dyn().assign(&self.fields.next().expect("the shapes were checked"));
    }

    /// The next number.
    pub fn number(&mut self) -> f64 {
        self.numbers.next().expect("the shapes were checked")
    }
}

fn line(header: &Header) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(header).expect("a header is numbers and text");
    bytes.push(b'\n');
    bytes
}

fn hash(header: &Header, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(line(header)).chain_update(body).finalize();
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array3, Axis, Slice};

    fn of() -> Identity {
        Identity { revision: 7, grid: "g".into(), run: "base".into() }
    }

    fn fields() -> (Array3<f32>, Array1<f32>) {
        let odd = [f32::MIN_POSITIVE / 2.0, -0.0, 1.0 + f32::EPSILON, 3e38, f32::NAN];
        (Array3::from_shape_fn((2, 3, 4), |(z, y, x)| odd[(z + y + x) % 5]), Array1::from(vec![0.1, 0.2]))
    }

    fn bytes() -> Vec<u8> {
        let (a, b) = fields();
        let mut snapshot = Snapshot::new(5);
        snapshot.add(a.slice_axis(Axis(1), Slice::from(..2)));
        snapshot.add(b.view());
        snapshot.add_numbers([0.1 + 0.2, -1e-300]);
        snapshot.set_bytes(vec![0, 255, 10]);
        snapshot.to_bytes(&of())
    }

    #[test]
    fn every_bit_comes_back() {
        let back = Snapshot::from_bytes(&bytes(), &of()).unwrap();
        assert_eq!((back.hour, back.bytes()), (5, [0, 255, 10].as_slice()));
        let (a, b) = fields();
        let mut contents = back.contents();
        let (mut a_back, mut b_back) = (Array3::zeros((2, 2, 4)), Array1::zeros(2));
        contents.take(a_back.view_mut());
        contents.take(b_back.view_mut());
        let same = |x: &f32, y: &f32| x.to_bits() == y.to_bits();
        assert!(a_back.iter().zip(a.slice_axis(Axis(1), Slice::from(..2))).all(|(x, y)| same(x, y)));
        assert!(b_back.iter().zip(&b).all(|(x, y)| same(x, y)));
        assert_eq!(contents.number().to_bits(), (0.1f64 + 0.2).to_bits());
        assert_eq!(contents.number().to_bits(), (-1e-300f64).to_bits());
    }

    #[test]
    fn any_damage_and_any_length_but_the_right_one_is_refused() {
        let whole = bytes();
        for at in 0..whole.len() {
            for bit in [0, 3, 7] {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                assert!(Snapshot::from_bytes(&damaged, &of()).is_err(), "bit {bit} of byte {at}");
            }
            assert!(Snapshot::from_bytes(&whole[..at], &of()).is_err(), "cut at {at}");
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(Snapshot::from_bytes(&longer, &of()).unwrap_err().en.contains("bytes"));
    }

    #[test]
    fn another_run_grid_or_revision_is_refused_with_the_reason() {
        for other in [
            Identity { revision: 8, ..of() },
            Identity { grid: "h".into(), ..of() },
            Identity { run: "cut".into(), ..of() },
        ] {
            let reason = Snapshot::from_bytes(&bytes(), &other).unwrap_err();
            assert!(reason.en.starts_with("it belongs to") && reason.en.contains("base"), "{reason:?}");
            assert!(reason.zh.starts_with("属于另一次运行") && reason.zh.contains("base"), "{reason:?}");
        }
    }
}
