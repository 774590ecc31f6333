//! What the command line has: commands, recipes and options, each described once. The help, the overview and the check
//! that a command has an option are made from this.

mod commands;
mod notes;
mod options;
mod recipes;
mod topic;

pub(super) use commands::COMMANDS;
pub(super) use notes::SOURCES;
pub(super) use options::{OVERVIEW, SHARED};
pub(super) use recipes::RECIPES;
pub(super) use topic::{Given, Group, Opt, Topic};
