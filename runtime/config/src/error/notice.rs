//! The warnings of a config.

use std::fmt;

use super::quoted;

/// A warning about a config that is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// These known keys have no effect on a local run.
    NoEffect(Vec<String>),
    /// A key of the top level is absent in the chosen environment, because environments do not inherit it.
    NotInherited {
        /// The key.
        key: String,
        /// The environment.
        environment: String,
    },
    /// A key of `env` has the form of a binding.
    BindingAsEnvironment,
    /// A value of an `.env` file has a reference to a variable, which is not expanded.
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
