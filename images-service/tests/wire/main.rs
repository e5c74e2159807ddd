//! The images process as its clients see it: bytes on a real Unix socket.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod captures;
mod client;
mod connections;
mod costly_files;
mod costly_heic;
#[path = "../pixels/deep.rs"]
mod deep;
mod estimates;
mod extension;
mod fidelity;
mod flat_jpeg;
#[path = "../fonts/font.rs"]
mod font;
mod fonts;
mod form;
mod forms;
mod heif;
mod hevc;
mod limits;
mod mutated;
mod options;
mod output;
mod pictures;
mod processes;
mod service;
mod text;
mod watched;
