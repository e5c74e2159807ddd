//! A hop as faults see it: its name, its kind, and what only the Images binding has.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use safelight_protocol::{BindingKind, ErrorCode};

use super::fault::Kind;
use crate::SOURCE_HOP;
use crate::body::Answer;
use crate::error::HopError;

/// One hop out of a worker.
#[derive(Clone)]
pub struct Hop {
    /// The binding's name, or `fetch`.
    pub name: Arc<str>,
    /// The binding's kind, if the hop is one.
    pub kind: Option<BindingKind>,
    /// Whether a fault can be aimed at the hop by its name.
    pub is_target: bool,
    /// The faults that only the images process can have.
    pub images: Option<ImagesFaults>,
}

/// The faults that only the images process can have, as its client makes them.
#[derive(Clone)]
pub struct ImagesFaults {
    /// The answer for a connection that ends before an answer.
    pub reset: fn() -> Answer,
    /// The answer that is marked with an error code.
    pub error: fn(ErrorCode) -> Answer,
    /// Kills the process, and waits for its end.
    pub kill: Kill,
}

/// Kills a process, and ends when the process has.
pub type Kill = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl Hop {
    /// A binding of this kind.
    pub fn binding(name: &str, kind: BindingKind) -> Self {
        Self {
            name: name.into(),
            kind: Some(kind),
            is_target: true,
            images: None,
        }
    }

    /// A binding to the images process.
    pub fn images(name: &str, faults: ImagesFaults) -> Self {
        Self {
            images: Some(faults),
            ..Self::binding(name, BindingKind::Images)
        }
    }

    /// `fetch` to other hosts.
    pub fn fetch() -> Self {
        Self {
            name: "fetch".into(),
            kind: None,
            is_target: false,
            images: None,
        }
    }

    /// The way to the source of a picture by URL or by `fetch`.
    pub fn source() -> Self {
        Self {
            name: SOURCE_HOP.into(),
            is_target: true,
            ..Self::fetch()
        }
    }

    /// The answer that the caller gets when the connection ends before one.
    pub fn reset(&self) -> Answer {
        match &self.images {
            Some(images) => (images.reset)(),
            None => Err(HopError::Closed),
        }
    }

    /// Kills the process behind the hop, if there is one, and waits for its end.
    pub async fn kill(&self) {
        if let Some(images) = &self.images {
            (images.kill)().await;
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
