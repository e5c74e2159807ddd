//! A pixel process for fuzzers, whose socket is in their hands.

use std::io;

use rustix::process::Pid;
use tokio::{net::UnixStream, process::Child};

use super::{PixelProcess, shared};

impl PixelProcess {
    /// Creates a process from a child and from a socket whose other end the child does not have.
    ///
    /// # Errors
    /// Fails when the system has no shared memory.
    pub(in crate::process) fn with_socket(
        child: Child,
        control: UnixStream,
        capacity: usize,
        memory: u64,
    ) -> io::Result<Self> {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        Ok(Self {
            child,
            pid: pid.and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?,
            control,
            input: shared::create("safelight-fuzz-input", capacity)?,
            output: shared::create("safelight-fuzz-output", capacity)?,
            capacities: [capacity; 2],
            memory,
            held: 0,
            limit: memory,
            requests: 0,
            retained: None,
        })
    }
}
