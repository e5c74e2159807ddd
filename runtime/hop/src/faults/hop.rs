//! A hop as the target of faults: its name, and the effects of those that only the images process can have.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use safelight_protocol::ErrorCode;

use crate::SOURCE_HOP;
use crate::body::Answer;
use crate::error::HopError;

/// One hop out of a worker.
#[derive(Clone)]
pub struct Hop {
    /// The binding's name, or `fetch`.
    pub name: Arc<str>,
    /// Whether a fault can be aimed at the hop by its name.
    pub is_target: bool,
    /// The effects of the faults that only the images process can have; `None` for every other service.
    pub images: Option<ImagesFaults>,
}

/// The effects of the faults that only the images process can have. Its client supplies them.
#[derive(Clone)]
pub struct ImagesFaults {
    /// Makes the outcome of a call whose connection ends before an answer.
    pub reset: fn() -> Answer,
    /// Makes the answer that is marked with an error code.
    pub error: fn(ErrorCode) -> Answer,
    /// Kills the process, and waits for its end.
    pub kill: KillProcess,
}

/// Kills a process, and completes when the process has ended.
pub type KillProcess = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl Hop {
    /// Makes the hop to a binding that is not an Images binding.
    pub fn binding(name: &str) -> Self {
        Self {
            name: name.into(),
            is_target: true,
            images: None,
        }
    }

    /// Makes the hop to an Images binding.
    pub fn images(name: &str, faults: ImagesFaults) -> Self {
        Self {
            images: Some(faults),
            ..Self::binding(name)
        }
    }

    /// Makes the hop of `fetch` to other hosts.
    pub fn fetch() -> Self {
        Self {
            name: "fetch".into(),
            is_target: false,
            images: None,
        }
    }

    /// Makes the hop to the source of an image by URL or by `fetch`.
    pub fn source() -> Self {
        Self {
            name: SOURCE_HOP.into(),
            is_target: true,
            ..Self::fetch()
        }
    }

    /// Makes the outcome of a call whose connection ends before an answer.
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
