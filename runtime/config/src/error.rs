//! The errors of a config, each with its file, line, column and dotted key.

mod assets;
mod located;
mod notice;
mod run;
mod storage;

use std::fmt;

use super::dotenv::DotenvError;
use super::limits::{MAX_DEPTH, MAX_FILE_BYTES};
use safelight_hop::faults::FaultError;

pub use assets::AssetsError;
pub use located::{Located, Position};
pub use notice::Notice;
pub use run::RunError;
pub use storage::StorageError;

/// All errors of a config; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<Located<ConfigError>>,
    /// The number of further errors, which were only counted.
    left_out: usize,
}

impl ConfigErrors {
    pub(super) fn new(errors: Vec<Located<ConfigError>>, left_out: usize) -> Self {
        Self { errors, left_out }
    }

    /// The errors in the order of their positions, those without one first.
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

/// One error of a config. The text follows the key: "`main` is missing".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// The folder has none of wrangler's config files.
    NoFile,
    /// The path is that of a folder, a pipe or a device.
    NotAFile,
    /// The file name has none of the extensions of a config.
    UnknownSyntax,
    /// The system cannot read the file, for the reason in the text.
    Unreadable(String),
    /// The file has more bytes than a config may have.
    TooLarge,
    /// The file is not text in UTF-8.
    NotUtf8,
    /// The file is not JSON or TOML; the text is the parser's.
    Syntax(String),
    /// Tables and lists are nested deeper than a config may nest them.
    TooDeep,
    /// A number has no finite value as a floating-point number.
    NumberRange,
    /// A table has the same key twice.
    DuplicateKey,
    /// The file has no table at its top level.
    NotATable,
    /// The key declares bindings that safelight does not have.
    UnsupportedBinding,
    /// The key changes the worker's responses in a way that safelight does not support.
    UnsupportedFeature,
    /// The key is none that is known in its place.
    UnknownKey {
        /// The known key that is most like it, if one is.
        like: Option<&'static str>,
    },
    /// An environment has a key that only the top level may have.
    TopLevelOnly,
    /// The config does not have the chosen environment.
    NoEnvironment {
        /// The environments that it has.
        known: Vec<String>,
    },
    /// A required key is absent.
    Missing,
    /// A value has another type than its key takes.
    WrongType {
        /// The type that the key takes, with its article.
        expected: &'static str,
        /// The type of the value, with its article.
        actual: &'static str,
    },
    /// A text is empty or only white space.
    Empty,
    /// The name of a worker has a character that it may not have.
    BadWorkerName,
    /// A compatibility date is not in the form of a date.
    BadDate,
    /// The name of a binding is no identifier.
    BadBindingName,
    /// The name of a variable cannot be that of an environment variable.
    BadVariableName,
    /// The value of a variable has a NUL.
    NulInVariable,
    /// A binding, a variable or a secret has a name that safelight uses itself.
    Reserved,
    /// Two of the bindings and variables have one name.
    NameTaken {
        /// The key of the other one.
        by: String,
    },
    /// `images` is a list.
    ListOfImages,
    /// A binding has `remote = true`.
    Remote,
    /// `dev.ip` is no IP address.
    BadIp,
    /// A number is no whole number of the range.
    NotBetween {
        /// The smallest number of the range.
        min: u64,
        /// The largest number of the range.
        max: u64,
    },
    /// A protocol of `dev` is another one than `http`.
    NoHttps,
    /// `dev.host` is set.
    NoOtherHost,
    /// An element of `safelight.faults` is no fault.
    Fault(FaultError),
    /// A key of a fault is false, where its absence says no.
    OnlyTrue,
    /// A value is none that its key takes; the text is that of the error.
    BadValue(String),
    /// A list has too many elements.
    TooMany {
        /// The largest number of elements.
        max: usize,
        /// The word for the elements.
        items: &'static str,
    },
    /// A line of a file of secrets is malformed.
    Dotenv(DotenvError),
    /// A key of `assets` is wrong, or a key is for the worker that a site does not have.
    Assets(AssetsError),
    /// A key of `services` is wrong, or the workers of a run do not fit together.
    Run(RunError),
    /// A key of `r2_buckets`, `safelight.r2` or `safelight.storage` is wrong.
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
                "is not supported by safelight yet: the worker sees the host it was asked for; `safelight.allowed_hosts` allows one"
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
