//! The errors of `assets`, and of a config that has nothing else.

use std::fmt;

/// The error of static files. The text follows the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssetsError {
    /// A value is none of these words.
    NotOneOf(Vec<&'static str>),
    /// The rules of `run_worker_first` break a rule of the platform, which the text names.
    WorkerRules(&'static str),
    /// A key is for a worker, and the config has only assets.
    NoWorker,
}

impl fmt::Display for AssetsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOneOf(words) => write!(f, "must be one of {}", words.join(", ")),
            Self::WorkerRules(text) => f.write_str(text),
            Self::NoWorker => f.write_str("is for a worker, and there is none without `main`"),
        }
    }
}
