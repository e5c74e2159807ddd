//! Routes requests: to safelight's own paths, to pictures by URL, or to the worker.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use safelight_delivery::{ImageUrls, fetch, url};
use safelight_hop::{Body, RequestContext, body};
use safelight_protocol::paths::{HANDLER_PREFIX, OWN_PREFIX, PLATFORM_PREFIX};

use super::access::Stranger;
use super::refusal::Refusal;
use super::traces::Traces;
use super::worker_front::WorkerFront;

/// The path of the traces of the last requests. Below it is the trace of one request.
const TRACE_PATH: &str = "/cdn-cgi/safelight/trace";

/// The services of safelight's own paths, and the client's right to use them.
#[derive(Clone, Copy)]
pub struct Platform<'a> {
    /// The traces of the last requests.
    pub traces: &'a Traces,
    /// The permission of the client to use safelight's own paths, or the reason why it has none.
    pub steering: Result<(), Stranger>,
    /// Pictures by URL, if the config enables them.
    pub image_urls: Option<&'a ImageUrls>,
}

/// Answers a request. A failure becomes a response.
pub async fn answer(
    worker: &WorkerFront,
    platform: Platform<'_>,
    mut request: http::Request<Body>,
    context: &Arc<RequestContext>,
) -> http::Response<Body> {
    fetch::strip_header(request.headers_mut());
    let path = request.uri().path();
    let answer = if path.starts_with(OWN_PREFIX) || path.starts_with(HANDLER_PREFIX) {
        own_path(platform, request.method(), path).await
    } else if url::is_image_url_path(path) {
        match platform.image_urls {
            Some(image_urls) => Ok(image_urls.answer(&request.into_parts().0, context).await),
            None => Err(Refusal::ImageUrlsOff),
        }
    } else if path.starts_with(PLATFORM_PREFIX) {
        Err(Refusal::NotServed(path.to_owned()))
    } else {
        if let Some(trace) = context.trace() {
            trace.called();
        }
        let answer = worker.answer(request, context).await;
        if let Some(trace) = context.trace() {
            let failure = answer.as_ref().err().map(|failure| failure.text(context));
            trace.answered(failure.as_deref());
        }
        answer.map_err(Refusal::Worker)
    };
    answer.unwrap_or_else(|refusal| refusal.report(context))
}

/// Answers a request for one of safelight's own paths, or for one that sends a worker an event.
async fn own_path(
    platform: Platform<'_>,
    method: &Method,
    path: &str,
) -> Result<http::Response<Body>, Refusal> {
    platform.steering.map_err(Refusal::Stranger)?;
    let trace = path
        .strip_prefix(TRACE_PATH)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .ok_or_else(|| Refusal::NotServed(path.to_owned()))?;
    if method != Method::GET {
        return Err(Refusal::BadMethod("GET"));
    }
    let json = match trace.trim_start_matches('/') {
        "" => platform.traces.list(),
        id => platform.traces.one(id).await.ok_or_else(|| {
            Refusal::NotKept(format!(
                "no trace of request {id}: the last {} are kept",
                platform.traces.keep()
            ))
        })?,
    };
    let mut response = http::Response::new(body::full(json));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use safelight_hop::log::Log;

    use super::{Platform, own_path};
    use crate::front::access::Stranger;
    use crate::front::refusal::Refusal;
    use crate::front::traces::{TraceOptions, Traces};

    /// The refusal that a client gets on a path, if any.
    async fn refusal(steering: Result<(), Stranger>, method: &str, path: &str) -> Option<Refusal> {
        let traces = Traces::new(TraceOptions::default(), None, Log::new(std::io::sink()));
        let platform = Platform {
            traces: &traces,
            steering,
            image_urls: None,
        };
        own_path(platform, &method.parse().unwrap(), path)
            .await
            .err()
    }

    #[tokio::test]
    async fn no_own_path_is_for_a_stranger() {
        let (known, stranger) = (Ok(()), Err(Stranger::OtherSite));
        let trace = "/cdn-cgi/safelight/trace";
        assert!(refusal(known, "GET", trace).await.is_none());
        for path in [trace, "/cdn-cgi/safelight/x", "/cdn-cgi/handler/scheduled"] {
            let refusal = refusal(stranger, "GET", path).await;
            assert!(matches!(refusal, Some(Refusal::Stranger(_))), "{path}");
        }
    }

    #[tokio::test]
    async fn other_methods_paths_and_numbers_are_refused() {
        let local = Ok(());
        let method = refusal(local, "POST", "/cdn-cgi/safelight/trace").await;
        assert!(matches!(method, Some(Refusal::BadMethod("GET"))));
        let path = refusal(local, "GET", "/cdn-cgi/safelight/traces").await;
        assert!(matches!(path, Some(Refusal::NotServed(_))));
        for id in ["7", "-1", "x"] {
            let path = format!("/cdn-cgi/safelight/trace/{id}");
            let kept = refusal(local, "GET", &path).await;
            assert!(matches!(kept, Some(Refusal::NotKept(_))), "{id}");
        }
    }
}
