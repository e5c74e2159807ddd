//! The connection of a client, for its requests: the addresses, its activity, and the departure of the client.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safelight_net::deadline::Activity;
use safelight_net::hang_up::HangUp;
use safelight_net::peer_socket::{self, PeerSocket};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Time from the end of the sending side of a client on another machine to its departure. TCP does not distinguish a client
/// that has left from one that has only closed its sending side.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(30);
/// Times between two looks at the socket of a client on this machine: the first time, and the longest.
const LOOK_INTERVALS: (Duration, Duration) =
    (Duration::from_millis(10), Duration::from_millis(500));

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

    /// Waits until the client has left. A client that has only closed its sending side has not, as long as its system says
    /// so; without word of its system, it has left after [`LEAVE_TIMEOUT`].
    pub(super) async fn left(&self) {
        self.hang_up.sent_all().await;
        let (mut interval, longest) = LOOK_INTERVALS;
        loop {
            match self.peer_socket().await {
                PeerSocket::Closed => return,
                PeerSocket::Held => {}
                PeerSocket::Unknown => interval = LEAVE_TIMEOUT,
            }
            // The system reports a reset at once, and a socket that is closed after its sending side not at all.
            let has_waited = timeout(interval, self.hang_up.wait()).await.is_err();
            if !has_waited || interval == LEAVE_TIMEOUT {
                return;
            }
            interval = (interval * 2).min(longest);
        }
    }

    async fn peer_socket(&self) -> PeerSocket {
        let (peer, Some(local)) = (self.peer, self.local) else {
            return PeerSocket::Unknown;
        };
        let look = tokio::task::spawn_blocking(move || peer_socket::look_up(peer, local));
        look.await.unwrap_or(PeerSocket::Unknown)
    }
}

/// The client has left before its response.
#[derive(Debug)]
pub(super) struct ClientLeft;

impl fmt::Display for ClientLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client left before the response")
    }
}

impl std::error::Error for ClientLeft {}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::Client;

    /// The time after which a test fails whose client is not seen to leave.
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

    /// Waits for the departure of the client, and not for the time of one whose system says nothing.
    async fn assert_left(client: &Client) {
        let left = timeout(super::LEAVE_TIMEOUT / 2, client.left()).await;
        left.expect("the client has left");
    }

    #[tokio::test]
    async fn a_client_that_closes_has_left_and_one_that_only_sends_has_not() {
        let (far, _near, client) = connection().await;
        {
            let mut left = std::pin::pin!(client.left());
            let first = std::future::poll_fn(|cx| Poll::Ready(left.as_mut().poll(cx))).await;
            assert!(first.is_pending());
        }
        drop(far);
        assert_left(&client).await;
    }

    #[tokio::test]
    async fn a_client_that_has_only_closed_its_sending_side_has_not_left_until_it_closes_all() {
        let (mut far, near, client) = connection().await;
        far.shutdown().await.unwrap();
        let waiting = client.clone();
        let mut left = tokio::spawn(async move { waiting.left().await });
        // The looks at its socket go on beyond the time of a client whose system says nothing.
        let sent_all = timeout(TEST_TIMEOUT, client.hang_up.sent_all()).await;
        sent_all.expect("the end of its sending side is seen");
        let looks = async {
            for _ in 0..50 {
                let found = client.peer_socket().await;
                assert_eq!(found, safelight_net::peer_socket::PeerSocket::Held);
            }
        };
        tokio::select! {
            () = looks => {}
            _ = &mut left => panic!("it has not left"),
        }
        drop(far);
        timeout(TEST_TIMEOUT, left).await.unwrap().unwrap();
        drop(near);
    }

    #[tokio::test]
    async fn a_client_that_resets_its_connection_has_left_at_once() {
        let (far, _near, client) = connection().await;
        far.set_zero_linger().unwrap();
        drop(far);
        assert_left(&client).await;
    }
}
