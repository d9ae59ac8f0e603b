//! An SVG drawing to its file: as it is, or as PNG with the fonts of the machine.

use crate::archive::durable::write_atomic;
use crate::error::{Error, Result};
use resvg::{tiny_skia, usvg};
use std::path::Path;
use std::sync::Arc;

/// Pixels of a PNG for each unit of the drawing.
const PIXELS: f32 = 1.5;
/// Fonts with Chinese characters, first those that stand beside DejaVu well.
pub const FONTS: &str = "'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'WenQuanYi Micro Hei', \
    'WenQuanYi Zen Hei', 'Droid Sans Fallback', 'Microsoft YaHei', 'PingFang SC', 'DejaVu Sans', sans-serif";

/// Writes a drawing to `path`: `.svg` or `.png` by its ending.
///
/// # Errors
/// [`Error::Invalid`] for another ending, [`Error::Io`] when the file cannot be written.
pub fn write(path: &Path, svg: &str) -> Result<()> {
    let bytes = match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("svg") => svg.as_bytes().to_vec(),
        Some("png") => png(path, svg)?,
        _ => {
            return Err(Error::invalid(path, "the ending of the picture's name", "another one", "`.svg` or `.png`"));
        }
    };
    write_atomic(path, &bytes)
}

fn png(path: &Path, svg: &str) -> Result<Vec<u8>> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_system_fonts();
    let options = usvg::Options { fontdb: Arc::new(fonts), ..usvg::Options::default() };
    let wrong = |e: String| Error::io(path, std::io::Error::other(e));
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| wrong(e.to_string()))?;
    let side = |length: f32| (length * PIXELS).ceil() as u32;
    let mut pixels = tiny_skia::Pixmap::new(side(tree.size().width()), side(tree.size().height()))
        .ok_or_else(|| wrong("an empty drawing".into()))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(PIXELS, PIXELS), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| wrong(e.to_string()))
}
