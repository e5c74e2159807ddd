//! Timeouts that watch progress, for both ends of every hop.
//!
//! | module | holds |
//! |---|---|
//! | [`TimeoutStream`] | a stream: stalled writes, request heads that never end, idle connections |
//! | [`ReadTimeoutBody`] | a body that is received: pauses between its bytes |
//! | [`Activity`] | the state of one connection's requests, shared with its stream |
//! | [`Deadlines`] | the limits |
//!
//! No timeout here bounds the total time of a transfer: a slow one that makes progress goes on.

mod activity;
mod idle;
mod limits;
mod read_timeout;
#[cfg(test)]
mod tests;
mod timeout_stream;
mod timer;

pub use self::{
    activity::{Activity, RequestGuard},
    limits::{Deadlines, IDLE_TIMEOUT},
    read_timeout::{ReadTimeoutBody, ReadTimeoutError},
    timeout_stream::TimeoutStream,
};
