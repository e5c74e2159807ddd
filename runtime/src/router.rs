//! Where a request goes: to a path that safelight keeps for itself, or to the worker.

use std::sync::Arc;

use wasmtime_wasi_http::WasiBody;

use crate::error::Failure;
use crate::record::RequestRecord;
use crate::worker::Worker;

/// Paths under this prefix belong to the platform and never reach a worker.
const PLATFORM_PREFIX: &str = "/cdn-cgi/";

/// Answers a request, whatever it takes.
pub async fn answer(
    worker: &Worker,
    request: http::Request<WasiBody>,
    record: &Arc<RequestRecord>,
) -> http::Response<WasiBody> {
    let path = request.uri().path();
    let answer = if path.starts_with(PLATFORM_PREFIX) {
        Err(Failure::NotServed(path.to_owned()))
    } else {
        worker.answer(request, record).await
    };
    answer.unwrap_or_else(|failure| {
        if !failure.is_logged(record) {
            record.note(failure.text(record));
        }
        failure.answer(record)
    })
}
