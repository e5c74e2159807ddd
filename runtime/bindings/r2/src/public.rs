//! A bucket's public path: its objects for whoever asks by a URL, as a site serves files. No bucket has one unless the
//! config says so.

mod object;

use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use tower::{ServiceExt as _, service_fn};
use wasmtime_wasi_http::{Error, WasiBody};

use super::bucket::Bucket;
use crate::bindings::{BindingService, CallContext, layered};
use crate::body;
use crate::call_log::SUMMARY_HEADER;
use crate::config::PublicPath;
use crate::faults::{FaultSet, Hop, HopFaults};
use crate::hooks::BINDINGS_HOST;
use crate::record::RequestRecord;
use crate::transformations::failure::inner;

/// The buckets of a worker that have a public path.
#[derive(Default)]
pub struct PublicBuckets(Vec<PublicBucket>);

/// One of them. The way to its objects has the layers that every hop has, under the name of its binding.
struct PublicBucket {
    path: PublicPath,
    hop: Arc<str>,
    objects: BindingService,
}

impl PublicBuckets {
    /// Opens a bucket to the public. No two of the paths may lie within each other.
    pub fn open(&mut self, path: PublicPath, hop: Hop, bucket: Bucket, faults: Arc<FaultSet>) {
        let name = hop.name.clone();
        let service = service_fn(move |request: Request<WasiBody>| {
            let bucket = bucket.clone();
            async move { Ok::<_, Error>(object::answered(&bucket, &request.into_parts().0).await) }
        });
        self.0.push(PublicBucket {
            path,
            hop: name,
            objects: layered(service, HopFaults::new(hop, faults)),
        });
    }

    /// The answer for a request whose path is a bucket's; none for others.
    pub async fn answer(
        &self,
        request: &Parts,
        record: &Arc<RequestRecord>,
    ) -> Option<Response<WasiBody>> {
        let path = request.uri.path();
        let (bucket, key) = self
            .0
            .iter()
            .find_map(|bucket| Some((bucket, path.strip_prefix(bucket.path.as_str())?)))?;
        let answered = bucket.ask(key, request, record).await;
        Some(answered.unwrap_or_else(|error| {
            let text = format!("{}: {}", bucket.hop, inner(&error));
            object::told(StatusCode::BAD_GATEWAY, &text)
        }))
    }
}

impl PublicBucket {
    async fn ask(
        &self,
        key: &str,
        request: &Parts,
        record: &Arc<RequestRecord>,
    ) -> Result<Response<WasiBody>, Error> {
        let mut call = Request::new(body::full(""));
        *call.method_mut() = request.method.clone();
        *call.uri_mut() = Uri::try_from(format!("http://{BINDINGS_HOST}/{key}"))
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        *call.headers_mut() = request.headers.clone();
        call.extensions_mut().insert(CallContext {
            hop: self.hop.clone(),
            record: record.clone(),
        });
        let mut response = self.objects.clone().oneshot(call).await?;
        response.headers_mut().remove(SUMMARY_HEADER);
        Ok(response)
    }
}
