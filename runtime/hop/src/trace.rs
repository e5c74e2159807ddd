//! The records of a request's hops. The program keeps those of its newest requests.
//!
//! | module | holds |
//! |---|---|
//! | [`hops`] | the shape of a trace, in memory and as JSON |
//! | [`request`] | the trace of a request, filled in while the request is open |
//! | [`call`] | the record of one call, which a trace may keep |
//! | `facts` | the facts of a call: its line in the log, and its part of a trace |
//! | [`tree`] | a trace as text |
//!
//! A call costs one record with copies of its texts, and one uncontended lock for each of its events.

pub mod call;
mod facts;
pub mod hops;
pub mod request;
pub mod tree;

pub use call::CallRecord;
pub use facts::CallHead;
pub use hops::{End, Trace};
pub use request::{Arrival, RequestTrace};
