//! The connection of a client, for its requests: the addresses, its activity, and the departure of the client.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safelight_net::deadline::Activity;
use safelight_net::hang_up::HangUp;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Time from the end of a client's sending side to its departure. TCP does not distinguish a client that has left from
/// one that has only closed its sending side.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(30);

/// The client of a connection. The connection's requests share it.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: SocketAddr,
    /// The number of the connection on the server, from 1.
    pub(super) number: u64,
    requests: Arc<AtomicU64>,
    pub(super) activity: Activity,
    hang_up: Arc<HangUp>,
}

impl Client {
    /// The client at the other end of `stream`. Uses a file descriptor.
    ///
    /// # Errors
    /// Fails when the process has no file descriptors left.
    pub(super) fn new(stream: &TcpStream, peer: SocketAddr, number: u64) -> io::Result<Self> {
        Ok(Self {
            local: stream.local_addr().ok(),
            peer,
            number,
            requests: Arc::default(),
            activity: Activity::new(),
            hang_up: Arc::new(HangUp::new(stream)?),
        })
    }

    /// The number of the request that has just begun on this connection, from 1.
    pub(super) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits until the client has left: [`LEAVE_TIMEOUT`] after it has closed its sending side or the connection, or at
    /// once when it resets the connection.
    pub(super) async fn left(&self) {
        self.hang_up.sent_all().await;
        let _ = timeout(LEAVE_TIMEOUT, self.hang_up.wait()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt, Interest, Ready};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::{Instant, timeout};

    use super::{Client, LEAVE_TIMEOUT};

    /// The time after which a test fails whose connection stays open.
    const TEST_TIMEOUT: Duration = Duration::from_secs(60);

    /// Both ends of a connection, with a request that the server can read, and the server's view of the client.
    async fn connection() -> (TcpStream, TcpStream, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (near, peer) = listener.accept().await.unwrap();
        let client = Client::new(&near, peer, 1).unwrap();
        far.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        near.readable().await.unwrap();
        (far, near, client)
    }

    /// Waits until the server's end is closed in one direction.
    async fn until(near: &TcpStream, interest: Interest, is_closed: fn(Ready) -> bool) {
        let closed = async {
            while !is_closed(near.ready(interest).await.unwrap()) {
                tokio::task::yield_now().await;
            }
        };
        timeout(TEST_TIMEOUT, closed)
            .await
            .expect("the connection stays open");
    }

    #[tokio::test]
    async fn a_client_that_closes_has_left_and_one_that_only_sends_has_not() {
        let (far, near, client) = connection().await;
        let mut left = std::pin::pin!(client.left());
        let first = std::future::poll_fn(|cx| Poll::Ready(left.as_mut().poll(cx))).await;
        assert!(first.is_pending());
        drop(far);
        // The paused clock advances only when all tasks are idle, so the end of the connection must be seen before.
        until(&near, Interest::READABLE, Ready::is_read_closed).await;
        tokio::time::pause();
        let begun = Instant::now();
        left.await;
        assert!(begun.elapsed() >= LEAVE_TIMEOUT);
    }

    #[tokio::test]
    async fn a_client_that_resets_its_connection_has_left_at_once() {
        let (far, near, client) = connection().await;
        far.set_zero_linger().unwrap();
        drop(far);
        until(&near, Interest::WRITABLE, Ready::is_write_closed).await;
        tokio::time::pause();
        let begun = Instant::now();
        client.left().await;
        assert!(begun.elapsed() < LEAVE_TIMEOUT);
    }
}
