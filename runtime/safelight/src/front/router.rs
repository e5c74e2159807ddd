//! Where a request goes: to a path that safelight keeps for itself, or to the worker.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use wasmtime_wasi_http::WasiBody;

use crate::body;
use crate::cf_image;
use crate::error::Failure;
use crate::image_url::{self, ImageUrls};
use crate::record::RequestRecord;
use crate::trace::Traces;
use crate::worker::Worker;

/// Paths under this prefix belong to the platform and never reach a worker.
pub const PLATFORM_PREFIX: &str = "/cdn-cgi/";
/// Of these, the ones that only safelight has. What they show is for this machine only.
pub const OWN_PREFIX: &str = "/cdn-cgi/safelight/";
/// What happened on the hops of the last requests; below it, of one.
const TRACE_PATH: &str = "/cdn-cgi/safelight/trace";

/// What safelight's own paths know beside the request.
#[derive(Clone, Copy)]
pub struct Platform<'a> {
    /// What is kept of the last requests.
    pub traces: &'a Traces,
    /// Who asks.
    pub peer: SocketAddr,
    /// Pictures by URL, if the config has them.
    pub image_urls: Option<&'a ImageUrls>,
}

/// Answers a request, whatever it takes.
pub async fn answer(
    worker: &Worker,
    platform: Platform<'_>,
    mut request: http::Request<WasiBody>,
    record: &Arc<RequestRecord>,
) -> http::Response<WasiBody> {
    cf_image::forget(request.headers_mut());
    let path = request.uri().path();
    let answer = if path.starts_with(OWN_PREFIX) {
        own(platform, request.method(), path).await
    } else if image_url::is_path(path) {
        match platform.image_urls {
            Some(image_urls) => Ok(image_urls.answer(&request.into_parts().0, record).await),
            None => Err(Failure::ImageUrlsOff),
        }
    } else if path.starts_with(PLATFORM_PREFIX) {
        Err(Failure::NotServed(path.to_owned()))
    } else {
        if let Some(trace) = record.trace() {
            trace.called();
        }
        let answer = worker.answer(request, record).await;
        if let Some(trace) = record.trace() {
            let failure = answer.as_ref().err().map(|failure| failure.text(record));
            trace.answered(failure.as_deref());
        }
        answer
    };
    answer.unwrap_or_else(|failure| {
        if !failure.is_logged(record) {
            record.note(failure.text(record));
        }
        failure.answer(record)
    })
}

/// Answers on safelight's own paths.
async fn own(
    platform: Platform<'_>,
    method: &Method,
    path: &str,
) -> Result<http::Response<WasiBody>, Failure> {
    // A listener for both families shows a loopback peer of the older one as a mapped address.
    if !platform.peer.ip().to_canonical().is_loopback() {
        return Err(Failure::NotLocal);
    }
    let trace = path
        .strip_prefix(TRACE_PATH)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .ok_or_else(|| Failure::NotServed(path.to_owned()))?;
    if method != Method::GET {
        return Err(Failure::BadMethod("GET"));
    }
    let json = match trace.trim_start_matches('/') {
        "" => platform.traces.list(),
        id => platform.traces.one(id).await?,
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

    use super::{Platform, own};
    use crate::error::Failure;
    use crate::log::Log;
    use crate::trace::{TraceOptions, Traces};

    /// The status that a peer gets on a path, as the failure or as nothing.
    async fn failure(peer: &str, method: &str, path: &str) -> Option<Failure> {
        let traces = Traces::new(TraceOptions::default(), None, Log::new(std::io::sink()));
        let platform = Platform {
            traces: &traces,
            peer: SocketAddr::new(peer.parse::<IpAddr>().unwrap(), 4_000),
            image_urls: None,
        };
        own(platform, &method.parse().unwrap(), path).await.err()
    }

    #[tokio::test]
    async fn only_this_machine_sees_traces() {
        let path = "/cdn-cgi/safelight/trace";
        for local in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(failure(local, "GET", path).await.is_none(), "{local}");
        }
        for other in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0"] {
            let failure = failure(other, "GET", path).await;
            assert!(matches!(failure, Some(Failure::NotLocal)), "{other}");
        }
    }

    #[tokio::test]
    async fn other_methods_paths_and_numbers_are_refused() {
        let local = "127.0.0.1";
        let method = failure(local, "POST", "/cdn-cgi/safelight/trace").await;
        assert!(matches!(method, Some(Failure::BadMethod("GET"))));
        let path = failure(local, "GET", "/cdn-cgi/safelight/traces").await;
        assert!(matches!(path, Some(Failure::NotServed(_))));
        for id in ["7", "-1", "x"] {
            let path = format!("/cdn-cgi/safelight/trace/{id}");
            let kept = failure(local, "GET", &path).await;
            assert!(matches!(kept, Some(Failure::NotKept(_))), "{id}");
        }
    }
}
