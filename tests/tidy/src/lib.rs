//! The rules of this repository that a program can check, each a function from plain values to messages.
//!
//! | module | what it holds |
//! |---|---|
//! | [`project`] | the text files of a checkout, and its examples |
//! | [`modules`] | the modules of a crate, what each imports, and the rule that they make no circle |
//! | [`order`] | the rules on dependencies between crates |
//! | [`owners`] | the rules on libraries that one crate has for itself |
//! | [`text`] | the rules on one file |
//! | [`workspace`] | its crates, as `cargo metadata` tells them |

mod error;
pub mod modules;
pub mod order;
pub mod owners;
pub mod project;
pub mod text;
pub mod workspace;

pub use crate::error::TidyError;
