//! Turns a panic of a codec into an error of its own request.

use std::panic::{AssertUnwindSafe, catch_unwind};

use safelight_protocol::ErrorCode;

use crate::error::ServiceError;

/// The end of the error's text.
const PANICKED: &str = "failed at this image; the log says where";

/// Runs a codec; a panic becomes an error with the given code.
///
/// The values that the closure has changed are dropped with it, so that no later work observes a partial change.
pub(crate) fn catch_panic<T>(
    code: ErrorCode,
    format: &str,
    work: impl FnOnce() -> Result<T, ServiceError>,
) -> Result<T, ServiceError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| {
        tracing::error!(format, "a codec panicked");
        let text = format!("the codec of {format} {PANICKED}");
        Err(ServiceError::new(code, text))
    })
}

/// Whether an error stands for a panic of a codec. A test that accepts any error must fail at such a one.
#[must_use]
pub fn is_panic(error: &ServiceError) -> bool {
    error.message.ends_with(PANICKED)
}

#[cfg(test)]
mod tests {
    use safelight_protocol::ErrorCode;

    use super::{catch_panic, is_panic};
    use crate::error::ServiceError;

    #[test]
    fn a_panic_is_an_error_of_the_request() {
        let error = catch_panic::<()>(ErrorCode::DecodingFailed, "image/gif", || {
            panic!("on purpose")
        });
        let error = error.unwrap_err();
        assert_eq!(error.code, ErrorCode::DecodingFailed);
        assert!(error.message.contains("image/gif"));
        assert!(is_panic(&error));
        assert!(!is_panic(&ServiceError::new(error.code, "it is broken")));
    }

    #[test]
    fn work_that_ends_is_left_alone() {
        assert_eq!(catch_panic(ErrorCode::Internal, "x", || Ok(7)), Ok(7));
    }
}
