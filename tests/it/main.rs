//! End-to-end tests: the real program, a real second process, real guests, a real socket.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod bindings;
mod bodies;
mod client;
mod config;
mod dev_server;
mod examples;
mod guests;
mod hello;
mod processes;
mod trace;
mod trouble;
