//! What a fault is: aimed at a binding, of one kind, at certain calls.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use http::StatusCode;
use safelight_protocol::ErrorCode;

/// Something to break on purpose. Shown, it is the text that it can be read from again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose calls it strikes.
    pub target: Target,
    /// The one path of the service that it strikes; all of them, if none is given.
    pub path: Option<String>,
    /// What it does to a call.
    pub kind: Kind,
    /// Which of the calls it strikes.
    pub when: When,
    /// Where its chance begins. Without one, its place among the faults stands for it.
    pub seed: Option<u64>,
}

/// Whose calls a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every hop out of a worker that the fault's kind can happen to: bindings, and `fetch` to other hosts.
    All,
    /// The binding of this name.
    Binding(String),
}

/// What a fault does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The call begins so much later.
    Delay(Duration),
    /// The service takes the upload slowly.
    SlowReader(Pace),
    /// The service delivers its answer slowly.
    SlowWriter(Pace),
    /// The answer ends after so many bytes.
    Truncate(u64),
    /// The byte at this offset of the answer, from 0, is another one.
    Corrupt(u64),
    /// The connection ends before an answer.
    Reset,
    /// There is no answer, ever.
    Hang,
    /// The answer is this error of the Images table.
    Error(ErrorCode),
    /// The answer has this status, and nothing of the service's.
    Status(StatusCode),
    /// The service's process is killed while it has the call.
    Crash,
}

/// So many bytes in every interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Bytes of one interval.
    pub bytes: usize,
    /// Length of an interval.
    pub interval: Duration,
}

/// Which of the calls that it is aimed at a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All of them.
    Every,
    /// The one of this number, from 1.
    Nth(NonZeroU64),
    /// So many of a million, by chance.
    Rate(u32),
}

/// The denominator of [`When::Rate`].
pub const MILLION: u32 = 1_000_000;

/// Shows what [`grammar`](super::grammar) reads.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.target, self.kind)?;
        if let Some(path) = &self.path {
            write!(f, ",path={path}")?;
        }
        match self.when {
            When::Every => {}
            When::Nth(nth) => write!(f, ",nth={nth}")?,
            When::Rate(millionths) => write!(f, ",rate={}", decimal(millionths))?,
        }
        match self.seed {
            Some(seed) => write!(f, ",seed={seed}"),
            None => Ok(()),
        }
    }
}

fn decimal(millionths: u32) -> String {
    let text = format!("{}.{:06}", millionths / MILLION, millionths % MILLION);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "*",
            Self::Binding(name) => name,
        })
    }
}

impl Kind {
    /// The word for it, on the command line and in the config alike.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::SlowReader(_) => "slow_reader",
            Self::SlowWriter(_) => "slow_writer",
            Self::Truncate(_) => "truncate",
            Self::Corrupt(_) => "corrupt",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Error(_) => "error",
            Self::Status(_) => "status",
            Self::Crash => "crash",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Delay(time) => write!(f, "={}", time.as_millis()),
            Self::SlowReader(pace) | Self::SlowWriter(pace) => {
                write!(f, "={}/{}", pace.bytes, pace.interval.as_millis())
            }
            Self::Truncate(bytes) | Self::Corrupt(bytes) => write!(f, "={bytes}"),
            Self::Error(code) => write!(f, "={}", code.number()),
            Self::Status(status) => write!(f, "={}", status.as_u16()),
            Self::Reset | Self::Hang | Self::Crash => Ok(()),
        }
    }
}
