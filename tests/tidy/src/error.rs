//! The errors of reading a checkout.

use std::fmt;
use std::io;
use std::path::PathBuf;

#[derive(Debug)]
pub enum TidyError {
    /// A file or folder cannot be read.
    Read(PathBuf, io::Error),
    /// `cargo metadata` failed; the text is what it printed.
    Cargo(String),
    /// The JSON of `cargo metadata` has not this key.
    Metadata(&'static str),
    /// A source file is not Rust.
    Syntax(String, syn::Error),
}

impl fmt::Display for TidyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "read {}: {error}", path.display()),
            Self::Cargo(text) => write!(f, "run cargo metadata: {text}"),
            Self::Metadata(missing) => write!(f, "read cargo metadata: no `{missing}`"),
            Self::Syntax(path, error) => {
                let start = error.span().start();
                write!(f, "parse {path}:{}: {error}", start.line)
            }
        }
    }
}

impl std::error::Error for TidyError {}
