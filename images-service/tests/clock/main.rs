//! Deadlines and queues, with a paused clock: it advances only when no task can run.
//!
//! No service here has pixel processes. The end of a child would wake every runtime of this program, and the clock would
//! advance while bytes are on their way.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]
#![expect(dead_code, reason = "the tests of the wire share these modules")]

#[path = "../wire/client.rs"]
mod client;
mod connections;
#[path = "../wire/form.rs"]
mod form;
mod overload;
#[path = "../wire/pictures.rs"]
mod pictures;
#[path = "../wire/service.rs"]
mod server;

use safelight_images::{Limits, PixelProgram};

use self::server::Service;

/// Starts a service that has no program for pixel processes.
fn service(limits: Limits) -> Service {
    let program = PixelProgram {
        program: "/dev/null/none".into(),
        arguments: Vec::new(),
    };
    Service::with_program(limits, program)
}
