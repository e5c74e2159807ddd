//! The records of a request's hops. The program keeps those of its newest requests.
//!
//! | module | holds |
//! |---|---|
//! | [`hops`] | the shape of a trace, in memory and as JSON |
//! | [`request`] | the trace of a request, filled in while the request is open |
//! | [`call`] | the record of one call in the trace |
//! | [`tree`] | a trace as text |
//!
//! A call that a trace keeps costs one record with copies of its texts, and one uncontended lock for each of its events. A
//! call that no trace keeps costs nothing here.

pub mod call;
pub mod hops;
pub mod request;
pub mod tree;

pub use call::{CallEnd, CallHead, CallRecord};
pub use hops::{End, Trace};
pub use request::{Arrival, RequestTrace};
