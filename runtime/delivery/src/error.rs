//! The errors of image delivery, with the platform's numbers and statuses.

use http::StatusCode;
use http::header::{ALLOW, CACHE_CONTROL};
use http::{HeaderName, HeaderValue};
use safelight_hop::{Body, HopError, SOURCE_HOP, TRANSFORM_HOP, body};
use safelight_outgoing::OutgoingError;
use safelight_protocol::ErrorCode;

/// The header that reports the outcome of a transformation.
pub const RESIZED: HeaderName = HeaderName::from_static("cf-resized");
/// The header that reports that no transformation took place.
const NOT_RESIZED: HeaderName = HeaderName::from_static("cf-not-resized");

/// The kind of an error. Each has a number of the platform and a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 9401: an option is invalid, or the options are missing.
    BadOptions,
    /// 9401 with status 403: the source is not allowed.
    NotAllowed,
    /// 9401 with status 403: the source's host is denied.
    Denied,
    /// 9402: the source could not be fetched.
    NotFetched,
    /// 9402 with status 413: the source has too many bytes.
    TooLarge,
    /// 9403: the source is the result of a transformation.
    Loop,
    /// 9404: the origin has no such picture.
    NotFound,
    /// 9406: the source's URL is invalid.
    BadUrl,
    /// 9407: the source's host has no address.
    UnknownHost,
    /// 9408: the origin answered with this status, 400 to 499.
    OriginRefused(StatusCode),
    /// 9410: an overlay could not be fetched; with its own status.
    Overlay(StatusCode),
    /// 9416: the source was cut off.
    SourceCutOff,
    /// 9419: the source's URL is percent-encoded as a whole.
    EncodedUrl,
    /// 9420: a redirect has no valid target.
    BadRedirect,
    /// 9421: too many redirects.
    TooManyRedirects,
    /// 9424: the path is malformed.
    BadPath,
    /// 9424 with status 405: neither GET nor HEAD.
    MethodNotAllowed,
    /// 9504: the connection timed out.
    ConnectTimeout,
    /// 9504 with status 524: the download timed out.
    DownloadTimeout,
    /// 9505: the connection was refused, or TLS failed.
    Unreachable,
    /// 9509: the origin answered with a status of 500 to 599.
    OriginFailed,
    /// 9510: the origin's address cannot be reached.
    NoRoute,
    /// 9524: a worker fetched its own transformation URL.
    FetchedByWorker,
    /// An error of the images process, with its number and the status of its response.
    Images(u16, StatusCode),
}

impl ErrorKind {
    /// The platform's number.
    pub fn number(self) -> u16 {
        match self {
            Self::BadOptions | Self::NotAllowed | Self::Denied => 9401,
            Self::NotFetched | Self::TooLarge => 9402,
            Self::Loop => 9403,
            Self::NotFound => 9404,
            Self::BadUrl => 9406,
            Self::UnknownHost => 9407,
            Self::OriginRefused(_) => 9408,
            Self::Overlay(_) => 9410,
            Self::SourceCutOff => 9416,
            Self::EncodedUrl => 9419,
            Self::BadRedirect => 9420,
            Self::TooManyRedirects => 9421,
            Self::BadPath | Self::MethodNotAllowed => 9424,
            Self::ConnectTimeout | Self::DownloadTimeout => 9504,
            Self::Unreachable => 9505,
            Self::OriginFailed => 9509,
            Self::NoRoute => 9510,
            Self::FetchedByWorker => 9524,
            Self::Images(number, _) => number,
        }
    }

    /// The status of the response.
    pub fn status(self) -> StatusCode {
        let number = match self {
            Self::OriginRefused(status) | Self::Overlay(status) | Self::Images(_, status) => {
                return status;
            }
            Self::BadOptions | Self::BadRedirect | Self::TooManyRedirects | Self::BadPath => 400,
            Self::NotAllowed
            | Self::Denied
            | Self::BadUrl
            | Self::EncodedUrl
            | Self::FetchedByWorker => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::SourceCutOff => 422,
            Self::NotFetched | Self::Unreachable | Self::OriginFailed => 502,
            Self::Loop => 508,
            Self::ConnectTimeout => 522,
            Self::UnknownHost | Self::NoRoute => 523,
            Self::DownloadTimeout => 524,
        };
        StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_GATEWAY)
    }
}

/// An error of image delivery, with its text for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryError {
    pub kind: ErrorKind,
    pub text: String,
}

impl DeliveryError {
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// An error with a code of the images process.
    pub fn images(code: ErrorCode, text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Images(code.number(), code.status()), text)
    }

    /// An internal error.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::images(ErrorCode::Internal, text)
    }

    /// The error of a hop without a response.
    pub fn from_hop(hop: &str, error: &HopError) -> Self {
        Self::new(ErrorKind::NotFetched, format!("{hop}: {error}"))
    }

    /// The error that a response of the images process holds.
    pub fn from_images_response(number: u16, status: StatusCode, text: &str) -> Self {
        let text = text.trim();
        let mark = format!("ERROR {number}: ");
        let text = text.strip_prefix(&mark).unwrap_or(text);
        if number == ErrorCode::BadRequest.number() {
            return Self::new(ErrorKind::BadOptions, text);
        }
        let status = match status.is_client_error() || status.is_server_error() {
            true => status,
            false => StatusCode::BAD_GATEWAY,
        };
        let hop = TRANSFORM_HOP;
        Self::new(ErrorKind::Images(number, status), format!("{hop}: {text}"))
    }

    /// The response for the client.
    pub fn to_response(&self) -> http::Response<Body> {
        let number = self.kind.number();
        let text = format!("ERROR {number}: {}\n", self.text);
        let mut response = body::text(self.kind.status(), text);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(value) = HeaderValue::try_from(format!("err={number}")) {
            let name = match self.kind == ErrorKind::FetchedByWorker {
                true => NOT_RESIZED,
                false => RESIZED,
            };
            headers.insert(name, value);
        }
        if self.kind == ErrorKind::MethodNotAllowed {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

/// The error of a request to another host.
impl From<&OutgoingError> for DeliveryError {
    fn from(error: &OutgoingError) -> Self {
        let code = match error {
            OutgoingError::InvalidUrl(_) | OutgoingError::Scheme(_) | OutgoingError::Userinfo => {
                ErrorKind::BadUrl
            }
            OutgoingError::Refused { .. } => ErrorKind::NotAllowed,
            OutgoingError::Denied { .. } => ErrorKind::Denied,
            OutgoingError::Dns { .. } => ErrorKind::UnknownHost,
            OutgoingError::ConnectionRefused | OutgoingError::Tls(_) => ErrorKind::Unreachable,
            OutgoingError::Connect(_) => ErrorKind::NoRoute,
            OutgoingError::ConnectTimeout(_) => ErrorKind::ConnectTimeout,
            OutgoingError::TooManyRedirects(_) => ErrorKind::TooManyRedirects,
            OutgoingError::InvalidRedirect(_) => ErrorKind::BadRedirect,
            OutgoingError::Status(status) => return source_status_error(*status),
            OutgoingError::Protocol(_) | OutgoingError::CutShort(_) => ErrorKind::NotFetched,
            OutgoingError::Encoded(_) => {
                return Self::images(ErrorCode::NotAnImage, with_source_hop(&error.to_string()));
            }
            OutgoingError::TooLarge(_) => ErrorKind::TooLarge,
            OutgoingError::Timeout(_) => ErrorKind::DownloadTimeout,
        };
        let mut text = with_source_hop(&error.to_string());
        if matches!(error, OutgoingError::Refused { .. }) {
            text.push_str("; safelight.allowed_addresses can allow it");
        }
        if matches!(error, OutgoingError::Denied { .. }) {
            text.push_str(" by safelight.denied_origins");
        }
        Self::new(code, text)
    }
}

/// The error for a source's response whose status is not a success.
pub fn source_status_error(status: StatusCode) -> DeliveryError {
    let code = match status.as_u16() {
        404 => ErrorKind::NotFound,
        400..=499 => ErrorKind::OriginRefused(status),
        500..=599 => ErrorKind::OriginFailed,
        // A redirect without a target, or a status without a picture.
        _ => ErrorKind::BadRedirect,
    };
    DeliveryError::new(
        code,
        with_source_hop(&format!("the origin answered {status}")),
    )
}

/// The text, preceded by the name of the hop to the source.
pub fn with_source_hop(text: &str) -> String {
    format!("{}: {text}", SOURCE_HOP)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use safelight_outgoing::OutgoingError;

    use super::{DeliveryError, source_status_error};

    fn numbers(failure: &DeliveryError) -> (u16, u16) {
        (failure.kind.number(), failure.kind.status().as_u16())
    }

    #[test]
    fn each_answer_of_an_origin_has_its_number() {
        for (status, expected) in [
            (404, (9404, 404)),
            (403, (9408, 403)),
            (408, (9408, 408)),
            (429, (9408, 429)),
            (500, (9509, 502)),
            (503, (9509, 502)),
            (304, (9420, 400)),
        ] {
            let failure = source_status_error(StatusCode::from_u16(status).unwrap());
            assert_eq!(numbers(&failure), expected, "{status}");
        }
    }

    #[test]
    fn each_failure_to_fetch_a_source_has_its_number() {
        let refused = OutgoingError::Refused {
            host: "a".into(),
            address: "127.0.0.1".parse().unwrap(),
            reserved: safelight_outgoing::address::Reserved::Loopback,
        };
        let dns = OutgoingError::Dns {
            host: "a".into(),
            why: String::new(),
        };
        let time = std::time::Duration::from_secs(1);
        for (error, expected) in [
            (OutgoingError::Scheme("file".into()), (9406, 403)),
            (OutgoingError::Userinfo, (9406, 403)),
            (refused, (9401, 403)),
            (dns, (9407, 523)),
            (OutgoingError::ConnectionRefused, (9505, 502)),
            (OutgoingError::Connect(String::new()), (9510, 523)),
            (OutgoingError::ConnectTimeout(time), (9504, 522)),
            (OutgoingError::Timeout(time), (9504, 524)),
            (OutgoingError::Tls(String::new()), (9505, 502)),
            (OutgoingError::TooManyRedirects(5), (9421, 400)),
            (
                OutgoingError::InvalidRedirect(Box::new(OutgoingError::Userinfo)),
                (9420, 400),
            ),
            (OutgoingError::TooLarge(1), (9402, 413)),
            (OutgoingError::CutShort(String::new()), (9402, 502)),
            (OutgoingError::Protocol(String::new()), (9402, 502)),
            (OutgoingError::Encoded("gzip".into()), (9412, 415)),
        ] {
            let failure = DeliveryError::from(&error);
            assert_eq!(numbers(&failure), expected, "{error:?}");
            assert!(
                failure.text.starts_with("image-source: "),
                "{}",
                failure.text
            );
        }
    }

    #[test]
    fn a_refused_option_is_9401_here_and_the_rest_keeps_its_number() {
        let bad = DeliveryError::from_images_response(
            9432,
            StatusCode::BAD_REQUEST,
            "ERROR 9432: no such fit\n",
        );
        assert_eq!(
            (numbers(&bad), bad.text.as_str()),
            ((9401, 400), "no such fit")
        );
        let broken = DeliveryError::from_images_response(
            9516,
            StatusCode::UNPROCESSABLE_ENTITY,
            "ERROR 9516: x",
        );
        assert_eq!(numbers(&broken), (9516, 422));
        assert_eq!(broken.text, "image-url: x");
    }
}
