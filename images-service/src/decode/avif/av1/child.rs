//! The child process: decodes one picture and ends.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    panic, process, thread,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    library,
    wire::{Answer, Request},
};

/// The bytes that the program, and the library for a picture of no size, allocate.
const OWN_MEMORY: u64 = 64_000_000;

/// Reads one request from standard input, and writes its answer to standard output. A failure to decode is an answer,
/// too.
///
/// # Errors
/// When a standard stream cannot be duplicated, or the answer cannot be written.
pub(in crate::decode) fn serve() -> io::Result<()> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let answer_output = output.try_clone()?;
    // rav1d's frames cannot unwind. The first panic ends the process, so the hook writes the answer.
    panic::set_hook(Box::new(move |info| {
        let _not_written = Answer::Failed(info.to_string()).write(&mut &answer_output);
        process::abort();
    }));
    // The parent discards the standard error, so the child writes an error as its answer.
    let answer = decoded(input).unwrap_or_else(|error| Answer::Failed(error.to_string()));
    answer.write(&mut output)
}

/// Returns the answer to a request. Fails if the request cannot be read, or a limit cannot be set.
fn decoded(mut input: File) -> io::Result<Answer> {
    limit(Resource::Core, 0)?;
    let Request { memory, size, data } = Request::read(&mut input)
        .map_err(|error| io::Error::other(format!("the request cannot be read: {error}")))?;
    thread::Builder::new().spawn(move || end_with(input))?;
    // The request's data and the library's copy of it count, too.
    let all = memory.saturating_add(2 * data.len() as u64);
    limit(Resource::Data, all.saturating_add(OWN_MEMORY))?;
    Ok(Answer::from_result(library::decode(&data, size)))
}

/// Ends this process when the parent closes the input, because it does not need the picture any more.
#[expect(
    clippy::exit,
    reason = "the decoder on the other thread cannot be asked to stop"
)]
fn end_with(mut input: File) {
    let mut ignored = [0; 64];
    while matches!(input.read(&mut ignored), Ok(1..)) {}
    process::exit(1);
}

/// Lowers a resource limit of this process. A lower limit stays.
fn limit(resource: Resource, bytes: u64) -> io::Result<()> {
    let bytes = getrlimit(resource)
        .maximum
        .map_or(bytes, |now| now.min(bytes));
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    setrlimit(resource, limit)
        .map_err(|error| io::Error::other(format!("the process may not be limited: {error}")))
}
