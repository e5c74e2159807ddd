//! The echo binding: answers with the request that it receives.
//!
//! It exists for tests, and as the smallest binding to read: every crate has it behind the feature `echo`, which only tests
//! turn on. The answer has the request's body and some of its headers, and these:
//!
//! | header | value |
//! |---|---|
//! | `echo-id` | the id in the config |
//! | `echo-method` | the method |
//! | `echo-path` | the path and query |

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Request, Response};
use safelight_hop::body::Answer;
use safelight_hop::{Body, Call, HopError, HopService};
use safelight_protocol::digest::REPR_DIGEST;
use tower::service_fn;

/// The headers that the answer repeats. They describe the body, and the layers verify it by them.
const REPEATED: [HeaderName; 3] = [
    CONTENT_TYPE,
    CONTENT_LENGTH,
    HeaderName::from_static(REPR_DIGEST),
];

/// The service behind an echo binding with this id.
pub fn service(id: &str) -> impl HopService {
    let id: Arc<str> = id.into();
    service_fn(move |call: Call| {
        let answer = answer(&id, call.request);
        async move { answer }
    })
}

fn answer(id: &str, request: Request<Body>) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let value = |text: &str| {
        HeaderValue::try_from(text).map_err(|error| HopError::Service(error.to_string()))
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert("echo-id", value(id)?);
    headers.insert("echo-method", value(head.method.as_str())?);
    headers.insert("echo-path", value(path)?);
    for name in REPEATED {
        if let Some(value) = head.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::BodyExt as _;
    use safelight_hop::log::Log;
    use safelight_hop::{Call, RequestContext, body};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn the_answer_is_the_request() {
        let request = Request::put("http://bindings.internal/a/b?c=%2F")
            .header("content-type", "text/x-test")
            .header("content-length", "5")
            .header("cookie", "secret")
            .body(body::full("hello"))
            .unwrap();
        let context = RequestContext::background(Log::new(std::io::sink()));
        let call = Call::new("ECHO".into(), request, context);
        let answer = super::service("one").oneshot(call).await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        for (name, value) in [
            ("echo-id", Some("one")),
            ("echo-method", Some("PUT")),
            ("echo-path", Some("/a/b?c=%2F")),
            ("content-type", Some("text/x-test")),
            ("content-length", Some("5")),
            ("cookie", None),
        ] {
            assert_eq!(header(name), value, "{name}");
        }
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "hello");
    }
}
