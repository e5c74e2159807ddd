//! The bindings of a worker.

use safelight_protocol::BindingKind;

use crate::error::Position;
use crate::public_path::PublicPath;

/// A binding of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The name by which the worker finds it.
    pub name: String,
    /// The service behind the name.
    pub config: BindingConfig,
}

/// The service behind a binding's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingConfig {
    /// The images process.
    Images,
    /// A bucket.
    R2(R2Config),
    /// Another worker of the run.
    Service(ServiceConfig),
    /// The worker's static files, which [`Config::assets`](crate::Config::assets) describes.
    Assets,
    /// An echo with this id, for tests.
    #[cfg(feature = "echo")]
    Echo(String),
}

/// A bucket behind a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct R2Config {
    /// The bucket's name. Bindings with the same bucket share its objects.
    pub bucket: String,
    /// The path below which clients find its objects (`safelight.r2.<binding>.public_path`), if it is public.
    pub public_path: Option<PublicPath>,
}

/// Another worker of the same run behind a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The callee's `name`.
    pub service: String,
    /// The position of the name in the config, for the error that no worker of the run has it.
    pub position: Option<Position>,
    /// The same position as a dotted key.
    pub key: String,
}

impl BindingConfig {
    /// The kind, by which the guest's environment and messages name it.
    pub fn kind(&self) -> BindingKind {
        match self {
            Self::Images => BindingKind::Images,
            Self::R2(_) => BindingKind::R2,
            Self::Service(_) => BindingKind::Service,
            Self::Assets => BindingKind::Assets,
            #[cfg(feature = "echo")]
            Self::Echo(_) => BindingKind::Echo,
        }
    }

    /// The path below which clients find its objects, if it has a public one.
    pub fn public_path(&self) -> Option<&PublicPath> {
        match self {
            Self::R2(r2) => r2.public_path.as_ref(),
            Self::Images | Self::Service(_) | Self::Assets => None,
            #[cfg(feature = "echo")]
            Self::Echo(_) => None,
        }
    }
}
