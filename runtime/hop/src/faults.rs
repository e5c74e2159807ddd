//! Faults: the values, their grammar and the active set.
//!
//! | module | holds |
//! |---|---|
//! | [`header`] | the faults of one request, from its header |
//! | [`grammar`] | a fault from its text |
//! | [`set`] | the active faults, and the hops that faults can be aimed at |
//! | [`hop`] | a hop as faults see it |
//! | [`fault`] | a fault as a value |
//! | [`error`] | the error of a fault that is malformed or cannot apply |

pub mod error;
pub mod fault;
pub mod grammar;
pub mod header;
pub mod hop;
mod limits;
pub mod set;

pub use error::FaultError;
pub use fault::{Fault, FaultKind};
pub use hop::{Hop, ImagesFaults};
pub use set::{FaultSet, Targets};
