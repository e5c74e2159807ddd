//! Error codes, their HTTP status, and errors on the wire.
//!
//! A failed request carries `cf-images-binding: err=<code>` and the text `ERROR <code>: <message>`.

use std::fmt;

use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

/// The header that marks an answer as an error of the binding.
pub const ERROR_HEADER: &str = "cf-images-binding";

/// The errors of the binding, each with a stable number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorCode {
    /// 9402: an input has too many bytes.
    InputTooLarge,
    /// 9410: a font or an overlay could not be fetched.
    FetchFailed,
    /// 9412: not an image, or of a kind that is not supported.
    NotAnImage,
    /// 9413: too many pixels, too large a dimension, or a result without pixels.
    TooManyPixels,
    /// 9432: an option is wrong, or not supported.
    BadRequest,
    /// 9502: the images process could not be reached.
    Unreachable,
    /// 9516: the bytes of a recognised format could not be decoded.
    DecodingFailed,
    /// 9516 with status 500: the result could not be encoded.
    EncodingFailed,
    /// 9522: the process has no capacity (a full queue, too many bytes of requests, or its own end), the request needs too
    /// much memory, or it needs a model that is missing while approximations are switched off.
    Busy,
    /// 9523 with status 400: the form or its `transforms` array is malformed.
    MalformedRequest,
    /// 9523: an error inside the service.
    Internal,
    /// 9525: a transformer was used twice; raised by the client alone.
    Consumed,
    /// 9528: the client left before its answer. It is in logs alone.
    Aborted,
    /// 9529: the deadline of a request passed.
    DeadlinePassed,
}

impl ErrorCode {
    /// The number that stands for this code on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::InputTooLarge => 9402,
            Self::FetchFailed => 9410,
            Self::NotAnImage => 9412,
            Self::TooManyPixels => 9413,
            Self::BadRequest => 9432,
            Self::Unreachable => 9502,
            Self::DecodingFailed | Self::EncodingFailed => 9516,
            Self::Busy => 9522,
            Self::MalformedRequest | Self::Internal => 9523,
            Self::Consumed => 9525,
            Self::Aborted => 9528,
            Self::DeadlinePassed => 9529,
        }
    }

    /// The code of a number. Of two codes with the same number, it is the more frequent one.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            9402 => Self::InputTooLarge,
            9410 => Self::FetchFailed,
            9412 => Self::NotAnImage,
            9413 => Self::TooManyPixels,
            9432 => Self::BadRequest,
            9502 => Self::Unreachable,
            9516 => Self::DecodingFailed,
            9522 => Self::Busy,
            9523 => Self::Internal,
            9525 => Self::Consumed,
            9528 => Self::Aborted,
            9529 => Self::DeadlinePassed,
            _ => return None,
        })
    }

    /// The HTTP status that a service answers with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InputTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::FetchFailed | Self::Unreachable | Self::Aborted => StatusCode::BAD_GATEWAY,
            Self::NotAnImage => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyPixels => StatusCode::FORBIDDEN,
            Self::BadRequest | Self::MalformedRequest | Self::Consumed => StatusCode::BAD_REQUEST,
            Self::DecodingFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::EncodingFailed | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlinePassed => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// The value of [`ERROR_HEADER`] for a code.
#[must_use]
pub fn header_value(code: ErrorCode) -> String {
    format!("err={}", code.number())
}

/// The body of a failed answer.
#[must_use]
pub fn body_text(code: ErrorCode, message: &str) -> String {
    format!("ERROR {}: {message}", code.number())
}

/// A call of the binding, which decides the prefix of its error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `info()`.
    Info,
    /// `output()`.
    Transform,
}

impl Call {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Info => "IMAGES_INFO_",
            Self::Transform => "IMAGES_TRANSFORM_",
        }
    }
}

/// An error of the Images binding, as a worker sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagesError {
    /// The stable number, such as 9432.
    pub code: u16,
    /// The text, with the prefix of its call.
    pub message: String,
}

impl ImagesError {
    /// Makes an error that the client raises itself.
    #[must_use]
    pub fn new(call: Call, code: ErrorCode, message: &str) -> Self {
        Self {
            code: code.number(),
            message: format!("{}{}", call.prefix(), body_text(code, message)),
        }
    }

    /// The code of a failed answer. The header marks a failure whatever the status; without it, a status from 400 does.
    ///
    /// `None` means that the answer is successful and its body may be streamed.
    #[must_use]
    pub fn response_code(status: StatusCode, headers: &HeaderMap) -> Option<u16> {
        marked_code(headers)
            .or_else(|| (status.as_u16() >= 400).then(|| ErrorCode::Internal.number()))
    }

    /// Reads a failed answer whose body has been collected.
    #[must_use]
    pub fn from_response(call: Call, status: StatusCode, headers: &HeaderMap, body: &str) -> Self {
        match marked_code(headers) {
            Some(code) => Self {
                code,
                message: format!("{}{body}", call.prefix()).trim().to_owned(),
            },
            None => Self {
                code: ErrorCode::Internal.number(),
                message: format!(
                    "Unexpected error response {}: {}",
                    status.as_u16(),
                    body.trim()
                ),
            },
        }
    }
}

/// The digits after `err=`, wherever they stand in the header's value.
fn marked_code(headers: &HeaderMap) -> Option<u16> {
    let value = headers.get(ERROR_HEADER)?.to_str().ok()?;
    let digits = value
        .split("err=")
        .skip(1)
        .find(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    // A number that no u16 holds is still an error of the binding.
    Some(
        digits[..end]
            .parse()
            .unwrap_or(ErrorCode::Internal.number()),
    )
}

impl fmt::Display for ImagesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ImagesError {}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::{Call, ERROR_HEADER, ErrorCode, ImagesError};

    fn marked(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            ERROR_HEADER.parse().unwrap(),
            HeaderValue::from_static(value),
        )])
    }

    #[test]
    fn a_marked_answer_is_an_error_whatever_its_status() {
        let headers = marked("foo; err=9432, bar");
        let error = ImagesError::from_response(
            Call::Transform,
            StatusCode::OK,
            &headers,
            "ERROR 9432: x \n",
        );
        assert_eq!(
            ImagesError::response_code(StatusCode::OK, &headers),
            Some(9432)
        );
        assert_eq!(error.code, 9432);
        assert_eq!(error.message, "IMAGES_TRANSFORM_ERROR 9432: x");
    }

    #[test]
    fn an_unmarked_failure_is_9523_and_keeps_its_text() {
        let error = ImagesError::from_response(
            Call::Info,
            StatusCode::BAD_GATEWAY,
            &HeaderMap::new(),
            " gone\n",
        );
        assert_eq!(error.code, 9523);
        assert_eq!(error.message, "Unexpected error response 502: gone");
    }

    #[test]
    fn a_number_and_its_code_name_each_other() {
        let numbers = (0..=u16::MAX).filter(|number| {
            let code = ErrorCode::from_number(*number);
            code.is_some_and(|code| code.number() == *number)
        });
        assert_eq!(
            numbers.collect::<Vec<_>>(),
            [
                9402, 9410, 9412, 9413, 9432, 9502, 9516, 9522, 9523, 9525, 9528, 9529
            ]
        );
    }

    #[test]
    fn a_good_answer_has_no_code() {
        assert_eq!(
            ImagesError::response_code(StatusCode::OK, &HeaderMap::new()),
            None
        );
        assert_eq!(
            ImagesError::response_code(StatusCode::OK, &marked("err=")),
            None
        );
    }

    #[test]
    fn a_code_beyond_all_numbers_is_still_an_error() {
        assert_eq!(
            ImagesError::response_code(StatusCode::OK, &marked("err=99999999")),
            Some(9523)
        );
    }
}
