//! The public path of a bucket, under which any client reads its objects by URL. A bucket has one only if the config
//! says so.

mod object;

use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use safelight_config::PublicPath;
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::inject::HopFaults;
use safelight_hop::{BindingService, Body, Call, HopError, RequestContext, body, layered};
use safelight_protocol::BINDINGS_HOST;
use safelight_protocol::headers::SUMMARY;
use tower::{ServiceExt as _, service_fn};

use super::bucket::Bucket;

/// The buckets of a worker with a public path.
#[derive(Default)]
pub struct PublicBuckets(Vec<PublicBucket>);

/// A bucket with a public path. A request for an object passes the layers of a hop, under the name of the binding.
struct PublicBucket {
    path: PublicPath,
    hop: Arc<str>,
    objects: BindingService,
}

impl PublicBuckets {
    /// Adds a bucket. No public path may lie within another.
    pub fn open(&mut self, path: PublicPath, hop: Hop, bucket: Bucket, faults: Arc<FaultSet>) {
        let name = hop.name.clone();
        let service = service_fn(move |call: Call| {
            let bucket = bucket.clone();
            async move {
                let (head, _) = call.request.into_parts();
                Ok(object::respond(&bucket, &head).await)
            }
        });
        self.0.push(PublicBucket {
            path,
            hop: name,
            objects: layered(service, HopFaults::new(hop, faults)),
        });
    }

    /// Answers a request with the path of a bucket; none for other paths.
    pub async fn answer(
        &self,
        request: &Parts,
        context: &Arc<RequestContext>,
    ) -> Option<Response<Body>> {
        let path = request.uri.path();
        let (bucket, key) = self
            .0
            .iter()
            .find_map(|bucket| Some((bucket, path.strip_prefix(bucket.path.as_str())?)))?;
        let respond = bucket.ask(key, request, context).await;
        Some(respond.unwrap_or_else(|error| {
            let text = format!("{}: {}", bucket.hop, error);
            object::text_response(StatusCode::BAD_GATEWAY, &text)
        }))
    }
}

impl PublicBucket {
    async fn ask(
        &self,
        key: &str,
        request: &Parts,
        context: &Arc<RequestContext>,
    ) -> Result<Response<Body>, HopError> {
        let mut call = Request::new(body::full(""));
        *call.method_mut() = request.method.clone();
        *call.uri_mut() = Uri::try_from(format!("http://{BINDINGS_HOST}/{key}"))
            .map_err(|_| HopError::InvalidUri)?;
        *call.headers_mut() = request.headers.clone();
        let call = Call::new(self.hop.clone(), call, context.clone());
        let mut response = self.objects.clone().oneshot(call).await?;
        response.headers_mut().remove(SUMMARY);
        Ok(response)
    }
}
