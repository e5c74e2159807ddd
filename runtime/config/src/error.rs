//! What can be wrong with a config, and where: each finding knows its file, line, column and dotted key.

mod grant;
mod storage;

use std::fmt;
use std::path::PathBuf;

use super::file::MAX_BYTES;
use super::tree::MAX_DEPTH;
use safelight_hop::faults::FaultError;

pub use grant::GrantError;
pub use storage::StorageError;

/// Everything that keeps a config from being used; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    mistakes: Vec<Located<ConfigError>>,
    /// Found, but past the number that anyone would read.
    left_out: usize,
}

impl ConfigErrors {
    pub(super) fn new(mistakes: Vec<Located<ConfigError>>, left_out: usize) -> Self {
        Self { mistakes, left_out }
    }

    pub fn mistakes(&self) -> &[Located<ConfigError>] {
        &self.mistakes
    }
}

impl From<Located<ConfigError>> for ConfigErrors {
    fn from(mistake: Located<ConfigError>) -> Self {
        Self::new(vec![mistake], 0)
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        if self.left_out > 0 {
            write!(f, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}

/// A finding and where it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    pub file: PathBuf,
    /// None: the finding is about the file as a whole.
    pub place: Option<Place>,
    /// Dotted, as in `images.binding`; empty: the finding is not about one key.
    pub key: String,
    pub what: T,
}

/// Counted from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl<T: fmt::Display> fmt::Display for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            write!(f, "`{}` ", self.key)?;
        }
        self.what.fmt(f)
    }
}

/// Why a config cannot be used. The text follows the key: "`main` is missing".
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
    NoBindingYet,
    NoFeatureYet,
    UnknownKey {
        like: Option<&'static str>,
    },
    TopLevelOnly,
    NoEnvironment {
        known: Vec<String>,
    },
    Missing,
    WrongType {
        wanted: &'static str,
        found: &'static str,
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
    /// An element of a list, and what it should be.
    NotOneOf(String),
    /// Elements of a list.
    TooMany {
        most: usize,
        of: &'static str,
    },
    /// In `services`, `assets`, the secrets, or the run as a whole.
    Grant(GrantError),
    /// Of buckets, or of where they are.
    Storage(StorageError),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFile => "there is no wrangler.json, wrangler.jsonc or wrangler.toml here",
            Self::NotAFile => "not a file",
            Self::UnknownSyntax => "the name of a config ends in .json, .jsonc or .toml",
            Self::Unreadable(why) => return write!(f, "cannot be read: {why}"),
            Self::TooLarge => return write!(f, "larger than {MAX_BYTES} bytes"),
            Self::NotUtf8 => "not UTF-8 text",
            Self::Syntax(why) | Self::NotOneOf(why) => why,
            Self::TooDeep => return write!(f, "nested more than {MAX_DEPTH} deep"),
            Self::NumberRange => "this number does not fit",
            Self::DuplicateKey => "is given twice",
            Self::NotATable => "the config is not a table of keys",
            Self::NoBindingYet => "is a binding that safelight does not have yet",
            Self::NoFeatureYet => "is not supported by safelight yet",
            Self::UnknownKey { like: None } => "is not a key that is known here",
            Self::UnknownKey { like: Some(like) } => {
                return write!(f, "is not a key that is known here; did you mean `{like}`?");
            }
            Self::TopLevelOnly => "belongs at the top level of the config, not in an environment",
            Self::NoEnvironment { known } => return no_environment(f, known),
            Self::Missing => "is missing",
            Self::WrongType { wanted, found } => {
                return write!(f, "must be {wanted}, but is {found}");
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
            Self::TooMany { most, of } => return write!(f, "has more than {most} {of}"),
            Self::Grant(mistake) => return mistake.fmt(f),
            Self::Storage(mistake) => return mistake.fmt(f),
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

/// What the author should hear about a config that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Known keys that change nothing on a local run, together.
    NoEffect(Vec<String>),
    NotInherited {
        key: String,
        environment: String,
    },
    BindingAsEnvironment,
    /// Of a value in an `.env` file.
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

/// `a`, `b` and `c`.
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
