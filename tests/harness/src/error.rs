//! What can go wrong before there is something to assert.

use std::fmt;
use std::io;

/// Why there is no server, no answer or no line.
#[derive(Debug)]
pub enum HarnessError {
    /// The program could not be run; the path is where it was expected.
    Program(String, io::Error),
    /// The server ended before it was ready. These are its last words.
    Refused(Vec<String>),
    /// The server ended; the line that was waited for is not in its log.
    Ended(Vec<String>),
    /// It took too long; the log so far.
    Hangs(Vec<String>),
    /// The connection ended before there was the head of an answer.
    NoAnswer(String),
    /// There was no whole answer within the client's patience.
    Silent,
    /// The request cannot be sent.
    BadRequest(String),
}

impl fmt::Display for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(path, error) => write!(
                f,
                "{path} cannot be run: {error}; build it with `cargo build -p safelight`, or set SAFELIGHT_BIN"
            ),
            Self::Refused(words) => write!(f, "the server did not start: {}", words.join("\n")),
            Self::Ended(log) => write!(f, "the server ended; its log:\n{}", log.join("\n")),
            Self::Hangs(log) => write!(f, "that never came; the log:\n{}", log.join("\n")),
            Self::NoAnswer(why) => write!(f, "the connection ended without an answer: {why}"),
            Self::Silent => f.write_str("there is no whole answer yet"),
            Self::BadRequest(why) => write!(f, "the request cannot be sent: {why}"),
        }
    }
}

impl std::error::Error for HarnessError {}
