//! A pool of HTTP/1 connections to one Unix socket. Dropping an exchange kills its connection.
//!
//! A pool that lets a connection finish in the background hangs when a service responds before it has read an upload:
//! both ends wait in a write. Here dropping a response before its end aborts the connection's driver.

mod ignore_broken_pipe;

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
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use self::ignore_broken_pipe::IgnoreBrokenPipe;
use crate::deadline::{Deadlines, ReadTimeoutBody, ReadTimeoutError, TimeoutStream};
use crate::task::TaskGuard;

/// The maximum number of connections that are kept without a request.
const MAX_IDLE_CONNECTIONS: usize = 32;
/// Longest time for which a connection is kept without a request. The service closes one after 75 s, and a request that
/// is written just then would be lost, so this end closes first.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest time in which a connection must become ready again after a response.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// A pool of connections to one socket, for requests whose body is a `B`.
pub struct Pool<B> {
    path: Arc<Path>,
    deadlines: Deadlines,
    idle: Arc<Mutex<Idle<B>>>,
    connected: Arc<AtomicU64>,
    /// The generation of the last connection that received bytes without a request.
    unsolicited: watch::Sender<Option<u64>>,
}

// A derived `Clone` would require it of `B` as well.
impl<B> Clone for Pool<B> {
    fn clone(&self) -> Self {
        Self {
            path: self.path.clone(),
            deadlines: self.deadlines,
            idle: self.idle.clone(),
            connected: self.connected.clone(),
            unsolicited: self.unsolicited.clone(),
        }
    }
}

/// Connections without a request.
struct Idle<B> {
    connections: Vec<Connection<B>>,
    /// Times that all of them were dropped. A connection of an earlier generation is not put back.
    generation: u64,
}

impl<B> Default for Idle<B> {
    fn default() -> Self {
        Self {
            connections: Vec::new(),
            generation: 0,
        }
    }
}

/// One connection. Dropping it kills it.
struct Connection<B> {
    /// The number among the pool's connections, from 1.
    number: u64,
    /// The task that moves the bytes of the connection. Returns its error, if it failed.
    driver: TaskGuard<Option<hyper::Error>>,
    sender: SendRequest<B>,
    generation: u64,
    idle_since: Instant,
}

/// The error of an exchange without a response, and its connection.
struct ExchangeError<B> {
    error: TrySendError<http::Request<B>>,
    connection: Connection<B>,
}

impl<B> ExchangeError<B> {
    /// The cause. If the request was never written, only the driver knows it.
    async fn cause(mut self) -> hyper::Error {
        if self.error.message().is_some()
            && let Ok(Ok(Some(error))) = timeout(READY_TIMEOUT, self.connection.driver.join()).await
        {
            return error;
        }
        self.error.into_error()
    }
}

/// The error of an exchange without a response.
#[derive(Debug)]
pub enum PoolError<B> {
    /// The connection to the socket failed. The request is unsent.
    Connect(io::Error, Box<http::Request<B>>),
    /// The connection failed before the response's head.
    Exchange(hyper::Error),
}

/// The connection that a request goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Its number among the pool's connections, from 1.
    pub number: u64,
    /// Whether it has served an earlier request.
    pub reused: bool,
}

impl<B> Pool<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    /// Makes an empty pool for the socket at `path`.
    pub fn new(path: impl Into<PathBuf>, deadlines: Deadlines) -> Self {
        Self {
            path: path.into().into(),
            deadlines,
            idle: Arc::default(),
            connected: Arc::default(),
            unsolicited: watch::Sender::new(None),
        }
    }

    /// Sends a request and returns the response when its head has arrived.
    ///
    /// A request that an idle connection returns unsent is sent once more on a new one. Dropping the future, or the
    /// response before its end, kills the connection. `connected` is called with each connection before the request
    /// is sent on it, so that the connection of a request without a response is known as well.
    ///
    /// # Errors
    /// Fails when the socket cannot be connected to, or the connection ends before a response.
    pub async fn send(
        &self,
        mut request: http::Request<B>,
        connected: impl Fn(ConnectionInfo),
    ) -> Result<http::Response<PooledBody<B>>, PoolError<B>> {
        if let Some(connection) = self.take_idle() {
            connected(ConnectionInfo {
                number: connection.number,
                reused: true,
            });
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
        connected(ConnectionInfo {
            number: connection.number,
            reused: false,
        });
        match self.exchange(connection, request).await {
            Ok(response) => Ok(response),
            Err(failed) => Err(PoolError::Exchange(failed.cause().await)),
        }
    }

    /// Waits until a connection that was made since the last [`drop_idle`](Self::drop_idle) receives bytes without a
    /// request.
    pub async fn unsolicited_bytes(&self) {
        let generation = self.lock().generation;
        // This pool owns the sender, so the channel is open.
        let _ = self
            .unsolicited
            .subscribe()
            .wait_for(|last| *last == Some(generation))
            .await;
    }

    /// Kills all connections without a request now, and the others as soon as their request ends: their server is gone.
    pub fn drop_idle(&self) {
        let mut idle = self.lock();
        idle.generation += 1;
        idle.connections.clear();
    }

    async fn exchange(
        &self,
        mut connection: Connection<B>,
        request: http::Request<B>,
    ) -> Result<http::Response<PooledBody<B>>, ExchangeError<B>> {
        let response = match connection.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(error) => {
                // A driver that cancels a waiting request has no error of its own.
                if is_unsolicited(error.error()) {
                    self.unsolicited
                        .send_if_modified(|last| advance(last, connection.generation));
                }
                return Err(ExchangeError { error, connection });
            }
        };
        Ok(response.map(|incoming| PooledBody {
            incoming: ReadTimeoutBody::new(incoming, self.deadlines.body_read),
            pool: self.clone(),
            connection: Some(connection),
        }))
    }

    async fn connect(&self) -> io::Result<Connection<B>> {
        let generation = self.lock().generation;
        let stream = UnixStream::connect(&self.path).await?;
        let stream = TimeoutStream::client(IgnoreBrokenPipe::new(stream), self.deadlines.write);
        let (sender, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        Ok(self.connection(sender, driver, generation))
    }

    /// Spawns the driver of a connection.
    fn connection(
        &self,
        sender: SendRequest<B>,
        driver: impl Future<Output = hyper::Result<()>> + Send + 'static,
        generation: u64,
    ) -> Connection<B> {
        let unsolicited = self.unsolicited.clone();
        let driver = TaskGuard::spawn(async move {
            // Every other error of a connection reaches its exchange.
            let error = driver.await.err()?;
            if is_unsolicited(&error) {
                unsolicited.send_if_modified(|last| advance(last, generation));
            }
            Some(error)
        });
        Connection {
            number: self.connected.fetch_add(1, Ordering::Relaxed) + 1,
            driver,
            sender,
            generation,
            idle_since: Instant::now(),
        }
    }

    fn take_idle(&self) -> Option<Connection<B>> {
        let mut idle = self.lock();
        std::iter::from_fn(|| idle.connections.pop()).find(|connection| {
            !connection.sender.is_closed() && connection.idle_since.elapsed() < IDLE_TIMEOUT
        })
    }

    fn lock(&self) -> MutexGuard<'_, Idle<B>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a connection back as soon as it is ready for another request, or kills it after [`READY_TIMEOUT`]: the
    /// request's body may still be on its way into a service that has already responded.
    async fn put_back(self, mut connection: Connection<B>) {
        if let Ok(Ok(())) = timeout(READY_TIMEOUT, connection.sender.ready()).await {
            let mut idle = self.lock();
            if idle.connections.len() < MAX_IDLE_CONNECTIONS
                && idle.generation == connection.generation
            {
                connection.idle_since = Instant::now();
                idle.connections.push(connection);
            }
        }
    }
}

/// Records a generation, unless a later one is known: a connection may outlive its generation.
fn advance(last: &mut Option<u64>, generation: u64) -> bool {
    let is_later = last.is_none_or(|last| last < generation);
    if is_later {
        *last = Some(generation);
    }
    is_later
}

/// Returns whether a server violated the protocol, and did not just close the connection.
#[must_use]
pub fn is_protocol_error(error: &hyper::Error) -> bool {
    error.is_parse() || is_unsolicited(error)
}

/// Returns whether the error is that bytes came without a request, or that they canceled a request that was not yet written.
///
/// hyper has no predicate for this kind of error. It is the only one without a predicate and without a source.
fn is_unsolicited(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    if error.is_canceled() {
        return source
            .and_then(|cause| cause.downcast_ref())
            .is_some_and(is_unsolicited);
    }
    let has_predicate = error.is_parse()
        || error.is_user()
        || error.is_closed()
        || error.is_incomplete_message()
        || error.is_body_write_aborted()
        || error.is_shutdown()
        || error.is_timeout();
    !has_predicate && source.is_none()
}

/// A response's body. At its end its connection goes back to the pool. Dropped before, it kills the connection.
pub struct PooledBody<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    incoming: ReadTimeoutBody<Incoming>,
    pool: Pool<B>,
    connection: Option<Connection<B>>,
}

impl<B> PooledBody<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            tokio::spawn(self.pool.clone().put_back(connection));
        }
    }
}

impl<B> Body for PooledBody<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    type Data = Bytes;
    type Error = ReadTimeoutError<hyper::Error>;

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

impl<B> Drop for PooledBody<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    fn drop(&mut self) {
        // A reader that knows the length may stop without polling for the end.
        if self.incoming.is_end_stream() {
            self.release();
        }
    }
}

#[cfg(test)]
mod tests;
