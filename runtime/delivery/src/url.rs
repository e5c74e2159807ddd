//! `/cdn-cgi/image/<options>/<source>`: transformation of a picture by its URL.
//!
//! | module | does |
//! |---|---|
//! | [`path`] | splits the path into options and source |
//! | [`pairs`] | splits the options into key-value pairs |
//! | [`options`] | parses the pairs into checked values |
//! | [`client_hints`] | reads the client's width and speed from its headers, for the options that depend on them |

pub mod client_hints;
pub mod options;
pub mod pairs;
pub mod path;

use std::sync::Arc;

use http::header::LOCATION;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use safelight_hop::{Body, RequestContext, body};
use safelight_outgoing::OriginPattern;
use safelight_protocol::headers::WORKER;
use safelight_protocol::paths::IMAGE_URL_PREFIX;
use safelight_protocol::steps::IMAGE_INDEX;
use serde_json::Value;

use self::options::Options;
use self::path::SourceUrl;
use crate::deliver::Delivery;
use crate::error::{DeliveryError, ErrorKind};
use crate::output::{AcceptedFormats, Format};
use crate::request::TransformRequest;
use crate::response_hints::ResponseHints;
use crate::source::{FetchedSource, Sources};
use crate::subrequest::{is_image_resizing, subrequest_headers};
use crate::transform::Transformations;

/// Answers requests for pictures by URL.
pub struct ImageUrls {
    pub transformations: Transformations,
    pub sources: Sources,
    /// The other hosts on which a source may be. The worker's own host is always allowed.
    pub allowed: Vec<OriginPattern>,
    /// The worker's name, which marks its own requests.
    pub worker: String,
}

impl ImageUrls {
    /// Answers a request whose path begins with [`IMAGE_URL_PREFIX`] and whose URI is absolute.
    pub async fn answer(
        &self,
        request: &http::request::Parts,
        context: &Arc<RequestContext>,
    ) -> http::Response<Body> {
        let error = match self.transform(request, context).await {
            Ok(response) => return response,
            Err(error) => error,
        };
        context.note(format_args!(
            "image-url answers {}: {}",
            error.kind.number(),
            error.text
        ));
        if error.kind == ErrorKind::FetchedByWorker {
            return error.to_response();
        }
        redirect_to_source(request).unwrap_or_else(|| error.to_response())
    }

    async fn transform(
        &self,
        request: &http::request::Parts,
        context: &Arc<RequestContext>,
    ) -> Result<http::Response<Body>, DeliveryError> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(DeliveryError::new(
                ErrorKind::MethodNotAllowed,
                "the method must be GET or HEAD",
            ));
        }
        if is_image_resizing(&request.headers) {
            let text = "the request comes from a transformation already (Via: image-resizing)";
            return Err(DeliveryError::new(ErrorKind::Loop, text));
        }
        if request
            .headers
            .get(WORKER)
            .is_some_and(|worker| worker == self.worker.as_str())
        {
            let text = "a worker's plain fetch of its own /cdn-cgi/image/ is not transformed: fetch the picture itself, with cf.image";
            return Err(DeliveryError::new(ErrorKind::FetchedByWorker, text));
        }
        let path = path::Path::parse(&request.uri)?;
        let options = Options::parse(path.options)?;
        let source = SourceUrl::parse(path.source, &request.uri)?;
        let headers = subrequest_headers(&request.headers);
        let source = self.fetch(&source, &headers, context).await?;
        let (transform, hints) = transform_request(options, &request.headers);
        let delivery = Delivery {
            source,
            // Includes the values that were chosen by the client's headers.
            identity: Some(transform.text()),
            request: transform,
            hints,
            between_bytes: None,
        };
        delivery.run(&self.transformations, request, context).await
    }

    async fn fetch(
        &self,
        source: &SourceUrl,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<FetchedSource, DeliveryError> {
        match source {
            SourceUrl::Worker(url) => {
                self.sources
                    .fetch_worker(url.clone(), headers, context)
                    .await
            }
            SourceUrl::Remote(target) => {
                if !self.allowed.iter().any(|pattern| pattern.matches(target)) {
                    let text = format!(
                        "the source {} is not among safelight.allowed_origins",
                        target.url()
                    );
                    return Err(DeliveryError::new(ErrorKind::NotAllowed, text));
                }
                self.sources
                    .fetch_remote(target.url().as_str(), headers, context)
                    .await
            }
        }
    }
}

/// Whether a path belongs to this interface, even if options and source are missing.
pub fn is_image_url_path(path: &str) -> bool {
    path.starts_with(IMAGE_URL_PREFIX) || Some(path) == IMAGE_URL_PREFIX.strip_suffix('/')
}

/// Resolves the options that depend on the client's headers.
fn transform_request(options: Options, headers: &HeaderMap) -> (TransformRequest, ResponseHints) {
    let Options {
        mut transform,
        mut output,
        auto_width,
        slow_quality,
        warnings,
        ..
    } = options;
    let mut vary = Vec::new();
    if output.format == Format::Auto {
        vary.push("accept");
        output.accepted = AcceptedFormats::from_headers(headers);
    }
    if let Some(auto) = auto_width {
        vary.extend(client_hints::WIDTH_HEADERS);
        transform.insert("width".into(), Value::from(auto.width(headers)));
    }
    if let Some(quality) = slow_quality {
        vary.extend(client_hints::SPEED_HEADERS);
        if client_hints::is_slow(headers) {
            output.quality = Some(quality);
        }
    }
    let transforms = match transform.is_empty() {
        true => Vec::new(),
        false => {
            transform.insert(IMAGE_INDEX.into(), 0.into());
            vec![Value::Object(transform)]
        }
    };
    let request = TransformRequest {
        transforms,
        overlays: Vec::new(),
        output,
    };
    (request, ResponseHints { vary, warnings })
}

/// The redirect for `onerror=redirect`; none if the source is in another zone.
fn redirect_to_source(request: &http::request::Parts) -> Option<http::Response<Body>> {
    let path = path::Path::parse(&request.uri).ok()?;
    if !options::redirects_on_error(path.options) || is_image_resizing(&request.headers) {
        return None;
    }
    let location = match SourceUrl::parse(path.source, &request.uri).ok()? {
        // Absolute, since a browser takes a path that begins with `//` for a host.
        SourceUrl::Worker(url) => url.to_string(),
        SourceUrl::Remote(target) => {
            let zone = request.uri.authority().map_or("", Authority::host);
            let host = target.url().host_str()?;
            let rest = host.strip_suffix(zone)?;
            if zone.is_empty() || !(rest.is_empty() || rest.ends_with('.')) {
                return None;
            }
            target.url().to_string()
        }
    };
    let mut response = http::Response::new(body::full(""));
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let location = HeaderValue::try_from(location).ok()?;
    response.headers_mut().insert(LOCATION, location);
    Some(response)
}

#[cfg(test)]
mod tests;
