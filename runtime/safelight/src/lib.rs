//! The program `safelight`: the dev server, and the commands beside it.
//!
//! | module | does |
//! |---|---|
//! | [`cli`] | turns flags and subcommands into one run with an exit code |
//! | [`dev`] | runs the dev server and its processes, from start to end |
//! | [`front`] | accepts requests, routes them, and answers them |
//! | [`guest`] | builds a worker's source to a component |

pub mod cli;
pub mod dev;
pub mod front;
pub mod guest;
