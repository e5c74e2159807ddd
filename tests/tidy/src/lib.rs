//! The rules of this repository that a program can check, each a function from plain values to messages.
//!
//! | module | what it holds |
//! |---|---|
//! | [`project`] | the text files of a checkout, and its examples |
//! | [`text`] | the rules on one file |
//! | [`workspace`] | its crates, as `cargo metadata` tells them |

mod error;
pub mod project;
pub mod text;
pub mod workspace;

pub use crate::error::TidyError;
