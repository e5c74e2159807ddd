//! The environment of a worker: bindings and variables, by name.

use std::{collections::BTreeMap, rc::Rc};

use safelight_protocol::binding::{
    BINDINGS_HOST, BINDINGS_ORIGIN_VARIABLE, BINDINGS_VARIABLE, BindingKind,
};

#[cfg(feature = "echo")]
use crate::Echo;
use crate::{EnvError, Fetcher, Images, R2Bucket, Result};

/// The bindings and variables that the configuration grants to this worker.
///
/// Cloning is cheap. A name that is not in the configuration fails at once, and the error lists the names that are. The
/// host checks every call again.
#[derive(Clone, Debug)]
pub struct Env {
    grants: Rc<Grants>,
}

#[derive(Debug)]
struct Grants {
    origin: String,
    bindings: BTreeMap<String, String>,
    vars: BTreeMap<String, String>,
}

impl Env {
    /// Reads the environment of this instance, which cannot change while it runs.
    pub(crate) fn from_environment() -> Result<Self> {
        thread_local! {
            static ENV: std::cell::OnceCell<Env> = const { std::cell::OnceCell::new() };
        }
        ENV.with(|cell| {
            if let Some(env) = cell.get() {
                return Ok(env.clone());
            }
            let pairs = std::env::vars_os().filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            });
            let env = Self::from_variables(pairs)?;
            Ok(cell.get_or_init(|| env).clone())
        })
    }

    fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, EnvError> {
        let mut vars: BTreeMap<_, _> = variables.into_iter().collect();
        let bindings = match vars.remove(BINDINGS_VARIABLE) {
            Some(json) => serde_json::from_str(&json)
                .map_err(|error| EnvError::Malformed(error.to_string()))?,
            None => BTreeMap::new(),
        };
        let origin = vars
            .remove(BINDINGS_ORIGIN_VARIABLE)
            .unwrap_or_else(|| format!("http://{BINDINGS_HOST}"));
        Ok(Self {
            grants: Rc::new(Grants {
                origin,
                bindings,
                vars,
            }),
        })
    }

    /// The Images binding of this name.
    ///
    /// # Errors
    /// Fails with [`EnvError`] when there is no binding of this name, or it is of another kind.
    pub fn images(&self, name: &str) -> Result<Images> {
        Ok(Images::new(self.binding(name, BindingKind::Images)?))
    }

    /// The other worker of this name.
    ///
    /// # Errors
    /// Fails with [`EnvError`] when there is no binding of this name, or it is of another kind.
    pub fn service(&self, name: &str) -> Result<Fetcher> {
        Ok(Fetcher::new(self.binding(name, BindingKind::Service)?))
    }

    /// The static files of this name.
    ///
    /// # Errors
    /// Fails with [`EnvError`] when there is no binding of this name, or it is of another kind.
    pub fn assets(&self, name: &str) -> Result<Fetcher> {
        Ok(Fetcher::new(self.binding(name, BindingKind::Assets)?))
    }

    /// The R2 bucket of this name.
    ///
    /// # Errors
    /// Fails with [`EnvError`] when there is no binding of this name, or it is of another kind.
    pub fn bucket(&self, name: &str) -> Result<R2Bucket> {
        Ok(R2Bucket::new(&self.binding(name, BindingKind::R2)?))
    }

    /// The echo of this name, for tests.
    ///
    /// # Errors
    /// Fails with [`EnvError`] when there is no binding of this name, or it is of another kind.
    #[cfg(feature = "echo")]
    pub fn echo(&self, name: &str) -> Result<Echo> {
        Ok(Echo::new(self.binding(name, BindingKind::Echo)?))
    }

    /// The variable or secret of this name: a string as it was configured, anything else as JSON.
    ///
    /// # Errors
    /// Fails with [`EnvError`] when there is no variable of this name.
    pub fn var(&self, name: &str) -> Result<String> {
        let Grants { bindings, vars, .. } = &*self.grants;
        if let Some(value) = vars.get(name) {
            return Ok(value.clone());
        }
        Err(match bindings.get(name) {
            Some(kind) => EnvError::NotAVariable {
                name: name.to_owned(),
                kind: kind.clone(),
            },
            None => EnvError::UnknownVariable {
                name: name.to_owned(),
                granted: vars.keys().cloned().collect(),
            },
        }
        .into())
    }

    /// Returns the URL below which the service of a binding answers.
    fn binding(&self, name: &str, wanted: BindingKind) -> Result<String, EnvError> {
        let Grants {
            origin,
            bindings,
            vars,
        } = &*self.grants;
        let name = name.to_owned();
        match bindings.get(&name) {
            Some(kind) if kind == wanted.as_str() => {
                Ok(format!("{}/{name}", origin.trim_end_matches('/')))
            }
            Some(kind) => Err(EnvError::WrongKind {
                name,
                kind: kind.clone(),
                wanted,
            }),
            None if vars.contains_key(&name) => Err(EnvError::NotABinding { name }),
            None => Err(EnvError::UnknownBinding {
                name,
                granted: bindings
                    .iter()
                    .map(|(name, kind)| format!("{name} ({kind})"))
                    .collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
