//! Why a worker cannot have the services, the files or the secrets that were meant for it.

use std::fmt;
use std::path::PathBuf;

use super::quoted;
use crate::secrets::DotenvError;

/// Why a worker cannot have what was meant for it. The text follows the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantError {
    NoneOf(Vec<&'static str>),
    /// In `assets.run_worker_first`.
    WorkerRules(&'static str),
    /// In a file of secrets.
    Dotenv(DotenvError),
    /// No worker of the run has the name.
    NoSuchWorker {
        name: String,
        run: Vec<String>,
    },
    TooManyWorkers(usize),
    /// Said of files that are all there is.
    NoWorker,
    SameWorkerName {
        name: String,
        other: PathBuf,
    },
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneOf(words) => write!(f, "must be one of {}", words.join(", ")),
            Self::WorkerRules(what) => f.write_str(what),
            Self::Dotenv(error) => error.fmt(f),
            Self::NoSuchWorker { name, run } => write!(
                f,
                "names the worker `{name}`, but this run has {}; hint: `safelight dev` takes the folders of several \
                 workers, and `safelight.workers` lists them in the config",
                quoted(run)
            ),
            Self::NoWorker => f.write_str("is for a worker, and there is none without `main`"),
            Self::TooManyWorkers(most) => write!(f, "makes more than {most} workers"),
            Self::SameWorkerName { name, other } => {
                write!(f, "is `{name}`, as in {}", other.display())
            }
        }
    }
}
