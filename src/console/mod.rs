//! The terminal console.

pub mod glyphs;
pub mod theme;
pub mod zone;
