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

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

use safelight_images::{Limits, PixelProgram};

use self::server::Service;

/// One test runs at a time. The system forks to find that a program is missing, and the fork holds the sockets of every
/// test for a moment, in which a closed connection is not closed.
static ALONE: Mutex<()> = Mutex::new(());

/// A service that has no program for pixel processes.
struct Alone {
    service: Service,
    _alone: MutexGuard<'static, ()>,
}

impl Deref for Alone {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl DerefMut for Alone {
    fn deref_mut(&mut self) -> &mut Service {
        &mut self.service
    }
}

fn service(limits: Limits) -> Alone {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let program = PixelProgram {
        program: "/dev/null/none".into(),
        arguments: Vec::new(),
    };
    Alone {
        service: Service::with_program(limits, program),
        _alone: alone,
    }
}
