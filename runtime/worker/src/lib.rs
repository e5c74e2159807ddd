//! Wasm workers: the only crate that knows the engine.
//!
//! | module | does |
//! |---|---|
//! | [`compile`] | compiles components and caches their machine code |
//! | [`service`] | answers a service binding by another worker of the run |
//! | [`worker`] | answers requests with the instances of a component |
//! | `factory` | links a component and creates its instances |
//! | `hooks` | the host side of a guest's outgoing requests |
//! | `guest_output` | a guest's output streams |
//! | `instance` | an instance: its requests, its lifetime and its end |
//! | [`limits`] | memory and CPU time of an instance |
//! | [`error`] [`death`] | the errors of a request; the death of an instance |
//! | `shared` | the part of an instance that outlives its store |
//! | `guest_request` | a request in an instance, with the guest's output for it |
//! | `engine` | conversions of bodies and errors between the engine's types and those of the runtime |

pub mod compile;
pub mod death;
mod engine;
pub mod error;
mod factory;
mod guest_output;
mod guest_request;
mod hooks;
mod instance;
pub mod limits;
pub mod service;
mod shared;
pub mod worker;

pub use error::{WorkerError, WorkerErrorKind};
pub use worker::{Worker, WorkerEnv};
