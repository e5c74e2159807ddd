//! Wasm workers: the only crate that knows the engine.
//!
//! | module | does |
//! |---|---|
//! | [`compile`] | a component to machine code, kept on disk |
//! | [`service`] | answers a service binding by another worker of the run |
//! | [`worker`] | links a component once and answers requests with its instances |
//! | `hooks` | answers what a guest asks of its host: outgoing requests, output streams |
//! | `instance` | one running copy: its requests, its life and its end |
//! | [`limits`] | memory and CPU time of an instance |
//! | [`error`] [`death`] | why a worker has no answer; how an instance died |
//! | `shared` | the part of an instance that outlives its store |
//! | `guest_request` | a request inside of an instance, with what the guest prints for it |
//! | `engine` | bodies and errors between the engine's types and ours |

pub mod compile;
pub mod death;
mod engine;
pub mod error;
mod guest_request;
mod hooks;
mod instance;
pub mod limits;
pub mod service;
mod shared;
pub mod worker;

pub use error::{WorkerError, WorkerErrorKind};
pub use worker::{Worker, WorkerEnv};
