//! A stand-in for the images process: the same transport, started by the same arguments, and answers that are in memory.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use safelight_images_client::READY_LINE;
use safelight_net::Deadlines;
use safelight_net::deadline::{Activity, TimeoutStream};
use safelight_net::transport::{Recorder, TransportLog};
use safelight_protocol::digest;
use safelight_protocol::settings::ImagesSettings;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use crate::load::{PLAIN_PATH, SIZES, VERIFIED_PATH, bytes};

/// Serves until standard input ends.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let place = arguments.iter().position(|argument| argument == "--socket");
    let socket = place.and_then(|place| arguments.get(place + 1));
    let socket = socket.context("no socket")?;
    let settings = arguments
        .iter()
        .position(|argument| argument == "--settings");
    let settings = settings.and_then(|settings| arguments.get(settings + 1));
    let settings: ImagesSettings = serde_json::from_str(settings.context("no settings")?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(8)
        .build()?;
    runtime.block_on(async {
        let bound = safelight_net::socket::bind(socket.as_ref())?;
        let transports = TransportLog::new(settings.transports.into());
        let block = Bytes::from(bytes(SIZES.into_iter().max().unwrap_or_default()));
        println!("{READY_LINE}");
        let mut stdin = tokio::io::stdin();
        let mut ignored = [0; 64];
        loop {
            tokio::select! {
                accepted = bound.listener.accept() => {
                    let recorder = transports.as_ref().map(TransportLog::new_recorder);
                    tokio::spawn(serve(accepted?.0, recorder, block.clone()));
                }
                read = stdin.read(&mut ignored) => if read? == 0 { return Ok(()) },
            }
        }
    })
}

async fn serve(stream: UnixStream, recorder: Option<Arc<Recorder>>, block: Bytes) {
    let activity = Activity::new();
    let stream = TimeoutStream::server(stream, &Deadlines::default(), activity.clone())
        .with_recorder(recorder.clone());
    let service = service_fn(move |request| {
        let (block, recorder, open) = (block.clone(), recorder.clone(), activity.begin_request());
        async move {
            if let Some(recorder) = &recorder {
                recorder.record_request(&request);
            }
            let answer = answer(request, &block).await;
            drop(open);
            if let Some(recorder) = &recorder {
                recorder.record_response(&answer);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    // Ends with the caller's.
    let _ = connection.await;
}

async fn answer(request: Request<Incoming>, block: &Bytes) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let whole = request.into_body().collect().await;
    let asked = |prefix| path.strip_prefix(prefix)?.parse::<usize>().ok();
    let (size, has_digest) = match (asked(VERIFIED_PATH), asked(PLAIN_PATH)) {
        (Some(size), _) => (size, true),
        (None, Some(size)) => (size, false),
        // A health check.
        (None, None) => (0, false),
    };
    let bytes = block.slice(..size.min(block.len()));
    let mut answer = Response::new(Full::new(bytes.clone()));
    if whole.is_err() {
        *answer.status_mut() = StatusCode::BAD_REQUEST;
    }
    let headers = answer.headers_mut();
    headers.insert(CONTENT_LENGTH, bytes.len().into());
    if has_digest
        && let Ok(value) = HeaderValue::try_from(digest::value(crc_fast::crc32_iscsi(&bytes)))
    {
        headers.insert(digest::REPR_DIGEST, value);
    }
    answer
}
