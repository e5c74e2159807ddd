//! The rules of this repository that a program can check, each a function from plain values to messages.
//!
//! | module | holds |
//! |---|---|
//! | [`project`] | the text files of a checkout, and its examples |
//! | [`text`] | the rules on one file |
//! | [`workspace`] | the crates of a checkout, from `cargo metadata` |
//! | [`order`] | the rules on dependencies between crates |
//! | [`recipe`] | the rule that a binding takes what CONTRIBUTING.md says, held by the echo binding |
//! | [`owners`] | the rules on libraries that a single crate may depend on |
//! | [`unused`] | the rule that the sources of a crate name its dependencies |
//! | [`modules`] | the modules of a crate, what each imports, and the rule that they make no circle |
//! | [`map`] | the rule that ARCHITECTURE.md's map is that of the crates |
//! | [`invariants`] | the rule that each invariant names a test |
//! | [`count`] | the figures that `safelight-tidy count` prints |

pub mod count;
mod error;
pub mod invariants;
pub mod map;
pub mod modules;
pub mod order;
pub mod owners;
pub mod project;
pub mod recipe;
pub mod text;
pub mod unused;
pub mod workspace;

pub use crate::error::TidyError;
