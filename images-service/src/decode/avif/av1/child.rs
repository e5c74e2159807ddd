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

/// Bytes that the program itself takes, and the library for pictures of no size.
const OWN_MEMORY: u64 = 64_000_000;

/// Reads one request from standard input, and writes its answer to standard output, be it why there is no picture.
///
/// # Errors
/// When there is no way to answer.
pub(in crate::decode) fn serve() -> io::Result<()> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let told = output.try_clone()?;
    // The library's frames cannot unwind: the first panic is the end, and this the last that can be said.
    panic::set_hook(Box::new(move |info| {
        let _unheard = Answer::Failed(info.to_string()).write(&mut &told);
        process::abort();
    }));
    // Its standard error is not read.
    let answer = decoded(input).unwrap_or_else(|error| Answer::Failed(error.to_string()));
    answer.write(&mut output)
}

/// The answer to a request; an error if it cannot be read, or the process may not be limited.
fn decoded(mut input: File) -> io::Result<Answer> {
    limit(Resource::Core, 0)?;
    let Request { memory, size, data } = Request::read(&mut input)
        .map_err(|error| io::Error::other(format!("the request cannot be read: {error}")))?;
    thread::Builder::new().spawn(move || end_with(input))?;
    // The data is there once more while it is decoded.
    let all = memory.saturating_add(2 * data.len() as u64);
    limit(Resource::Data, all.saturating_add(OWN_MEMORY))?;
    Ok(Answer::from_result(library::decode(&data, size)))
}

/// The parent holds the other end of the input. When it is closed, the picture is not needed any more.
#[expect(
    clippy::exit,
    reason = "the decoder on the other thread cannot be asked to stop"
)]
fn end_with(mut input: File) {
    let mut ignored = [0; 64];
    while matches!(input.read(&mut ignored), Ok(1..)) {}
    process::exit(1);
}

/// Limits this process, which may be limited to less already.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = getrlimit(resource)
        .maximum
        .map_or(most, |now| now.min(most));
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(resource, limit)
        .map_err(|error| io::Error::other(format!("the process may not be limited: {error}")))
}
