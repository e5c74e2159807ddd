//! A pool of HTTP/1 connections to one Unix socket in which a dropped exchange kills its connection.
//!
//! A pool that lets a connection finish in the background hangs when a service answers before it has read an upload:
//! both ends wait in a write. Here whoever drops a response before its end aborts the connection's driver.

mod last_word;

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use safelight_images::deadline::{Deadlines, Paced, PacedError, Progress};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use wasmtime_wasi_http::WasiBody;

use self::last_word::LastWord;
use crate::trace::CallTrace;

/// Connections that are kept without a request.
const IDLE_CONNECTIONS: usize = 32;
/// How long a connection is kept without a request. The service closes one after 75 s, and a request that is written
/// just then would be lost, so this end gives up first.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// How long a connection may take to become ready again after a response.
const READY_TIME: Duration = Duration::from_secs(1);

/// A pool of connections to one socket.
#[derive(Clone)]
pub struct Pool {
    path: Arc<Path>,
    deadlines: Deadlines,
    idle: Arc<Mutex<Idle>>,
    connected: Arc<AtomicU64>,
    /// The era of the last connection on which the server spoke without having been asked.
    spoke: watch::Sender<Option<u64>>,
}

/// Connections without a request.
#[derive(Default)]
struct Idle {
    connections: Vec<Connection>,
    /// How often all of them were dropped: a connection from before is not taken back.
    era: u64,
}

/// One connection; dropped, it is killed.
struct Connection {
    /// Which of the pool's connections it is, from 1.
    number: u64,
    sender: SendRequest<WasiBody>,
    /// Returns what was wrong with the connection, if anything.
    driver: JoinHandle<Option<hyper::Error>>,
    era: u64,
    idle_since: Instant,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A request without a response, and the connection that it was to go over.
struct Failed {
    error: TrySendError<http::Request<WasiBody>>,
    connection: Connection,
}

impl Failed {
    /// Why there is no response. Of a request that never got onto its connection only the driver knows.
    async fn why(mut self) -> hyper::Error {
        if self.error.message().is_some()
            && let Ok(Ok(Some(error))) = timeout(READY_TIME, &mut self.connection.driver).await
        {
            return error;
        }
        self.error.into_error()
    }
}

/// Why an exchange did not get as far as a response.
#[derive(Debug)]
pub enum PoolError {
    /// The socket could not be connected to. The request was not touched.
    Connect(io::Error, Box<http::Request<WasiBody>>),
    /// The connection failed before the response's head.
    Exchange(hyper::Error),
}

impl Pool {
    /// A pool for the socket at `path`, without connections yet.
    pub fn new(path: impl Into<PathBuf>, deadlines: Deadlines) -> Self {
        Self {
            path: path.into().into(),
            deadlines,
            idle: Arc::default(),
            connected: Arc::default(),
            spoke: watch::Sender::new(None),
        }
    }

    /// Sends a request and returns the response when its head has arrived.
    ///
    /// A request that an old connection gives back untouched is sent once more on a new one. Dropping the future, or
    /// the response before its end, kills the connection.
    ///
    /// # Errors
    /// When the socket cannot be connected to, or the connection ends before a response.
    pub async fn send(
        &self,
        mut request: http::Request<WasiBody>,
    ) -> Result<http::Response<PooledBody>, PoolError> {
        let trace = request.extensions().get::<CallTrace>().cloned();
        if let Some(connection) = self.take_idle() {
            if let Some(trace) = &trace {
                trace.reused(connection.number);
            }
            match self.exchange(connection, request).await {
                Ok(response) => return Ok(response),
                Err(mut failed) => match failed.error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(PoolError::Exchange(failed.error.into_error())),
                },
            }
        }
        let connection = match self.connect().await {
            Ok(connection) => connection,
            Err(error) => return Err(PoolError::Connect(error, Box::new(request))),
        };
        if let Some(trace) = &trace {
            trace.connected(connection.number);
        }
        match self.exchange(connection, request).await {
            Ok(response) => Ok(response),
            Err(failed) => Err(PoolError::Exchange(failed.why().await)),
        }
    }

    /// Returns when the server has spoken without having been asked, on any connection since the last [`drop_idle`](Self::drop_idle).
    pub async fn speaks_unasked(&self) {
        let era = self.lock().era;
        // The sender is part of this very pool, so there is always one.
        let _ = self
            .spoke
            .subscribe()
            .wait_for(|spoke| *spoke == Some(era))
            .await;
    }

    /// Kills all connections without a request, and those with one as soon as it ends: their server is gone.
    pub fn drop_idle(&self) {
        let mut idle = self.lock();
        idle.era += 1;
        idle.connections.clear();
    }

    async fn exchange(
        &self,
        mut connection: Connection,
        request: http::Request<WasiBody>,
    ) -> Result<http::Response<PooledBody>, Failed> {
        let response = match connection.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(error) => return Err(Failed { error, connection }),
        };
        Ok(response.map(|incoming| PooledBody {
            incoming: Paced::new(incoming, self.deadlines.body_read),
            pool: self.clone(),
            connection: Some(connection),
        }))
    }

    async fn connect(&self) -> io::Result<Connection> {
        let era = self.lock().era;
        let stream = UnixStream::connect(&self.path).await?;
        let stream = Progress::client(LastWord::of(stream), self.deadlines.write);
        let (sender, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let spoke = self.spoke.clone();
        let driver = tokio::spawn(async move {
            // What else goes wrong on a connection reaches the exchange that is on it.
            let error = driver.await.err()?;
            if is_unasked(&error) {
                spoke.send_if_modified(|last| is_later(last, era));
            }
            Some(error)
        });
        Ok(Connection {
            number: self.connected.fetch_add(1, Ordering::Relaxed) + 1,
            sender,
            driver,
            era,
            idle_since: Instant::now(),
        })
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.lock();
        std::iter::from_fn(|| idle.connections.pop()).find(|connection| {
            !connection.sender.is_closed() && connection.idle_since.elapsed() < IDLE_TIME
        })
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection back as soon as it is ready for another request, or kills it if it is not soon: the
    /// request's body may still be on its way into a service that has already answered.
    async fn put_back(self, mut connection: Connection) {
        if let Ok(Ok(())) = timeout(READY_TIME, connection.sender.ready()).await {
            let mut idle = self.lock();
            if idle.connections.len() < IDLE_CONNECTIONS && idle.era == connection.era {
                connection.idle_since = Instant::now();
                idle.connections.push(connection);
            }
        }
    }
}

/// Moves on to an era, unless a later one is known: a connection may outlive the era that it is of.
fn is_later(last: &mut Option<u64>, era: u64) -> bool {
    let is_later = last.is_none_or(|last| last < era);
    if is_later {
        *last = Some(era);
    }
    is_later
}

/// Whether a server broke the protocol, and not only the connection.
pub fn is_garbage(error: &hyper::Error) -> bool {
    error.is_parse() || is_unasked(error)
}

/// Whether bytes came that answer no request. hyper has no method for this kind, only these words.
fn is_unasked(error: &hyper::Error) -> bool {
    error.to_string() == "received unexpected message from connection"
}

/// A response's body; read to its end it returns its connection to the pool, dropped before it kills it.
pub struct PooledBody {
    incoming: Paced<Incoming>,
    pool: Pool,
    connection: Option<Connection>,
}

impl PooledBody {
    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            tokio::spawn(self.pool.clone().put_back(connection));
        }
    }
}

impl Body for PooledBody {
    type Data = Bytes;
    type Error = PacedError<hyper::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        match polled {
            Poll::Ready(None) => self.release(),
            Poll::Ready(Some(Err(_))) => self.connection = None,
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for PooledBody {
    fn drop(&mut self) {
        // A reader that knows the length need not ask for the end.
        if self.incoming.is_end_stream() {
            self.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncWriteExt;
    use wasmtime_wasi_http::WasiBody;

    use super::{is_later, is_unasked};

    #[tokio::test]
    async fn bytes_that_nobody_asked_for_are_known_by_the_words_for_them() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let (_sender, driver) = http1::handshake::<_, WasiBody>(TokioIo::new(ours))
            .await
            .unwrap();
        theirs.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        assert!(is_unasked(&driver.await.unwrap_err()));
    }

    #[test]
    fn a_connection_that_outlives_its_era_does_not_hide_what_came_later() {
        let mut last = None;
        assert!(is_later(&mut last, 2));
        assert!(!is_later(&mut last, 1));
        assert_eq!(last, Some(2));
    }
}
