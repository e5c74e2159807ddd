//! Starts a child process that decodes one picture, and ends it with the picture.

use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use safelight_protocol::ErrorCode;

use super::{
    super::super::{Options, error::DecodeError},
    CodedImage,
    wire::{Answer, Request},
};
use crate::{error::ServiceError, options::Size};

/// The interval at which the deadline is checked for cancellation.
const PAUSE: Duration = Duration::from_millis(50);

/// Decodes data in a child process. The size is the one that the container claims.
pub(super) fn decode(
    program: &Path,
    arguments: &[OsString],
    data: &[u8],
    size: Size,
    options: Options<'_>,
) -> Result<CodedImage, DecodeError> {
    let (child, pipes) = start(program, arguments)?;
    let request = Request {
        memory: options.memory,
        size,
        data,
    };
    let (working, done) = channel();
    let (
        answer,
        Ended {
            status,
            deadline_error,
        },
    ) = thread::scope(|scope| {
        let asking = thread::Builder::new().spawn_scoped(scope, move || {
            // The sender is dropped with the answer, or at once if no thread starts.
            let _working = working;
            ask(&request, pipes)
        });
        let ended = watch(child, &done, options);
        let answer = asking.and_then(|asking| {
            let panicked = |_| Err(io::Error::other("reading its answer panicked"));
            asking.join().unwrap_or_else(panicked)
        });
        (answer, ended)
    });
    if let Some(error) = deadline_error {
        return Err(DecodeError::Process(error));
    }
    match answer.map(Answer::into_picture) {
        Ok(Ok(decoded)) => decoded,
        Ok(Err(words)) => Err(failed(&words)),
        Err(error) => Err(failed(&match status {
            Ok(status) => format!("{error}; it ended with {status}"),
            Err(unknown) => format!("{error}; how it ended is not known: {unknown}"),
        })),
    }
}

/// The standard input and output of the child.
type Pipes = (ChildStdin, ChildStdout);

fn start(program: &Path, arguments: &[OsString]) -> Result<(Child, Pipes), DecodeError> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // The library prints a line for every broken file.
        .stderr(Stdio::null())
        // A Ctrl-C on the terminal is for the servers, which finish their requests.
        .process_group(0)
        .spawn()
        .map_err(|error| not_started(program, &error.to_string()))?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(input), Some(output)) => Ok((child, (input, output))),
        _ => Err(not_started(program, "it has no pipes")),
    }
}

fn ask(request: &Request<&[u8]>, (mut input, mut output): Pipes) -> io::Result<Answer> {
    // A child that dies early may have written its reason.
    let _broken_off = request.write(&mut input);
    let answer = Answer::read(request.size, &mut output);
    // The child ends with its input, which therefore stays open until the answer is read.
    drop(input);
    answer
}

/// The end of a child.
struct Ended {
    status: io::Result<ExitStatus>,
    /// The error of the deadline, if it ended the child.
    deadline_error: Option<ServiceError>,
}

/// Waits until the work is done or its deadline is over, and ends the process.
fn watch(mut child: Child, done: &Receiver<()>, options: Options<'_>) -> Ended {
    let deadline_error = loop {
        let left = options.deadline.left();
        match done.recv_timeout(PAUSE.min(left)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Err(error) = options.deadline.check() {
            break Some(error);
        }
    };
    // A child that is about to end by itself keeps its own status.
    let _gone = child.kill();
    Ended {
        status: child.wait(),
        deadline_error,
    }
}

fn failed(how: &str) -> DecodeError {
    tracing::error!(how, "the decoder of image/avif failed");
    DecodeError::Process(ServiceError::new(
        ErrorCode::DecodingFailed,
        "the decoder of image/avif failed at this image; the log says how",
    ))
}

fn not_started(program: &Path, why: &str) -> DecodeError {
    let program = program.display();
    DecodeError::Process(ServiceError::new(
        ErrorCode::Internal,
        format!("could not start the decoder of image/avif, {program}: {why}"),
    ))
}
