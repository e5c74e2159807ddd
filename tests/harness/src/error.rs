//! The error of the harness.

use std::fmt;
use std::io;

/// The reason for which there is no server, no answer or no line.
#[derive(Debug)]
pub enum HarnessError {
    /// The program could not be run; the path is where it was expected.
    Program(String, io::Error),
    /// The server exited before it was ready. These are its last lines.
    StartFailed(Vec<String>),
    /// The server exited before the awaited line. This is its log.
    Exited(Vec<String>),
    /// The timeout passed. This is the log so far.
    Timeout(Vec<String>),
    /// The connection ended before there was the head of an answer.
    NoAnswer(String),
    /// There was no whole answer within the timeout.
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
