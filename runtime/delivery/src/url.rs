//! `/cdn-cgi/image/<options>/<source>`: a picture by its URL alone.
//!
//! | module | does |
//! |---|---|
//! | [`path`] | the path to options and source |
//! | [`pairs`] | the options' text to pairs |
//! | [`options`] | pairs to checked values |
//! | [`hints`] | what the client says of itself, where an option leaves something to it |

pub mod hints;
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
use serde_json::Value;

use self::options::Options;
use self::path::SourceUrl;
use crate::answer::ResponseHints;
use crate::deliver::Delivery;
use crate::failure::{Code, Failure};
use crate::output::{Accepted, Format};
use crate::request::TransformRequest;
use crate::source::{Fetched, Sources};
use crate::subrequest::{is_image_resizing, subrequest_headers};
use crate::transform::Transformations;

/// Answers requests for pictures by URL.
pub struct ImageUrls {
    pub transformations: Transformations,
    pub sources: Sources,
    /// Which other hosts a source may be on; the worker's own always may.
    pub allowed: Vec<OriginPattern>,
    /// The worker's name, by which its own requests are known.
    pub worker: String,
}

impl ImageUrls {
    /// Answers a request whose path begins with [`IMAGE_URL_PREFIX`] and whose URI is absolute.
    pub async fn answer(
        &self,
        request: &http::request::Parts,
        context: &Arc<RequestContext>,
    ) -> http::Response<Body> {
        let failure = match self.picture(request, context).await {
            Ok(response) => return response,
            Err(failure) => failure,
        };
        context.note(format_args!(
            "image-url answers {}: {}",
            failure.code.number(),
            failure.text
        ));
        if failure.code == Code::InTheWay {
            return failure.answer();
        }
        redirect_to_source(request).unwrap_or_else(|| failure.answer())
    }

    async fn picture(
        &self,
        request: &http::request::Parts,
        context: &Arc<RequestContext>,
    ) -> Result<http::Response<Body>, Failure> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(Failure::new(Code::Method, "the method must be GET or HEAD"));
        }
        if is_image_resizing(&request.headers) {
            let text = "the request comes from a transformation already (Via: image-resizing)";
            return Err(Failure::new(Code::Loop, text));
        }
        if request
            .headers
            .get(WORKER)
            .is_some_and(|worker| worker == self.worker.as_str())
        {
            let text = "a worker's plain fetch of its own /cdn-cgi/image/ is not transformed: fetch the picture itself, with cf.image";
            return Err(Failure::new(Code::InTheWay, text));
        }
        let path = path::Path::parse(&request.uri)?;
        let options = Options::read(path.options)?;
        let source = SourceUrl::parse(path.source, &request.uri)?;
        let headers = subrequest_headers(&request.headers);
        let source = self.fetch(&source, &headers, context).await?;
        let (transform, hints) = transform_request(options, &request.headers);
        let delivery = Delivery {
            source,
            // The choices that were left to the client are part of it.
            identity: Some(transform.text()),
            request: transform,
            hints,
        };
        delivery.run(&self.transformations, request, context).await
    }

    async fn fetch(
        &self,
        source: &SourceUrl,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<Fetched, Failure> {
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
                    return Err(Failure::new(Code::NotAllowed, text));
                }
                self.sources
                    .fetch_remote(target.url().as_str(), headers, context)
                    .await
            }
        }
    }
}

/// Whether a request is for this interface, however little it says.
pub fn is_path(path: &str) -> bool {
    path.starts_with(IMAGE_URL_PREFIX) || Some(path) == IMAGE_URL_PREFIX.strip_suffix('/')
}

/// Fills in what the options leave to the client.
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
        output.accepted = Accepted::by(headers);
    }
    if let Some(auto) = auto_width {
        vary.extend(hints::WIDTH_HEADERS);
        transform.insert("width".into(), Value::from(auto.width(headers)));
    }
    if let Some(quality) = slow_quality {
        vary.extend(hints::SPEED_HEADERS);
        if hints::is_slow(headers) {
            output.quality = Some(quality);
        }
    }
    let transforms = match transform.is_empty() {
        true => Vec::new(),
        false => {
            transform.insert("imageIndex".into(), 0.into());
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

/// The redirect that `onerror=redirect` asks for, if the source is of the same zone.
fn redirect_to_source(request: &http::request::Parts) -> Option<http::Response<Body>> {
    let path = path::Path::parse(&request.uri).ok()?;
    if !options::redirects_on_error(path.options) || is_image_resizing(&request.headers) {
        return None;
    }
    let location = match SourceUrl::parse(path.source, &request.uri).ok()? {
        // Absolute, since a path may begin with what a browser takes for a host.
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
