//! The front of a worker: accepts requests, routes them, and answers them.
//!
//! | module | does |
//! |---|---|
//! | [`server`] | accepts connections, begins requests, and observes each response to its end |
//! | [`access`] | admits requests by their host, and clients to faults and safelight's own paths |
//! | [`router`] | routes a request to safelight's own paths, to pictures by URL, or to the worker's front |
//! | [`worker_front`] | answers by public buckets, then static files, then the worker |
//! | [`traces`] | keeps the traces of the last requests |
//! | [`refusal`] | the response to a request that has none of the worker |

pub mod access;
mod client;
mod connections;
pub mod refusal;
pub mod router;
pub mod server;
mod streams;
mod target;
pub mod traces;
pub mod worker_front;

pub use server::Served;
pub use worker_front::WorkerFront;
