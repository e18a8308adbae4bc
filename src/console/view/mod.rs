//! What is on the screen, one region per file.

pub mod chart;
pub mod sparkline;
