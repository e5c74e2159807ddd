//! Where a request goes: to a path that safelight keeps for itself, or to the worker.

use std::sync::Arc;

use wasmtime_wasi_http::WasiBody;

use crate::error::Failure;
use crate::image_url::{self, ImageUrls};
use crate::record::RequestRecord;
use crate::worker::Worker;

/// Paths under this prefix belong to the platform and never reach a worker.
const PLATFORM_PREFIX: &str = "/cdn-cgi/";

/// What requests may go to.
pub struct Routes {
    pub worker: Arc<Worker>,
    /// Pictures by URL, if the config has them.
    pub image_urls: Option<ImageUrls>,
}

impl Routes {
    /// Answers a request, whatever it takes.
    pub async fn answer(
        &self,
        request: http::Request<WasiBody>,
        record: &Arc<RequestRecord>,
    ) -> http::Response<WasiBody> {
        let path = request.uri().path();
        if path.starts_with(image_url::PREFIX) {
            return match &self.image_urls {
                Some(image_urls) => image_urls.answer(&request.into_parts().0, record).await,
                None => failed(&Failure::ImageUrlsOff, record),
            };
        }
        if path.starts_with(PLATFORM_PREFIX) {
            return failed(&Failure::NotServed(path.to_owned()), record);
        }
        let answer = self.worker.answer(request, record).await;
        answer.unwrap_or_else(|failure| failed(&failure, record))
    }
}

fn failed(failure: &Failure, record: &RequestRecord) -> http::Response<WasiBody> {
    if !failure.is_logged(record) {
        record.note(failure.text(record));
    }
    failure.answer(record)
}
