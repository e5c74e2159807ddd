//! A hop out of a worker as faults see it: its name, what can happen there, and how it looks broken.

use std::fmt;
use std::sync::Arc;

use wasmtime_wasi_http::{Error, WasiBody};

use super::fault::Kind;
use crate::bindings::images;
use crate::config::BindingKind;
use crate::images_process::Crasher;
use crate::transformations::source::SOURCE_HOP;

/// One hop out of a worker.
#[derive(Clone)]
pub struct Hop {
    /// The binding's name, or `fetch`.
    pub name: Arc<str>,
    behind: Behind,
}

/// What answers at the other end of a hop.
#[derive(Clone)]
enum Behind {
    /// The images process, and how to kill it, if it is ours.
    Images(Option<Crasher>),
    /// A bucket.
    R2,
    /// Another worker of the run.
    Service,
    /// A folder of files.
    Assets,
    /// Any host, by the worker's own `fetch`.
    Host,
    /// Whatever serves the source of a transformation.
    Source,
}

impl Hop {
    /// An Images binding.
    pub fn images(name: &str, crasher: Option<Crasher>) -> Self {
        Self {
            name: name.into(),
            behind: Behind::Images(crasher),
        }
    }

    /// A service binding.
    pub fn service(name: &str) -> Self {
        Self {
            name: name.into(),
            behind: Behind::Service,
        }
    }

    /// An assets binding.
    pub fn assets(name: &str) -> Self {
        Self {
            name: name.into(),
            behind: Behind::Assets,
        }
    }

    /// An R2 binding.
    pub fn r2(name: &str) -> Self {
        Self {
            name: name.into(),
            behind: Behind::R2,
        }
    }

    /// `fetch` to other hosts.
    pub fn fetch() -> Self {
        Self {
            name: "fetch".into(),
            behind: Behind::Host,
        }
    }

    /// The way to the source of a transformation.
    pub fn source() -> Self {
        Self {
            name: SOURCE_HOP.into(),
            behind: Behind::Source,
        }
    }

    /// Whether a fault can be aimed at it by its name.
    pub fn is_named(&self) -> bool {
        match self.behind {
            Behind::Images(_) | Behind::R2 | Behind::Service | Behind::Assets | Behind::Source => {
                true
            }
            Behind::Host => false,
        }
    }

    /// The binding's kind, if it is one.
    pub fn binding(&self) -> Option<BindingKind> {
        match self.behind {
            Behind::Images(_) => Some(BindingKind::Images),
            Behind::R2 => Some(BindingKind::R2),
            Behind::Service => Some(BindingKind::Service),
            Behind::Assets => Some(BindingKind::Assets),
            Behind::Host | Behind::Source => None,
        }
    }

    /// Kills the process behind it, if there is one, and waits for its end.
    pub async fn crash(&self) {
        match &self.behind {
            Behind::Images(Some(crasher)) => crasher.crash().await,
            Behind::Images(None)
            | Behind::R2
            | Behind::Service
            | Behind::Assets
            | Behind::Host
            | Behind::Source => {}
        }
    }

    /// What the hop's caller gets when the connection ends before an answer.
    pub fn broken(&self) -> Result<http::Response<WasiBody>, Error> {
        match self.behind {
            Behind::Images(_) => Ok(images::ended_early("a fault that was asked for")),
            Behind::R2 | Behind::Service | Behind::Assets | Behind::Host | Behind::Source => {
                Err(Error::ConnectionTerminated)
            }
        }
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Whether a kind of fault can happen to a binding of this kind, or, without one, to `fetch`.
pub(super) fn can_happen(kind: Kind, binding: Option<BindingKind>) -> bool {
    match kind {
        Kind::Crash | Kind::Error(_) => binding == Some(BindingKind::Images),
        Kind::Delay(_)
        | Kind::SlowReader(_)
        | Kind::SlowWriter(_)
        | Kind::Truncate(_)
        | Kind::Corrupt(_)
        | Kind::Reset
        | Kind::Hang
        | Kind::Status(_) => true,
    }
}
