//! The records of a request's hops, kept while somebody may ask for them.
//!
//! | module | holds |
//! |---|---|
//! | [`hops`] | the shape of a trace, in memory and as JSON |
//! | [`request`] | the trace of a request on its way |
//! | [`call`] | the record of one call: its line in the log, and its place in the trace |
//! | [`tree`] | a trace as text |
//!
//! A trace costs a request a few integers under a lock that nobody else wants, and a call a place in a list.

pub mod call;
pub mod hops;
pub mod request;
pub mod tree;

pub use call::{CallEnd, CallHead, CallRecord};
pub use hops::{End, Trace};
pub use request::{Arrival, RequestTrace};
