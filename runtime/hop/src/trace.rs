//! The records of a request's hops. The program keeps those of its newest requests.
//!
//! | module | holds |
//! |---|---|
//! | [`hops`] | the shape of a trace, in memory and as JSON |
//! | [`request`] | the trace of a request, filled in while the request is open |
//! | [`call`] | the record of one call: its line in the log, and its place in the trace |
//! | [`tree`] | a trace as text |
//!
//! A trace costs a request a few integers under an uncontended lock, and a call one entry of a list.

pub mod call;
pub mod hops;
pub mod request;
pub mod tree;

pub use call::{CallEnd, CallHead, CallRecord};
pub use hops::{End, Trace};
pub use request::{Arrival, RequestTrace};
