//! The errors and warnings of a config, each with its file, line, column and dotted key.

mod assets;
mod run;
mod storage;

use std::fmt;
use std::path::PathBuf;

use super::dotenv::DotenvError;
use super::limits::{MAX_DEPTH, MAX_FILE_BYTES};
use safelight_hop::faults::FaultError;

pub use assets::AssetsError;
pub use run::RunError;
pub use storage::StorageError;

/// All errors of a config; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<Located<ConfigError>>,
    /// Further errors, which were only counted.
    left_out: usize,
}

impl ConfigErrors {
    pub(super) fn new(errors: Vec<Located<ConfigError>>, left_out: usize) -> Self {
        Self { errors, left_out }
    }

    pub fn errors(&self) -> &[Located<ConfigError>] {
        &self.errors
    }
}

impl From<Located<ConfigError>> for ConfigErrors {
    fn from(error: Located<ConfigError>) -> Self {
        Self::new(vec![error], 0)
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        if self.left_out > 0 {
            write!(f, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}

/// An error or a warning with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    pub file: PathBuf,
    /// `None` for a message about the file as a whole.
    pub position: Option<Position>,
    /// Dotted, as in `images.binding`; empty for a message that is not about one key.
    pub key: String,
    pub message: T,
}

/// A position in a file: both numbers from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
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

/// One error of a config. The text follows the key: "`main` is missing".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    NoFile,
    NotAFile,
    UnknownSyntax,
    Unreadable(String),
    TooLarge,
    NotUtf8,
    Syntax(String),
    TooDeep,
    NumberRange,
    DuplicateKey,
    NotATable,
    UnsupportedBinding,
    UnsupportedFeature,
    UnknownKey {
        like: Option<&'static str>,
    },
    TopLevelOnly,
    NoEnvironment {
        known: Vec<String>,
    },
    Missing,
    WrongType {
        expected: &'static str,
        actual: &'static str,
    },
    Empty,
    BadWorkerName,
    BadDate,
    BadBindingName,
    BadVariableName,
    NulInVariable,
    Reserved,
    NameTaken {
        by: String,
    },
    ListOfImages,
    Remote,
    BadIp,
    NotBetween {
        min: u64,
        max: u64,
    },
    NoHttps,
    NoOtherHost,
    /// In `safelight.faults`.
    Fault(FaultError),
    OnlyTrue,
    /// A value that its key does not take, with the text of the error.
    BadValue(String),
    /// A list has too many elements.
    TooMany {
        max: usize,
        items: &'static str,
    },
    /// In a file of secrets.
    Dotenv(DotenvError),
    /// In `assets`, or in a config that has nothing else.
    Assets(AssetsError),
    /// In `services`, or in the run as a whole.
    Run(RunError),
    /// In `r2_buckets`, `safelight.r2` or `safelight.storage`.
    Storage(StorageError),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFile => "there is no wrangler.json, wrangler.jsonc or wrangler.toml here",
            Self::NotAFile => "not a file",
            Self::UnknownSyntax => "the name of a config ends in .json, .jsonc or .toml",
            Self::Unreadable(why) => return write!(f, "cannot be read: {why}"),
            Self::TooLarge => return write!(f, "larger than {MAX_FILE_BYTES} bytes"),
            Self::NotUtf8 => "not UTF-8 text",
            Self::Syntax(why) | Self::BadValue(why) => why,
            Self::TooDeep => return write!(f, "nested more than {MAX_DEPTH} deep"),
            Self::NumberRange => "this number does not fit",
            Self::DuplicateKey => "is given twice",
            Self::NotATable => "the config is not a table of keys",
            Self::UnsupportedBinding => "is a binding that safelight does not have yet",
            Self::UnsupportedFeature => "is not supported by safelight yet",
            Self::UnknownKey { like: None } => "is not a key that is known here",
            Self::UnknownKey { like: Some(like) } => {
                return write!(f, "is not a key that is known here; did you mean `{like}`?");
            }
            Self::TopLevelOnly => "belongs at the top level of the config, not in an environment",
            Self::NoEnvironment { known } => return no_environment(f, known),
            Self::Missing => "is missing",
            Self::WrongType { expected, actual } => {
                return write!(f, "must be {expected}, but is {actual}");
            }
            Self::Empty => "is empty",
            Self::BadWorkerName => {
                "may hold only lowercase letters, digits, `_` and `-`, and does not begin with `-`"
            }
            Self::BadDate => "must be a date in the form 2026-08-01",
            Self::BadBindingName => {
                "must be a name of letters, digits and `_` that does not begin with a digit"
            }
            Self::BadVariableName => {
                "cannot be the name of a variable: it is empty or holds `=` or a NUL"
            }
            Self::NulInVariable => "holds a NUL, which an environment variable cannot",
            Self::Reserved => "uses a name that safelight itself gives to the worker",
            Self::NameTaken { by } => return write!(f, "has the same name as `{by}`"),
            Self::ListOfImages => {
                "must be one table, not a list: a worker has one Images binding at most"
            }
            Self::Remote => "cannot be true: safelight runs every binding on this machine",
            Self::BadIp => "must be an IP address, `localhost` or `*`",
            Self::NotBetween { min, max } => {
                return write!(f, "must be a whole number from {min} to {max}");
            }
            Self::Fault(error) => return error.fmt(f),
            Self::OnlyTrue => "can only be true; leave it out to say no",
            Self::TooMany { max, items } => return write!(f, "has more than {max} {items}"),
            Self::Dotenv(error) => return error.fmt(f),
            Self::Assets(error) => return error.fmt(f),
            Self::Run(error) => return error.fmt(f),
            Self::Storage(error) => return error.fmt(f),
            Self::NoHttps => "must be `http`: safelight does not serve https yet",
            Self::NoOtherHost => {
                "is not supported by safelight yet: the worker sees the host it was asked for"
            }
        })
    }
}

fn no_environment(f: &mut fmt::Formatter<'_>, known: &[String]) -> fmt::Result {
    match known {
        [] => f.write_str("is not there: the config has no environments"),
        known => write!(f, "is not there; the config has {}", quoted(known)),
    }
}

/// A warning about a config that is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// All known keys without an effect on a local run.
    NoEffect(Vec<String>),
    NotInherited {
        key: String,
        environment: String,
    },
    BindingAsEnvironment,
    /// In a value of an `.env` file.
    NotExpanded,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEffect(keys) => {
                let verb = if keys.len() == 1 { "has" } else { "have" };
                write!(f, "{} {verb} no effect on a local run", quoted(keys))
            }
            Self::NotInherited { key, environment } => write!(
                f,
                "is not inherited, so it is absent here; hint: repeat it as `env.{environment}.{key}`"
            ),
            Self::BindingAsEnvironment => f.write_str(
                "looks like a binding, a form that is not read yet: `env` holds environments",
            ),
            Self::NotExpanded => f.write_str(
                "holds a `$`, which is not expanded: the worker sees the value as it stands",
            ),
        }
    }
}

/// Formats names as `a`, `b` and `c`.
fn quoted(names: &[String]) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        text.push_str(match index {
            0 => "",
            _ if index + 1 == names.len() => " and ",
            _ => ", ",
        });
        text.push_str(&format!("`{name}`"));
    }
    text
}
