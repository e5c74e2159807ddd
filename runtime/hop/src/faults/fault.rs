//! A fault as a value: a target, a kind, and the calls that it applies to.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use http::StatusCode;
use safelight_protocol::ErrorCode;

/// A fault to inject. `Display` shows the text that parses to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The hop whose calls it applies to.
    pub target: Target,
    /// The path of the calls that it applies to, or `None` for every path.
    pub path: Option<String>,
    /// The effect on a call.
    pub kind: FaultKind,
    /// The calls that it applies to.
    pub when: When,
    /// The seed of its random numbers. The default is its position among the faults, from 1.
    pub seed: Option<u64>,
}

/// The target of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every hop out of a worker to which the kind can apply: bindings, and `fetch` to other hosts.
    All,
    /// The binding of this name.
    Binding(String),
}

/// The effect of a fault on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call begins after this delay.
    Delay(Duration),
    /// The service reads the upload slowly.
    SlowReader(Pace),
    /// The service sends its answer slowly.
    SlowWriter(Pace),
    /// The answer ends after this many bytes.
    Truncate(u64),
    /// The byte at this offset of the answer, from 0, is inverted.
    Corrupt(u64),
    /// The connection ends before an answer.
    Reset,
    /// The answer never comes.
    Hang,
    /// The answer is this error of the Images table.
    Error(ErrorCode),
    /// The answer has this status, and the service is not called.
    Status(StatusCode),
    /// The images process is killed during the call.
    Crash,
    /// The pixel process of the call is killed, and the images process goes on.
    CrashPixels,
}

/// The words of all kinds.
pub const KIND_WORDS: [&str; 10] = [
    "delay",
    "slow_reader",
    "slow_writer",
    "truncate",
    "corrupt",
    "reset",
    "hang",
    "error",
    "status",
    "crash",
];

/// A pace: a number of bytes per interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Most bytes in one interval, from 1.
    pub bytes: usize,
    /// The length of an interval, in whole milliseconds from 1.
    pub interval: Duration,
}

/// The calls of its target that a fault applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Every call.
    Every,
    /// The call of this number, from 1.
    Nth(NonZeroU64),
    /// A random share of the calls, in millionths.
    Rate(u32),
}

/// The denominator of [`When::Rate`].
pub const MILLION: u32 = 1_000_000;

/// Shows the text that [`grammar`](super::grammar) parses.
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

impl FaultKind {
    /// The word of the kind, on the command line and in the config.
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
            Self::Crash | Self::CrashPixels => "crash",
        }
    }

    /// Whether only the images process can have such a fault.
    pub(super) fn needs_images(self) -> bool {
        match self {
            Self::Error(_) | Self::Crash | Self::CrashPixels => true,
            Self::Delay(_)
            | Self::SlowReader(_)
            | Self::SlowWriter(_)
            | Self::Truncate(_)
            | Self::Corrupt(_)
            | Self::Reset
            | Self::Hang
            | Self::Status(_) => false,
        }
    }
}

impl fmt::Display for FaultKind {
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
            Self::CrashPixels => f.write_str("=pixels"),
            Self::Reset | Self::Hang | Self::Crash => Ok(()),
        }
    }
}
