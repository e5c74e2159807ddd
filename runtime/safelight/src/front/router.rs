//! Routes requests: to safelight's own paths, to pictures by URL, or to the worker.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use safelight_delivery::{ImageUrls, fetch, url};
use safelight_hop::{Body, RequestContext, body};
use safelight_protocol::paths::{OWN_PREFIX, PLATFORM_PREFIX};

use super::refusal::Refusal;
use super::traces::Traces;
use super::worker_front::WorkerFront;

/// The path of the traces of the last requests. Below it is the trace of one request.
const TRACE_PATH: &str = "/cdn-cgi/safelight/trace";

/// The services of safelight's own paths, and the client's address.
#[derive(Clone, Copy)]
pub struct Platform<'a> {
    /// The traces of the last requests.
    pub traces: &'a Traces,
    /// The address of the client.
    pub peer: SocketAddr,
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
    let answer = if path.starts_with(OWN_PREFIX) {
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

/// Answers a request for one of safelight's own paths.
async fn own_path(
    platform: Platform<'_>,
    method: &Method,
    path: &str,
) -> Result<http::Response<Body>, Refusal> {
    // A dual-stack listener shows an IPv4 loopback peer as a mapped address.
    if !platform.peer.ip().to_canonical().is_loopback() {
        return Err(Refusal::NotLocal);
    }
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
    use std::net::{IpAddr, SocketAddr};

    use safelight_hop::log::Log;

    use super::{Platform, own_path};
    use crate::front::refusal::Refusal;
    use crate::front::traces::{TraceOptions, Traces};

    /// The refusal that a peer gets on a path, if any.
    async fn refusal(peer: &str, method: &str, path: &str) -> Option<Refusal> {
        let traces = Traces::new(TraceOptions::default(), None, Log::new(std::io::sink()));
        let platform = Platform {
            traces: &traces,
            peer: SocketAddr::new(peer.parse::<IpAddr>().unwrap(), 4_000),
            image_urls: None,
        };
        own_path(platform, &method.parse().unwrap(), path)
            .await
            .err()
    }

    #[tokio::test]
    async fn only_this_machine_sees_traces() {
        let path = "/cdn-cgi/safelight/trace";
        for local in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(refusal(local, "GET", path).await.is_none(), "{local}");
        }
        for other in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0"] {
            let refusal = refusal(other, "GET", path).await;
            assert!(matches!(refusal, Some(Refusal::NotLocal)), "{other}");
        }
    }

    #[tokio::test]
    async fn other_methods_paths_and_numbers_are_refused() {
        let local = "127.0.0.1";
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
