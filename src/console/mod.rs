//! The terminal console.

pub mod glyphs;
pub mod theme;
pub mod view;
pub mod zone;
