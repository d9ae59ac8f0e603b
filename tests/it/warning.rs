//! warning
