//! What can go wrong before there is something to assert.

use std::fmt;
use std::io;

/// Why there is no server, no answer or no line.
#[derive(Debug)]
pub enum HarnessError {
    /// The program could not be run; the path is where it was expected.
    Program(String, io::Error),
    /// The server ended before it was ready. These are its last words.
    StartFailed(Vec<String>),
    /// The server ended; the line that was waited for is not in its log.
    Exited(Vec<String>),
    /// It took too long; the log so far.
    Timeout(Vec<String>),
    /// The connection ended before there was the head of an answer.
    NoAnswer(String),
    /// There was no whole answer within the client's timeout.
    AnswerTimeout,
    /// The request cannot be sent.
    InvalidRequest(String),
}

impl fmt::Display for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(path, error) => write!(
                f,
                "{path} cannot be run: {error}; build it with `cargo build -p safelight`, or set SAFELIGHT_BIN"
            ),
            Self::StartFailed(words) => write!(f, "the server did not start: {}", words.join("\n")),
            Self::Exited(log) => write!(f, "the server ended; its log:\n{}", log.join("\n")),
            Self::Timeout(log) => write!(f, "that never came; the log:\n{}", log.join("\n")),
            Self::NoAnswer(why) => write!(f, "the connection ended without an answer: {why}"),
            Self::AnswerTimeout => f.write_str("there is no whole answer yet"),
            Self::InvalidRequest(why) => write!(f, "the request cannot be sent: {why}"),
        }
    }
}

impl std::error::Error for HarnessError {}
