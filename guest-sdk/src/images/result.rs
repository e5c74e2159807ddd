//! The finished picture.

use http::{HeaderValue, header::CONTENT_TYPE};
use safelight_protocol::{ErrorCode, ImagesError, digest::REPR_DIGEST, error::Call};

use crate::{Body, Response, Result};

/// A finished picture that the service still holds. It is streamed when it is used.
#[derive(Debug)]
#[must_use]
pub struct ImageTransformationResult {
    content_type: String,
    digest: Option<HeaderValue>,
    image: Body,
}

impl ImageTransformationResult {
    /// Takes a successful answer. An answer without `content-type` fails here; the JavaScript client fails only when
    /// the type is read.
    pub(super) fn new(answer: Response) -> Result<Self> {
        let (mut parts, image) = answer.into_parts();
        let content_type = parts
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let Some(content_type) = content_type.map(str::to_owned) else {
            let missing = "the answer has no content-type";
            return Err(ImagesError::new(Call::Transform, ErrorCode::Internal, missing).into());
        };
        Ok(Self {
            content_type,
            digest: parts.headers.remove(REPR_DIGEST),
            image,
        })
    }

    /// The MIME type of the picture; `application/octet-stream` for raw pixels.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The encoded picture.
    #[must_use]
    pub fn image(self) -> Body {
        self.image
    }

    /// A response 200 with the picture, its type, its length and, where the service gave one, its digest
    /// (`repr-digest`, which stays true because the body is passed on as it is).
    ///
    /// The picture does not enter the worker. No caching headers are set; change the response's headers to
    /// add any.
    #[must_use]
    pub fn response(self) -> Response {
        let mut response = Response::new(self.image);
        let headers = response.headers_mut();
        // It was read from a header, so it can be one again.
        if let Ok(content_type) = HeaderValue::try_from(self.content_type) {
            headers.insert(CONTENT_TYPE, content_type);
        }
        headers.extend(
            self.digest
                .map(|digest| (http::HeaderName::from_static(REPR_DIGEST), digest)),
        );
        response
    }
}

#[cfg(test)]
mod tests {
    use super::ImageTransformationResult;
    use crate::{Body, Error};

    #[test]
    fn the_response_has_the_services_type_and_digest_and_nothing_else() {
        let answer = http::Response::builder()
            .header("content-type", "image/webp")
            .header("repr-digest", "crc32c=:AAAAAQ==:")
            .header("server", "images")
            .body(Body::from("pixels"))
            .unwrap();
        let result = ImageTransformationResult::new(answer).unwrap();
        assert_eq!(result.content_type(), "image/webp");
        let response = result.response();
        assert_eq!(response.headers().len(), 2);
        assert_eq!(response.headers()["content-type"], "image/webp");
        assert_eq!(response.headers()["repr-digest"], "crc32c=:AAAAAQ==:");
        assert_eq!(response.body().length(), Some(6));
    }

    #[test]
    fn an_answer_without_a_type_is_9523() {
        let error = ImageTransformationResult::new(http::Response::new(Body::empty())).unwrap_err();
        assert!(matches!(error, Error::Images(error) if error.code == 9523));
    }
}
