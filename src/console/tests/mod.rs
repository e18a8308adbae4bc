//! Tests of the whole console without a terminal and without a database: keys and answers in, effects and screens out.

mod answers;
mod desk;
mod fixtures;
mod keys;
mod screens;
mod styles;
