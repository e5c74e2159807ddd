//! The response to a request that the bindings socket cannot pass to a service.

use std::fmt;

use http::{HeaderValue, Response, StatusCode};
use hyper::ext::ReasonPhrase;
use safelight_hop::{Body, body};
use safelight_protocol::headers::{R2_ERROR, SERVICE};

/// The code by which a client of R2 recognizes a missing bucket.
const NO_SUCH_BUCKET: u16 = 10_006;
/// Maximum length of a name from a request that a message repeats, in characters.
const MAX_NAME_CHARS: usize = 80;
/// Maximum number of names that a message lists.
const MAX_LISTED: usize = 32;

/// The reason why a request reaches no service.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The header with the service's name is missing.
    NoName,
    /// There are several such headers.
    SeveralNames,
    /// There is no service of this name. The message lists those that there are.
    UnknownService { name: String, known: Vec<String> },
    /// The request has no absolute URL of http or https, for this reason.
    NoUrl(&'static str),
}

impl Refusal {
    /// The response. Its status line and its R2 error header repeat the text, since clients show one of the two.
    pub(super) fn to_response(&self) -> Response<Body> {
        let text = self.to_string();
        let status = match self {
            Self::NoName | Self::SeveralNames | Self::UnknownService { .. } => {
                StatusCode::MISDIRECTED_REQUEST
            }
            Self::NoUrl(_) => StatusCode::BAD_REQUEST,
        };
        let mut response = plain_text(status, &text);
        if status == StatusCode::MISDIRECTED_REQUEST {
            let json =
                serde_json::json!({ "version": 1, "v4code": NO_SUCH_BUCKET, "message": text });
            if let Ok(json) = HeaderValue::try_from(json.to_string()) {
                response.headers_mut().insert(R2_ERROR, json);
            }
        }
        if let Ok(reason) = ReasonPhrase::try_from(text.into_bytes()) {
            response.extensions_mut().insert(reason);
        }
        response
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => write!(f, "the header {SERVICE} is missing"),
            Self::SeveralNames => write!(f, "the header {SERVICE} is there twice"),
            Self::UnknownService { name, known } => {
                let name: String = name.chars().take(MAX_NAME_CHARS).collect();
                let listed = known.iter().take(MAX_LISTED).map(String::as_str);
                let listed = listed.collect::<Vec<_>>().join(", ");
                write!(f, "no service {name:?} here; there is: {listed}")?;
                match known.len().saturating_sub(MAX_LISTED) {
                    0 => Ok(()),
                    left_out => write!(f, " and {left_out} more"),
                }
            }
            Self::NoUrl(why) => write!(f, "the request has no URL: {why}"),
        }
    }
}

/// A response of plain text, with the end of its line.
pub(super) fn plain_text(status: StatusCode, text: &str) -> Response<Body> {
    body::text(status, format!("{text}\n"))
}
