//! The errors of calls and of bodies.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use safelight_net::error_chain;

use crate::log::Time;

/// The error of a call without an answer, or of a body that breaks off.
///
/// Its text fits after "failed: ". The variant decides which party is at fault; the text never does.
#[derive(Debug)]
pub enum HopError {
    /// The service has no answer, for a reason of its own.
    Service(String),
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
    /// The answer of a hop differs from what its head promised.
    Integrity(IntegrityError),
    /// A fault cut the body off where its head promises no length.
    CutByFault,
    /// The instance that writes the body died before its end.
    InstanceDied,
    /// A guest ended its body, or its call, in an error.
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
            Self::UnknownBinding { name, known } => {
                let known = match known.as_slice() {
                    [] => "none".to_owned(),
                    names => names.join(", "),
                };
                write!(
                    f,
                    "binding {name} is not granted to this worker; it has: {known}"
                )
            }
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
            Self::Integrity(error) => error.fmt(f),
            Self::CutByFault => f.write_str("the answer ended before its end"),
            Self::InstanceDied => f.write_str("the worker that wrote it died before its end"),
        }
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

impl Error for HopError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Connect(error) => Some(&**error),
            Self::Http(error) | Self::UploadBroke(error) => Some(error),
            Self::Integrity(error) => error.source(),
            Self::Service(_)
            | Self::UnknownBinding { .. }
            | Self::InvalidUri
            | Self::Timeout
            | Self::Closed
            | Self::HostStalled(_)
            | Self::BetweenBytes(_)
            | Self::UploadStalled(_)
            | Self::Length(_)
            | Self::UploadLength { .. }
            | Self::CutByFault
            | Self::InstanceDied
            | Self::Guest(_) => None,
        }
    }
}

impl Error for IntegrityError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            IntegrityErrorKind::BrokeOff(cause) => Some(&**cause),
            IntegrityErrorKind::CutShort
            | IntegrityErrorKind::TooLong
            | IntegrityErrorKind::Altered => None,
        }
    }
}

impl From<hyper::Error> for HopError {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

#[cfg(test)]
mod tests {
    use super::HopError;

    #[test]
    fn a_body_of_another_length_is_not_called_too_long() {
        let text = HopError::Length(Some(791)).to_string();
        assert_eq!(text, "its head promised another length than 791 bytes");
    }
}
