//! Pictures: colours, classes, the frame around a drawing, and its file as SVG or PNG.

pub mod classes;
pub mod colours;
pub mod frame;
pub mod picture;
