//! The program `safelight`: the dev server, and the commands beside it.
//!
//! | module | does |
//! |---|---|
//! | [`cli`] | the command line: flags, subcommands and the exit code |
//! | [`dev`] | starts, serves and stops the dev server and its processes |
//! | [`front`] | accepts requests, routes them, and answers them |
//! | [`guest`] | builds a worker's source to a component |

pub mod cli;
pub mod dev;
pub mod front;
pub mod guest;

pub use safelight_images::process::ExitWhenOutOfMemory;
