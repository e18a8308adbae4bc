//! Tests of the whole console without a terminal and without a database: keys and answers in, effects and screens out.

mod answers;
mod characters;
mod charts;
mod commands;
mod desk;
mod exports;
mod fixtures;
mod forms;
mod guards;
mod hostile;
mod keys;
mod lists;
mod marks;
mod messages;
mod mouse;
mod screens;
mod sizes;
mod sources;
mod styles;
mod undo;
