//! The terminal console.

pub mod effect;
pub mod event;
pub mod glyphs;
pub mod keymap;
pub mod listing;
pub mod options;
pub mod screen;
pub mod state;
pub mod theme;
pub mod update;
pub mod view;
pub mod zone;

#[cfg(test)]
mod tests;
