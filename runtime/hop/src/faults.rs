//! Faults: what to break on purpose, and at which calls.
//!
//! | module | holds |
//! |---|---|
//! | [`header`] | the faults of one request, from its header |
//! | [`grammar`] | a fault from its text |
//! | [`set`] | the faults that are on, and the hops that they can be aimed at |
//! | [`hop`] | a hop as faults see it |
//! | [`fault`] | a fault as a value |
//! | [`error`] | why a text is not a fault, or a fault cannot be applied |

pub mod error;
pub mod fault;
pub mod grammar;
pub mod header;
pub mod hop;
mod limits;
pub mod set;

pub use error::FaultError;
pub use fault::Fault;
pub use hop::{Hop, ImagesFaults};
pub use set::{FaultSet, Targets};
