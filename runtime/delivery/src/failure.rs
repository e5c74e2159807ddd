//! What can go wrong on the way from a source to a finished picture, with the platform's numbers.

use http::StatusCode;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use safelight_hop::{Body, HopError, SOURCE_HOP, TRANSFORM_HOP, body};
use safelight_outgoing::OutgoingError;
use safelight_protocol::ErrorCode;

/// The header that tells what became of a transformation.
pub const RESIZED: HeaderName = HeaderName::from_static("cf-resized");
/// The header that tells that there was none.
const NOT_RESIZED: HeaderName = HeaderName::from_static("cf-not-resized");

/// What went wrong, as a number of the platform with its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 9401: an option is wrong, or there is none.
    BadOptions,
    /// 9401 with status 403: the source is not one that is allowed.
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
    /// 9406: the source's URL is none.
    BadUrl,
    /// 9407: the source's host is not known.
    UnknownHost,
    /// 9408: the origin refused, with this status.
    OriginRefused(StatusCode),
    /// 9410: an overlay could not be fetched; with its own status.
    Overlay(StatusCode),
    /// 9416: the source broke off.
    BrokeOff,
    /// 9419: the source's URL is written in a form that is not allowed.
    BadForm,
    /// 9420: a redirect leads nowhere.
    BadRedirect,
    /// 9421: too many redirects.
    TooManyRedirects,
    /// 9424: the path is malformed.
    BadPath,
    /// 9424 with status 405: neither GET nor HEAD.
    Method,
    /// 9504: no connection in time.
    ConnectTimeout,
    /// 9504 with status 524: the source did not come in time.
    DownloadTimeout,
    /// 9505: no connection.
    Unreachable,
    /// 9509: the origin failed.
    OriginFailed,
    /// 9510: no way to the origin.
    NoWay,
    /// 9524: a worker stands between the client and the transformation.
    InTheWay,
    /// An error of the images process, with the status of its answer.
    Images(u16, StatusCode),
}

impl Code {
    /// The number.
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
            Self::BrokeOff => 9416,
            Self::BadForm => 9419,
            Self::BadRedirect => 9420,
            Self::TooManyRedirects => 9421,
            Self::BadPath | Self::Method => 9424,
            Self::ConnectTimeout | Self::DownloadTimeout => 9504,
            Self::Unreachable => 9505,
            Self::OriginFailed => 9509,
            Self::NoWay => 9510,
            Self::InTheWay => 9524,
            Self::Images(number, _) => number,
        }
    }

    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        let number = match self {
            Self::OriginRefused(status) | Self::Overlay(status) | Self::Images(_, status) => {
                return status;
            }
            Self::BadOptions | Self::BadRedirect | Self::TooManyRedirects | Self::BadPath => 400,
            Self::NotAllowed | Self::Denied | Self::BadUrl | Self::BadForm | Self::InTheWay => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::TooLarge => 413,
            Self::BrokeOff => 422,
            Self::NotFetched | Self::Unreachable | Self::OriginFailed => 502,
            Self::Loop => 508,
            Self::ConnectTimeout => 522,
            Self::UnknownHost | Self::NoWay => 523,
            Self::DownloadTimeout => 524,
        };
        StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_GATEWAY)
    }
}

/// An error and its text for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    pub text: String,
}

impl Failure {
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    /// One that stands in the table of the images process.
    pub fn images(code: ErrorCode, text: impl Into<String>) -> Self {
        Self::new(Code::Images(code.number(), code.status()), text)
    }

    /// One that should not be.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::images(ErrorCode::Internal, text)
    }

    /// A hop that failed without an answer.
    pub fn of_hop(hop: &str, error: &HopError) -> Self {
        Self::new(Code::NotFetched, format!("{hop}: {error}"))
    }

    /// What the images process answered instead of a picture.
    pub fn of_images(number: u16, status: StatusCode, text: &str) -> Self {
        let text = text.trim();
        let mark = format!("ERROR {number}: ");
        let text = text.strip_prefix(&mark).unwrap_or(text);
        if number == ErrorCode::BadRequest.number() {
            return Self::new(Code::BadOptions, text);
        }
        let status = match status.is_client_error() || status.is_server_error() {
            true => status,
            false => StatusCode::BAD_GATEWAY,
        };
        let hop = TRANSFORM_HOP;
        Self::new(Code::Images(number, status), format!("{hop}: {text}"))
    }

    /// The answer for the client.
    pub fn answer(&self) -> http::Response<Body> {
        let number = self.code.number();
        let mut response =
            http::Response::new(body::full(format!("ERROR {number}: {}\n", self.text)));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(CONTENT_TYPE, plain);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(value) = HeaderValue::try_from(format!("err={number}")) {
            let name = match self.code == Code::InTheWay {
                true => NOT_RESIZED,
                false => RESIZED,
            };
            headers.insert(name, value);
        }
        if self.code == Code::Method {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

/// What went wrong with a source from another host.
impl From<&OutgoingError> for Failure {
    fn from(error: &OutgoingError) -> Self {
        let code = match error {
            OutgoingError::InvalidUrl(_) | OutgoingError::Scheme(_) | OutgoingError::Userinfo => {
                Code::BadUrl
            }
            OutgoingError::Refused { .. } => Code::NotAllowed,
            OutgoingError::Denied { .. } => Code::Denied,
            OutgoingError::Dns { .. } => Code::UnknownHost,
            OutgoingError::ConnectionRefused | OutgoingError::Tls(_) => Code::Unreachable,
            OutgoingError::Connect(_) => Code::NoWay,
            OutgoingError::ConnectTimeout(_) => Code::ConnectTimeout,
            OutgoingError::TooManyRedirects(_) => Code::TooManyRedirects,
            OutgoingError::InvalidRedirect(_) => Code::BadRedirect,
            OutgoingError::Status(status) => return of_status(*status),
            OutgoingError::Protocol(_) | OutgoingError::CutShort(_) => Code::NotFetched,
            OutgoingError::Encoded(_) => {
                return Self::images(ErrorCode::NotAnImage, in_source(&error.to_string()));
            }
            OutgoingError::TooLarge(_) => Code::TooLarge,
            OutgoingError::Timeout(_) => Code::DownloadTimeout,
        };
        let mut text = in_source(&error.to_string());
        if matches!(error, OutgoingError::Refused { .. }) {
            text.push_str("; safelight.allowed_addresses can allow it");
        }
        if matches!(error, OutgoingError::Denied { .. }) {
            text.push_str(" by safelight.denied_origins");
        }
        Self::new(code, text)
    }
}

/// What the status of a source means that is not success.
pub fn of_status(status: StatusCode) -> Failure {
    let code = match status.as_u16() {
        404 => Code::NotFound,
        400..=499 => Code::OriginRefused(status),
        500..=599 => Code::OriginFailed,
        // A redirect that has nowhere to lead, or nothing that is a picture.
        _ => Code::BadRedirect,
    };
    Failure::new(code, in_source(&format!("the origin answered {status}")))
}

/// A text that names the hop to the source.
pub fn in_source(text: &str) -> String {
    format!("{}: {text}", SOURCE_HOP)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use safelight_outgoing::OutgoingError;

    use super::{Failure, of_status};

    fn numbers(failure: &Failure) -> (u16, u16) {
        (failure.code.number(), failure.code.status().as_u16())
    }

    #[test]
    fn what_an_origin_answers_has_its_number() {
        for (status, expected) in [
            (404, (9404, 404)),
            (403, (9408, 403)),
            (408, (9408, 408)),
            (429, (9408, 429)),
            (500, (9509, 502)),
            (503, (9509, 502)),
            (304, (9420, 400)),
        ] {
            let failure = of_status(StatusCode::from_u16(status).unwrap());
            assert_eq!(numbers(&failure), expected, "{status}");
        }
    }

    #[test]
    fn what_keeps_a_source_from_coming_has_its_number() {
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
            let failure = Failure::from(&error);
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
        let bad = Failure::of_images(9432, StatusCode::BAD_REQUEST, "ERROR 9432: no such fit\n");
        assert_eq!(
            (numbers(&bad), bad.text.as_str()),
            ((9401, 400), "no such fit")
        );
        let broken = Failure::of_images(9516, StatusCode::UNPROCESSABLE_ENTITY, "ERROR 9516: x");
        assert_eq!(numbers(&broken), (9516, 422));
        assert_eq!(broken.text, "image-url: x");
    }
}
