//! The errors of a run with several workers.

use std::fmt;
use std::path::PathBuf;

use super::quoted;

/// The error of a run with several workers. The text follows the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// A service names a worker that is not in the run.
    NoSuchWorker {
        /// The name of the worker.
        name: String,
        /// The names of the workers of the run.
        run: Vec<String>,
    },
    /// The run has more workers than this maximum.
    TooManyWorkers(usize),
    /// Two workers of the run have one name.
    SameWorkerName {
        /// The name of both workers.
        name: String,
        /// The config of the other worker.
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
