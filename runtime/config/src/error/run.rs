//! The errors of a run with several workers.

use std::fmt;
use std::path::PathBuf;

use super::quoted;

/// The error of a run with several workers. The text follows the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// No worker of the run has the name.
    NoSuchWorker {
        name: String,
        run: Vec<String>,
    },
    TooManyWorkers(usize),
    SameWorkerName {
        name: String,
        other: PathBuf,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchWorker { name, run } => write!(
                f,
                "names the worker `{name}`, but this run has {}; hint: `safelight dev` takes the folders of several \
                 workers, and `safelight.workers` lists them in the config",
                quoted(run)
            ),
            Self::TooManyWorkers(max) => write!(f, "makes more than {max} workers"),
            Self::SameWorkerName { name, other } => {
                write!(f, "is `{name}`, as in {}", other.display())
            }
        }
    }
}
