//! The error of `env`.

use std::fmt;

use safelight_protocol::BindingKind;

/// The reason for which `env` could not return a binding or a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvError {
    /// No binding has this name.
    UnknownBinding {
        /// The name in the lookup.
        name: String,
        /// All bindings, each with its kind.
        granted: Vec<String>,
    },
    /// The binding of this name is of another kind.
    WrongKind {
        /// The name in the lookup.
        name: String,
        /// Its kind.
        kind: String,
        /// The kind in the lookup.
        wanted: BindingKind,
    },
    /// The name belongs to a variable.
    NotABinding {
        /// The name in the lookup.
        name: String,
    },
    /// No variable has this name.
    UnknownVariable {
        /// The name in the lookup.
        name: String,
        /// The names of all variables.
        granted: Vec<String>,
    },
    /// The name belongs to a binding.
    NotAVariable {
        /// The name in the lookup.
        name: String,
        /// Its kind.
        kind: String,
    },
    /// The host's list of bindings cannot be read; the text says why.
    Malformed(String),
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownBinding { name, granted } => {
                write!(f, "env has no binding {name}; it has {}", list(granted))
            }
            Self::WrongKind { name, kind, wanted } => {
                write!(f, "env.{name} is a binding of kind {kind}, not {wanted}")
            }
            Self::NotABinding { name } => write!(f, "env.{name} is a variable, not a binding"),
            Self::UnknownVariable { name, granted } => {
                write!(f, "env has no variable {name}; it has {}", list(granted))
            }
            Self::NotAVariable { name, kind } => {
                write!(f, "env.{name} is a binding of kind {kind}, not a variable")
            }
            Self::Malformed(why) => write!(f, "the host's list of bindings is malformed: {why}"),
        }
    }
}

impl std::error::Error for EnvError {}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
