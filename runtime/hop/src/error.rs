//! The errors of calls and of bodies.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use safelight_net::error_chain;
use safelight_protocol::fetcher::URL_HEADER;

use crate::log::Time;

/// The error of a call without an answer, or of a body that breaks off.
///
/// Its text fits after "failed: ", and contains the texts of its causes. The variant decides which party is at fault; the
/// text does not, but for [`Guest`](Self::Guest), an error that reaches the runtime as a text alone.
#[derive(Debug)]
pub enum HopError {
    /// The service has no answer, or its answer broke off, for a reason of its own.
    Service(String),
    /// The worker that a service binding calls did not answer.
    Callee {
        /// The name of the worker.
        name: Arc<str>,
        /// The text of its error.
        why: String,
    },
    /// The worker of this name, which a service binding calls, does not run.
    NoCallee(Arc<str>),
    /// A limit refuses the call of another worker.
    Subrequest {
        /// The hop of the service binding.
        hop: Arc<str>,
        /// The name of the worker.
        callee: Arc<str>,
        /// The limit.
        limit: SubrequestLimitError,
    },
    /// The runtime refuses the request, which asks for what this reason excludes.
    Refused(&'static str),
    /// The header with the caller's URL of a call has no such URL, for this reason.
    CallerUrl(&'static str),
    /// The worker has no binding of this name.
    UnknownBinding {
        /// The name that was called.
        name: String,
        /// The names of the worker's bindings.
        known: Vec<Arc<str>>,
    },
    /// The URI of the call is malformed.
    InvalidUri,
    /// No connection to the host could be made.
    Connect(Box<dyn Error + Send + Sync>),
    /// The head of the answer did not come in time.
    Timeout,
    /// The connection ended before an answer.
    Closed,
    /// The HTTP exchange failed.
    Http(hyper::Error),
    /// The host sent no byte of its answer for this long.
    HostStalled(Duration),
    /// The answer brought no byte for this long, which is the limit of its caller.
    BetweenBytes(Duration),
    /// The client's upload stopped for this long.
    UploadStalled(Duration),
    /// The client broke off its upload.
    UploadBroke(hyper::Error),
    /// A body has another length than its head promised. The value is the promised length in bytes, if it is known.
    Length(Option<u64>),
    /// The worker's upload has another length than its head promised.
    UploadLength {
        /// Bytes that the head promised, if it is known.
        promised: Option<u64>,
        /// The text of an earlier failure of the same request, which may be the cause.
        before: Option<String>,
    },
    /// The head of an answer promises a length or a digest that cannot be read.
    MalformedHead {
        /// The hop that the answer came from.
        hop: Arc<str>,
        /// The name of the header.
        header: HeaderName,
    },
    /// The answer of a hop differs from what its head promised.
    Integrity(IntegrityError),
    /// The source of a body ended this many bytes before the length that it had announced.
    SourceEnded(u64),
    /// A fault cut the body off where its head promises no length.
    CutByFault,
    /// The instance that writes the body died before its end.
    InstanceDied,
    /// A guest ended its body, or its call, in an error. The engine hands over its text and nothing else, so the text tells
    /// whether the guest passes the failure of a call on ([`Failures`](crate::request::Failures)).
    Guest(String),
}

/// The difference of an answer from what its head promised.
#[derive(Debug)]
pub struct IntegrityError {
    /// The hop that the answer came from.
    pub hop: Arc<str>,
    /// The kind of the difference.
    pub kind: IntegrityErrorKind,
    /// Bytes that the head promised, if it did.
    pub expected: Option<u64>,
    /// Bytes that came.
    pub received: u64,
}

/// The kinds of differences.
#[derive(Debug)]
pub enum IntegrityErrorKind {
    /// The body has fewer bytes than its head promised.
    CutShort,
    /// The body has more bytes than its head promised.
    TooLong,
    /// The body has another digest than its head promised. Its length is the promised one, or none was promised.
    Altered,
    /// The body ended in an error of the service behind the hop.
    BrokeOff(Box<HopError>),
}

impl fmt::Display for HopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(text) | Self::Guest(text) => f.write_str(text),
            Self::Callee { name, why } => write!(f, "{name}: {why}"),
            Self::NoCallee(name) => write!(f, "the worker {name} does not run"),
            Self::Subrequest { hop, callee, limit } => {
                write!(f, "service {hop} ({callee}): {limit}")
            }
            Self::Refused(why) => f.write_str(why),
            Self::CallerUrl(why) => write!(
                f,
                "the header {URL_HEADER} must hold the absolute URL of the call: {why}"
            ),
            Self::UnknownBinding { name, known } => write!(
                f,
                "binding {name} is not granted to this worker; it has: {}",
                names(known)
            ),
            Self::InvalidUri => f.write_str("the URI is malformed"),
            Self::Connect(error) => write!(f, "connect: {}", error_chain(&**error)),
            Self::Timeout => f.write_str("the answer did not begin in time"),
            Self::Closed => f.write_str("the connection ended before an answer"),
            Self::Http(error) => f.write_str(&error_chain(error)),
            Self::HostStalled(limit) => {
                write!(f, "the host stalled: no byte came for {}", Time(*limit))
            }
            Self::BetweenBytes(limit) => {
                write!(f, "no byte came for {}, the caller's limit", Time(*limit))
            }
            Self::UploadStalled(limit) => {
                write!(f, "the upload stalled: no byte came for {}", Time(*limit))
            }
            Self::UploadBroke(error) => {
                write!(f, "the client broke off its upload: {}", error_chain(error))
            }
            // The engine's own text names a limit even for a body that is too short, so it is not repeated.
            Self::Length(Some(bytes)) => {
                write!(f, "its head promised another length than {bytes} bytes")
            }
            Self::Length(None) => f.write_str("its head promised another length"),
            Self::UploadLength { promised, before } => {
                f.write_str("the worker promised another length")?;
                if let Some(bytes) = promised {
                    write!(f, " than {bytes} bytes")?;
                }
                match before {
                    Some(before) => write!(f, "; before that, {before}"),
                    None => Ok(()),
                }
            }
            Self::MalformedHead { hop, header } => {
                write!(f, "the answer of {hop} has a malformed {header}")
            }
            Self::Integrity(error) => error.fmt(f),
            Self::SourceEnded(left) => write!(f, "its source ended {left} bytes too early"),
            Self::CutByFault => f.write_str("the answer ended before its end"),
            Self::InstanceDied => f.write_str("the worker that wrote it died before its end"),
        }
    }
}

fn names(bindings: &[Arc<str>]) -> String {
    match bindings {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

impl fmt::Display for IntegrityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer of {} ", self.hop)?;
        match &self.kind {
            IntegrityErrorKind::CutShort => write!(f, "was cut short: {}", self.counts()),
            IntegrityErrorKind::TooLong => write!(f, "is longer than promised: {}", self.counts()),
            IntegrityErrorKind::Altered => match self.expected {
                Some(length) => write!(
                    f,
                    "was altered on its way: its digest differs, and its length of {length} bytes is right"
                ),
                None => write!(
                    f,
                    "was altered on its way: its digest differs; {}",
                    self.counts()
                ),
            },
            IntegrityErrorKind::BrokeOff(cause) if self.is_counted_by(cause) => {
                write!(f, "broke off: {cause}")
            }
            IntegrityErrorKind::BrokeOff(cause) => {
                write!(f, "broke off ({cause}): {}", self.counts())
            }
        }
    }
}

impl IntegrityError {
    /// Whether the cause gives the same two numbers, or this hop expects no number of bytes.
    fn is_counted_by(&self, cause: &HopError) -> bool {
        let HopError::Integrity(inner) = cause else {
            return false;
        };
        match self.expected {
            Some(_) => inner.expected == self.expected && inner.received == self.received,
            None => true,
        }
    }

    fn counts(&self) -> String {
        let received = self.received;
        match self.expected {
            Some(expected) => format!("{expected} bytes expected, {received} received"),
            None => format!("no length promised, {received} bytes received"),
        }
    }
}

// The texts contain the causes. A source would repeat them in a chain.
impl Error for HopError {}

impl Error for IntegrityError {}

impl From<hyper::Error> for HopError {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

/// The limit that refuses a call of another worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubrequestLimitError {
    /// The chain of workers that wait for each other would be longer than this.
    Depth(u32),
    /// The request would call more workers than this.
    Workers(u32),
}

impl fmt::Display for SubrequestLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth(max) => write!(
                f,
                "subrequest depth limit exceeded: {max} workers already wait for each other"
            ),
            Self::Workers(max) => write!(
                f,
                "worker limit exceeded: {max} workers have already been called for this request"
            ),
        }
    }
}

impl Error for SubrequestLimitError {}

#[cfg(test)]
mod tests {
    use safelight_net::error_chain;

    use super::{HopError, IntegrityError, IntegrityErrorKind};

    #[test]
    fn a_cause_occurs_once_in_the_chain_of_an_error() {
        let refused = || HopError::Connect("refused".into());
        assert_eq!(error_chain(&refused()), "connect: refused");
        let broke_off = HopError::Integrity(IntegrityError {
            hop: "IMAGES".into(),
            kind: IntegrityErrorKind::BrokeOff(Box::new(refused())),
            expected: None,
            received: 3,
        });
        assert_eq!(
            error_chain(&broke_off),
            "the answer of IMAGES broke off (connect: refused): no length promised, 3 bytes received"
        );
    }
}
