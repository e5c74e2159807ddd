//! The lines of calls in the log, by the ways in which a call ends.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, Response, StatusCode, Uri, Version};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use safelight_protocol::headers::SUMMARY;
use tokio::time::Instant;

use super::log;
use crate::body::{self, Answer, Body};
use crate::call::Call;
use crate::error::HopError;
use crate::log::{Log, MemoryLog, masked_times};
use crate::request::RequestContext;
use crate::trace::{Arrival, End, RequestTrace};

/// A client's request, on behalf of which the worker `gallery` makes calls, and its log.
struct Client {
    context: RequestContext,
    log: MemoryLog,
}

impl Client {
    fn new() -> Self {
        let log = MemoryLog::default();
        let uri = Uri::from_static("http://host/page");
        Self {
            context: RequestContext::new(7, Method::GET, &uri, Log::new(log.clone())),
            log,
        }
    }

    fn call(&self, upload: Body) -> Call {
        let request = http::Request::post("/transform?seed=1").body(upload);
        let worker = Uri::from_static("/inner");
        let context = self
            .context
            .calling(&"gallery".into(), Method::GET, &worker);
        Call::new("IMAGES".into(), request.unwrap(), context.unwrap())
    }

    /// Verifies the whole log. The expected text begins on a line of its own.
    #[track_caller]
    fn has_logged(&self, lines: &str) {
        assert_eq!(format!("\n{}", masked_times(&self.log.text())), lines);
    }
}

/// The trace of the client's request.
fn trace(target: &Uri) -> Arc<RequestTrace> {
    RequestTrace::begin(&Arrival {
        id: 7,
        method: &Method::GET,
        uri: target,
        version: Version::HTTP_11,
        connection: 1,
        request_on_connection: 1,
    })
}

/// Reads the whole upload of a call.
async fn take(call: Call) -> Result<(), HopError> {
    call.request.into_body().collect().await.map(|_| ())
}

fn ok(body: Body) -> Answer {
    Ok(Response::new(body))
}

/// Reads an answer to its end, which is an error.
async fn breaks_off(answer: impl Future<Output = Answer>) {
    let body = answer.await.unwrap().into_body();
    body.collect().await.unwrap_err();
}

/// A body of these pieces.
fn pieces(pieces: Vec<Result<&'static str, HopError>>) -> Body {
    let frame = |piece: &'static str| Frame::data(Bytes::from_static(piece.as_bytes()));
    let frames = pieces.into_iter().map(move |piece| piece.map(frame));
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

#[tokio::test]
async fn a_whole_call_has_its_summary_its_bytes_and_its_time() {
    let client = Client::new();
    let answer = log(client.call(body::full("a form")), async |call| {
        take(call).await?;
        let mut response = Response::new(body::full("x".repeat(34_140)));
        let summary = HeaderValue::from_static("png 3x2");
        response.headers_mut().insert(SUMMARY, summary);
        Ok(response)
    });
    answer.await.unwrap().into_body().collect().await.unwrap();
    client.has_logged(
        r"
  [7] gallery: IMAGES /transform 200 png 3x2 (6 B in, 34.1 KB out) in T
",
    );
}

#[tokio::test]
async fn a_call_without_an_answer_has_the_error_in_place_of_a_status() {
    let client = Client::new();
    let answer = log(client.call(body::full("a form")), async |_| {
        Err(HopError::Closed)
    });
    answer.await.unwrap_err();
    client.has_logged(r"
  [7] gallery: IMAGES /transform (0 B in, 0 B out) in T FAILED: the connection ended before an answer
");
}

#[tokio::test]
async fn an_answer_that_breaks_off_has_its_status_and_the_bytes_that_came() {
    let client = Client::new();
    let answer = log(client.call(body::full("a form")), async |call| {
        take(call).await?;
        ok(pieces(vec![Ok("half "), Err(HopError::InstanceDied)]))
    });
    breaks_off(answer).await;
    client.has_logged(r"
  [7] gallery: IMAGES /transform 200 (6 B in, 5 B out) in T FAILED: the worker that wrote it died before its end
");
}

#[tokio::test]
async fn a_call_that_the_worker_drops_says_so_unless_its_status_is_an_error() {
    let client = Client::new();
    let waiting = log(client.call(body::full("a form")), async |_| {
        std::future::pending().await
    });
    drop(tokio::time::timeout(Duration::ZERO, waiting).await);
    for status in [StatusCode::OK, StatusCode::NOT_FOUND] {
        let answer = log(client.call(body::full("a form")), async |_| {
            let mut response = Response::new(pieces(vec![Ok("half "), Ok("whole")]));
            *response.status_mut() = status;
            Ok(response)
        });
        let mut body = answer.await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
    }
    client.has_logged(r"
  [7] gallery: IMAGES /transform (0 B in, 0 B out) in T FAILED: the worker dropped the call before its end
  [7] gallery: IMAGES /transform 200 (0 B in, 5 B out) in T FAILED: the worker dropped the call before its end
  [7] gallery: IMAGES /transform 404 (0 B in, 5 B out) in T FAILED: the answer is 404 Not Found and was not read to its end
");
}

#[tokio::test]
async fn an_upload_that_breaks_off_goes_before_the_failure_of_the_call() {
    let client = Client::new();
    let upload = || pieces(vec![Ok("half "), Err(HopError::Guest("no more".into()))]);
    let answer = log(client.call(upload()), async |call| {
        take(call).await?;
        ok(body::full(""))
    });
    answer.await.unwrap_err();
    let answer = log(client.call(upload()), async |call| {
        let _ends_without = take(call).await;
        ok(pieces(vec![Err(HopError::Closed)]))
    });
    breaks_off(answer).await;
    client.has_logged(r"
  [7] gallery: IMAGES /transform (5 B in, 0 B out) in T FAILED: the upload broke off: no more
  [7] gallery: IMAGES /transform 200 (5 B in, 0 B out) in T FAILED: the upload broke off (no more); the connection ended before an answer
");
}

#[tokio::test]
async fn the_line_of_a_call_has_whole_texts_and_its_trace_has_their_beginnings() {
    let log = MemoryLog::default();
    let long = |name: &str| format!("{name}{}", "x".repeat(2_000));
    let target = Uri::from_static("/");
    let trace = trace(&target);
    let context = RequestContext::new(7, Method::GET, &target, Log::new(log.clone()));
    let context = Arc::new(context.with_trace(Some(trace.clone())));
    let (hop, path) = (long("fetch GET "), long("/"));
    let request = http::Request::get(&path).body(body::full("")).unwrap();
    let call = Call::new(hop.as_str().into(), request, context);
    let answer = super::log(call, async |_| {
        let broken = HopError::Guest(long("failure "));
        let mut response = Response::new(pieces(vec![Err(broken)]));
        let summary = HeaderValue::try_from(long("summary ")).unwrap();
        response.headers_mut().insert(SUMMARY, summary);
        Ok(response)
    });
    breaks_off(answer).await;
    assert_eq!(
        masked_times(&log.text()),
        format!(
            "  [7] {hop} {path} 200 {} (0 B in, 0 B out) in T FAILED: {}\n",
            long("summary "),
            long("failure "),
        )
    );
    let call = trace.snapshot().calls.remove(0);
    for text in [
        call.hop,
        call.path,
        call.summary.unwrap(),
        call.fault.unwrap(),
    ] {
        assert_eq!(text.len(), 1_024);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_pauses_for_longer_than_its_callers_limit_is_not_dropped_by_the_worker() {
    const LIMIT: Duration = Duration::from_millis(100);
    let client = Client::new();
    for pauses in [vec![0, 90, 90], vec![50, 150]] {
        let call = client.call(body::full("")).with_between_bytes(Some(LIMIT));
        let answer = log(call, async |_| ok(paused(pauses)));
        let whole = answer.await.unwrap().into_body().collect();
        // A regression fails here instead of hanging.
        let whole = tokio::time::timeout(LIMIT * 10, whole).await.unwrap();
        drop(whole);
    }
    client.has_logged(r"
  [7] gallery: IMAGES /transform 200 (0 B in, 3 B out) in T
  [7] gallery: IMAGES /transform 200 (0 B in, 1 B out) in T FAILED: no byte came for T, the caller's limit
");
}

/// A body of one byte after each of these pauses, in milliseconds.
fn paused(pauses: Vec<u64>) -> Body {
    let frames = futures_util::stream::iter(pauses).then(async |pause| {
        let end = Instant::now() + Duration::from_millis(pause);
        tokio::time::sleep_until(end).await;
        Ok(Frame::data(Bytes::from_static(b"x")))
    });
    StreamBody::new(Box::pin(frames)).boxed_unsync()
}

/// A log that records, for each line, the end of the first call in the trace at that time.
struct EndsInTrace {
    trace: Arc<RequestTrace>,
    ends: Arc<Mutex<Vec<End>>>,
}

impl Write for EndsInTrace {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let end = self.trace.snapshot().calls[0].end;
        self.ends.lock().unwrap().push(end);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_line_of_a_call_comes_before_the_end_for_which_a_trace_waits() {
    let target = Uri::from_static("/");
    let trace = trace(&target);
    let ends = Arc::<Mutex<Vec<End>>>::default();
    let sink = EndsInTrace {
        trace: trace.clone(),
        ends: ends.clone(),
    };
    let context = RequestContext::new(7, Method::GET, &target, Log::new(sink));
    let context = Arc::new(context.with_trace(Some(trace.clone())));
    let request = http::Request::get("/info").body(body::full(""));
    let call = Call::new("IMAGES".into(), request.unwrap(), context);
    let answer = log(call, async |_| ok(body::full("x")));
    answer.await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(*ends.lock().unwrap(), [End::Open]);
    assert_eq!(trace.snapshot().calls[0].end, End::Whole);
}
