//! One adapter per hyper: serves one connection, and reports after every poll of it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use bytes::Bytes;
use http_body_util::Full;
use old_hyper::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{oneshot, watch};

use crate::handler::handle;
use crate::row::{Handling, KeepAlive, Row};
use crate::upload::Upload;
use crate::watched::{Notes, Watched};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// The hyper of the product.
    Current,
    /// hyper 0.14.32.
    Old,
}

/// The state of a connection after a poll.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) answered: bool,
    pub(crate) stopping: bool,
    /// Whether the connection's future has ended, and if so, whether it ended well.
    pub(crate) end: Option<bool>,
    pub(crate) notes: Notes,
}

/// The work of one connection, and the channel for its state.
pub(crate) struct Job {
    pub(crate) row: &'static Row,
    pub(crate) answer: Bytes,
    /// Fires when the connection is to shut down gracefully.
    pub(crate) stop: oneshot::Receiver<()>,
    pub(crate) seen: watch::Sender<Seen>,
}

impl Stack {
    pub(crate) async fn serve<T>(self, stream: Watched<T>, job: Job)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self {
            Self::Current => serve_current(stream, job).await,
            Self::Old => serve_old(stream, job).await,
        }
    }
}

async fn serve_current<T>(stream: Watched<T>, job: Job)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let reporter = Reporter::new(&stream, &job);
    let answering = Answering::new(&reporter, &job);
    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
        let answer = answering.clone().answer(request.into_body());
        async { hyper::Result::Ok(hyper::Response::new(Full::new(answer.await))) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .keep_alive(job.row.keep_alive != KeepAlive::Off)
        .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
    let stop = hyper::server::conn::http1::Connection::graceful_shutdown;
    drive(connection, stop, job.stop, reporter).await;
}

async fn serve_old<T>(stream: Watched<T>, job: Job)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let reporter = Reporter::new(&stream, &job);
    let answering = Answering::new(&reporter, &job);
    let service = old_hyper::service::service_fn(move |request: old_hyper::Request<_>| {
        let answer = answering.clone().answer(request.into_body());
        async { old_hyper::Result::Ok(old_hyper::Response::<Body>::new(answer.await.into())) }
    });
    let connection = old_hyper::server::conn::Http::new()
        .http1_only(true)
        .http1_keep_alive(job.row.keep_alive != KeepAlive::Off)
        .serve_connection(stream, service);
    let stop = old_hyper::server::conn::Connection::graceful_shutdown;
    drive(connection, stop, job.stop, reporter).await;
}

/// The handler of one connection's requests.
#[derive(Clone)]
struct Answering {
    handling: Handling,
    answer: Bytes,
    answered: Arc<AtomicBool>,
}

impl Answering {
    fn new(reporter: &Reporter, job: &Job) -> Self {
        Self {
            handling: job.row.handling,
            answer: job.answer.clone(),
            answered: reporter.answered.clone(),
        }
    }

    async fn answer<U: Upload>(self, upload: U) -> Bytes {
        handle(upload, self.handling).await;
        self.answered.store(true, Ordering::Relaxed);
        self.answer
    }
}

/// Runs a connection to its end and reports after each poll, so that a report never describes half a step.
async fn drive<C, E>(
    connection: C,
    graceful_shutdown: fn(Pin<&mut C>),
    stop: oneshot::Receiver<()>,
    mut reporter: Reporter,
) where
    C: Future<Output = Result<(), E>>,
{
    let mut connection = pin!(connection);
    // A client that never stops the server drops its sender, which must not stop it.
    let mut stop = pin!(async {
        if stop.await.is_err() {
            std::future::pending::<()>().await;
        }
    });
    poll_fn(|cx| {
        if !reporter.stopping && stop.as_mut().poll(cx).is_ready() {
            reporter.stopping = true;
            graceful_shutdown(connection.as_mut());
        }
        let state = connection.as_mut().poll(cx).map(|end| end.is_ok());
        reporter.report(state);
        state.map(drop)
    })
    .await;
}

struct Reporter {
    stopping: bool,
    answered: Arc<AtomicBool>,
    notes: Arc<Mutex<Notes>>,
    seen: watch::Sender<Seen>,
}

impl Reporter {
    fn new<T>(stream: &Watched<T>, job: &Job) -> Self {
        Self {
            stopping: false,
            answered: Arc::default(),
            notes: stream.notes.clone(),
            seen: job.seen.clone(),
        }
    }

    fn report(&self, state: Poll<bool>) {
        self.seen.send_replace(Seen {
            answered: self.answered.load(Ordering::Relaxed),
            stopping: self.stopping,
            end: match state {
                Poll::Ready(well) => Some(well),
                Poll::Pending => None,
            },
            notes: *self.notes.lock().unwrap(),
        });
    }
}
