//! Calls of the images service, and the meaning of its answers.

use http::{HeaderValue, Method, Request, header::CONTENT_TYPE};
use safelight_protocol::{
    ErrorCode, INFO_PATH, ImageInfo, ImagesError, TRANSFORM_PATH,
    error::Call,
    form::{boundary, content_type},
};
use wasip3::random::random::get_random_u64;

use super::form::Form;
use crate::{
    Body, BodyError, Error, Response, Result,
    error::describe,
    fetch::{SendError, send},
};

/// The maximum number of bytes that are read of an error's text.
const ERROR_TEXT_LIMIT: usize = 64 * 1024;
/// The maximum number of bytes that are read of an answer of `/info`, which has some hundred.
const INFO_LIMIT: usize = 64 * 1024;

/// The service behind one Images binding.
#[derive(Clone, Debug)]
pub(super) struct Service {
    address: String,
}

impl Service {
    pub(super) fn new(address: String) -> Self {
        Self { address }
    }

    /// Sends a form. `Ok` is a successful answer, with its body unread.
    pub(super) async fn call(&self, call: Call, form: Form) -> Result<Response> {
        let random = u128::from(get_random_u64()) << 64 | u128::from(get_random_u64());
        let boundary = boundary(random);
        let mut request = Request::new(form.into_body(&boundary));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("{}{}", self.address, path(call))
            .parse()
            .map_err(http::Error::from)?;
        let form_type =
            HeaderValue::try_from(content_type(&boundary)).map_err(http::Error::from)?;
        request.headers_mut().insert(CONTENT_TYPE, form_type);
        match send(request).await {
            Ok(answer) => into_result(call, answer).await,
            Err(SendError::Error(error)) => Err(error),
            Err(SendError::Host(code)) => Err(unreachable(call, &describe(&code))),
        }
    }

    /// Reads a successful answer of `/info`.
    pub(super) async fn info(&self, answer: Response) -> Result<ImageInfo> {
        let json = collect(Call::Info, answer.into_body(), INFO_LIMIT).await?;
        serde_json::from_slice(&json).map_err(|error| {
            let message = format!("unexpected answer: {error}");
            ImagesError::new(Call::Info, ErrorCode::Internal, &message).into()
        })
    }
}

const fn path(call: Call) -> &'static str {
    match call {
        Call::Info => INFO_PATH,
        Call::Transform => TRANSFORM_PATH,
    }
}

/// Makes a failed answer an error.
async fn into_result(call: Call, answer: Response) -> Result<Response> {
    if ImagesError::response_code(answer.status(), answer.headers()).is_none() {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let text = collect(call, body, ERROR_TEXT_LIMIT).await?;
    let text = String::from_utf8_lossy(&text);
    Err(ImagesError::from_response(call, parts.status, &parts.headers, &text).into())
}

/// Reads a whole body. A body that breaks off counts as no answer.
async fn collect(call: Call, body: Body, limit: usize) -> Result<Vec<u8>> {
    body.collect(limit).await.map_err(|error| match error {
        Error::Body(BodyError::Broken(code)) => unreachable(call, &describe(&code)),
        error => ImagesError::new(
            call,
            ErrorCode::Internal,
            &format!("unexpected answer: {error}"),
        )
        .into(),
    })
}

fn unreachable(call: Call, why: &str) -> Error {
    let message = format!("no answer from the images service: {why}");
    ImagesError::new(call, ErrorCode::Unreachable, &message).into()
}

#[cfg(test)]
mod tests {
    use http::{Response, StatusCode};
    use safelight_protocol::{ImagesError, error::Call};

    use super::{Service, collect, into_result, unreachable};
    use crate::{Body, Error, now::now};

    fn images_error(error: Error) -> ImagesError {
        match error {
            Error::Images(error) => error,
            other => panic!("not an error of Images: {other}"),
        }
    }

    fn answer(status: u16, mark: &str, body: impl Into<Body>) -> crate::Response {
        Response::builder()
            .status(status)
            .header("cf-images-binding", mark)
            .body(body.into())
            .unwrap()
    }

    #[test]
    fn a_marked_answer_is_the_services_error_with_the_prefix_of_its_call() {
        let error = images_error(
            now(into_result(
                Call::Info,
                answer(200, "err=9412", "ERROR 9412: no"),
            ))
            .unwrap_err(),
        );
        assert_eq!(
            (error.code, &*error.message),
            (9412, "IMAGES_INFO_ERROR 9412: no")
        );
    }

    #[test]
    fn an_unmarked_failure_is_9523() {
        let error = images_error(
            now(into_result(Call::Transform, answer(502, "", "bad gateway"))).unwrap_err(),
        );
        assert_eq!(
            (error.code, &*error.message),
            (9523, "Unexpected error response 502: bad gateway")
        );
    }

    #[test]
    fn a_good_answer_passes_with_its_body_unread() {
        let good = now(into_result(Call::Transform, answer(200, "", "pixels"))).unwrap();
        assert_eq!(good.status(), StatusCode::OK);
        assert_eq!(good.body().length(), Some(6));
    }

    #[test]
    fn a_call_that_could_not_be_sent_is_9502() {
        let error = images_error(unreachable(Call::Transform, "ConnectionRefused"));
        assert_eq!(
            (error.code, &*error.message),
            (
                9502,
                "IMAGES_TRANSFORM_ERROR 9502: no answer from the images service: ConnectionRefused"
            )
        );
    }

    #[test]
    fn an_error_text_without_end_is_not_read_to_its_end() {
        let error = images_error(now(collect(Call::Info, vec![b'x'; 11].into(), 10)).unwrap_err());
        assert_eq!(error.code, 9523);
    }

    #[test]
    fn info_reads_raster_and_vector_alike_and_refuses_anything_else() {
        let info =
            |json: &'static str| now(Service::new(String::new()).info(answer(200, "", json)));
        let raster =
            info(r#"{"format":"image/png","file_size":123,"width":4,"height":2}"#).unwrap();
        let size = raster.raster.unwrap();
        assert_eq!((size.file_size, size.width, size.height), (123, 4, 2));
        assert_eq!(info(r#"{"format":"image/svg+xml"}"#).unwrap().raster, None);
        assert_eq!(images_error(info("<html>").unwrap_err()).code, 9523);
    }
}
