//! An entry point for fuzzers to the loop of a pixel process. The fuzzer's own process runs it, and is not confined.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::{fs::FileExt, net::UnixStream},
    },
    thread,
};

use safelight_protocol::settings::Sandbox;

use super::{Control, Mapping, PixelProcess, Start, shared};
use crate::{limits::RequestLimits, pipeline::PixelLimits};

/// The bytes of a result.
pub(in crate::process) const OUTPUT_BYTES: usize = 1 << 22;

/// Follows orders until one is wrong or the last one is done. Returns all bytes that the process says meanwhile.
///
/// # Errors
/// Fails when the system has no memory, socket or thread.
pub(in crate::process) fn follow(
    orders: &[u8],
    input: &[u8],
    pixels: &PixelLimits,
) -> io::Result<Vec<u8>> {
    let (ours, theirs) = UnixStream::pair()?;
    // No mapping is empty.
    let capacity = input.len().max(1);
    let memory = shared::create("safelight-fuzz-input", capacity)?;
    memory.write_all_at(input, 0)?;
    let mut process = PixelProcess {
        start: Start {
            parent: 0,
            sandbox: Sandbox::Off,
            pixels: pixels.clone(),
            request: RequestLimits::default(),
            capacities: [capacity, OUTPUT_BYTES],
            processors: 1,
            memory: 0,
        },
        input: Mapping::new(&memory, capacity)?,
        output: shared::create("safelight-fuzz-output", OUTPUT_BYTES)?,
        control: Control {
            socket: File::from(OwnedFd::from(ours)),
        },
    };
    thread::scope(|scope| {
        // The process waits when nobody reads what it says.
        let said = scope.spawn(|| {
            let mut said = Vec::new();
            match (&theirs).read_to_end(&mut said) {
                // A process that ends at a wrong order leaves the others unread.
                Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
                _ => Ok(said),
            }
        });
        (&theirs).write_all(orders)?;
        theirs.shutdown(Shutdown::Write)?;
        // A wrong order ends the process.
        let _wrong = process.work_until_the_end();
        drop(process);
        said.join()
            .unwrap_or_else(|_panicked| Err(io::Error::other("the reader panicked")))
    })
}
