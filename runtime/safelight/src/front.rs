//! The front of a worker: accepts requests, routes them, and answers them.
//!
//! | module | does |
//! |---|---|
//! | [`server`] | accepts connections, makes each request whole, and sees every response to its end |
//! | [`router`] | finds who answers a request: safelight itself, pictures by URL, or the worker's front |
//! | [`worker_front`] | answers by public buckets, then static files, then the worker |
//! | [`traces`] | keeps the traces of the last requests |
//! | [`refusal`] | the answer for a request without one |

mod client;
pub mod refusal;
mod request_guard;
pub mod router;
pub mod server;
mod streams;
pub mod traces;
pub mod worker_front;

pub use server::Served;
pub use worker_front::WorkerFront;
