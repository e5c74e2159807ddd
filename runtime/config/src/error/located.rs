//! The position of an error or a warning.

use std::fmt;
use std::path::PathBuf;

/// An error or a warning with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The path of the file, as messages show it.
    pub file: PathBuf,
    /// The position in the file; `None` for a message about the file as a whole.
    pub position: Option<Position>,
    /// The dotted path of the key, such as `images.binding`; empty for a message that is not about one key.
    pub key: String,
    /// The error or the warning.
    pub message: T,
}

/// A position in a file. Positions are ordered as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the line, from 1.
    pub line: usize,
    /// The number of the character in its line, from 1. A character is a Unicode scalar value, also where it takes several bytes.
    pub column: usize,
}

impl<T: fmt::Display> fmt::Display for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            write!(f, "`{}` ", self.key)?;
        }
        self.message.fmt(f)
    }
}
