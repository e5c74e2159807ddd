//! The error of a request, from its URL to the last byte of its answer.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;

use crate::address::Reserved;

/// The reason for which there is no answer, or no whole one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutgoingError {
    /// Not an absolute URL.
    InvalidUrl(&'static str),
    /// A scheme other than `http` and `https`.
    Scheme(String),
    /// The URL carries a user or a password.
    Userinfo,
    /// The host has an address that may not be reached.
    Refused {
        /// The host as the URL has it.
        host: String,
        /// The address.
        address: IpAddr,
        /// The kind of the address.
        reserved: Reserved,
    },
    /// The host is denied, whatever its address.
    Denied {
        /// The host as the URL has it.
        host: String,
    },
    /// The host has no address, or the resolver failed.
    Dns {
        /// The host.
        host: String,
        /// The error of the resolver.
        why: String,
    },
    /// The host refused the connection.
    ConnectionRefused,
    /// No connection within the time for one.
    ConnectTimeout(Duration),
    /// No connection for another reason.
    Connect(String),
    /// No encrypted connection to the host.
    Tls(String),
    /// More redirects than allowed.
    TooManyRedirects(u8),
    /// A redirect without a target, or to a URL that is refused.
    InvalidRedirect(Box<OutgoingError>),
    /// An answer with another status than success.
    Status(StatusCode),
    /// The answer is not HTTP.
    Protocol(String),
    /// The body is compressed, which the request did not accept.
    Encoded(String),
    /// The body is longer than so many bytes.
    TooLarge(u64),
    /// The connection ended before the answer did.
    CutShort(String),
    /// Not all of the answer within the time for it.
    Timeout(Duration),
}

impl fmt::Display for OutgoingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUrl(why) => write!(f, "invalid URL: {why}"),
            Self::Scheme(scheme) => write!(f, "the scheme {scheme:?} is not http or https"),
            Self::Userinfo => f.write_str("the URL carries a user or a password"),
            Self::Refused {
                host,
                address,
                reserved,
            } => write!(
                f,
                "{host} has the {reserved} address {address}, which may not be reached"
            ),
            Self::Denied { host } => write!(f, "{host} is denied"),
            Self::Dns { host, why } => write!(f, "the address of {host} is not known: {why}"),
            Self::ConnectionRefused => f.write_str("the connection was refused"),
            Self::ConnectTimeout(time) => {
                write!(f, "no connection within {} ms", time.as_millis())
            }
            Self::Connect(why) => write!(f, "no connection: {why}"),
            Self::Tls(why) => write!(f, "no encrypted connection: {why}"),
            Self::TooManyRedirects(most) => write!(f, "more than {most} redirects"),
            Self::InvalidRedirect(why) => write!(f, "invalid redirect: {why}"),
            Self::Status(status) => write!(f, "the answer has status {status}"),
            Self::Protocol(why) => write!(f, "the answer is not HTTP: {why}"),
            Self::Encoded(coding) => {
                write!(
                    f,
                    "the answer is compressed ({coding}), which is not supported"
                )
            }
            Self::TooLarge(most) => write!(f, "the answer is longer than {most} bytes"),
            Self::CutShort(why) => write!(f, "the answer was cut short: {why}"),
            Self::Timeout(time) => {
                write!(f, "the answer took longer than {} ms", time.as_millis())
            }
        }
    }
}

impl std::error::Error for OutgoingError {}
