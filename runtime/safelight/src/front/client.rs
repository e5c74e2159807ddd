//! The connection of a client, for its requests: the addresses, its activity, and the departure of the client.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safelight_net::deadline::Activity;
use safelight_net::hang_up::HangUp;
use safelight_net::peer_socket::{self, PeerSocket};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Time without a packet of a client after which its system is asked whether the connection is there, and time between two
/// such probes. TCP does not distinguish a client that has left from one that has only closed its sending side. The answer
/// does: a system forgets the connection of a process that has closed it, after 60 s on Linux, and resets it then.
const PROBE_INTERVAL: Duration = Duration::from_secs(15);
/// The number of probes without an answer after which a client's machine is gone.
const MAX_LOST_PROBES: u32 = 4;
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
    /// Notified when the connection has to end, because a request of it gives way.
    pub(super) gives_way: Arc<Notify>,
    hang_up: Arc<HangUp>,
}

impl Client {
    /// The client at the other end of `stream`. Uses a file descriptor.
    ///
    /// # Errors
    /// Fails when the process has no file descriptors left.
    pub(super) fn new(stream: &TcpStream, peer: SocketAddr, number: u64) -> io::Result<Self> {
        let probes = TcpKeepalive::new()
            .with_time(PROBE_INTERVAL)
            .with_interval(PROBE_INTERVAL)
            .with_retries(MAX_LOST_PROBES);
        // Without probes, the deadlines notice a client that is gone.
        let _ = SockRef::from(stream).set_tcp_keepalive(&probes);
        Ok(Self {
            local: stream.local_addr().ok(),
            peer,
            number,
            requests: Arc::default(),
            activity: Activity::new(),
            gives_way: Arc::default(),
            hang_up: Arc::new(HangUp::new(stream)?),
        })
    }

    /// The number of the request that has just begun on this connection, from 1.
    pub(super) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits until the connection has to end: its client has left, or gives way while it takes an answer.
    pub(super) async fn ends(&self) {
        tokio::select! {
            () = self.gives_way.notified() => {}
            () = self.left() => {}
        }
    }

    /// Waits until the client has left. A client that has only closed its sending side has not. The sockets of this machine
    /// are looked up. Another machine resets the connection in the end, or does not answer probes any more.
    async fn left(&self) {
        self.hang_up.sent_all().await;
        let (mut interval, longest) = LOOK_INTERVALS;
        loop {
            match self.peer_socket().await {
                PeerSocket::Closed => return,
                PeerSocket::Held => {}
                PeerSocket::Unknown => return self.hang_up.wait().await,
            }
            // The system reports a reset at once, and a socket that is closed after its sending side not at all.
            if timeout(interval, self.hang_up.wait()).await.is_ok() {
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

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Duration;

    use socket2::SockRef;
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

    /// Waits for the departure of the client.
    async fn assert_left(client: &Client) {
        let left = timeout(TEST_TIMEOUT, client.left()).await;
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

    /// A client of another machine, as far as the system says: none of its sockets has that address.
    fn elsewhere(client: &Client) -> Client {
        Client {
            peer: "192.0.2.1:9".parse().unwrap(),
            ..client.clone()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_of_another_machine_that_only_stops_sending_has_not_left_until_it_is_reset() {
        let (mut far, _near, client) = connection().await;
        let client = elsewhere(&client);
        far.shutdown().await.unwrap();
        client.hang_up.sent_all().await;
        // The paused clock goes on when nothing else can happen.
        let left = timeout(Duration::from_secs(3_600), client.left()).await;
        assert!(left.is_err(), "it still reads");
        far.set_zero_linger().unwrap();
        drop(far);
        client.left().await;
    }

    #[tokio::test]
    async fn a_silent_client_is_probed() {
        let (_far, near, _client) = connection().await;
        let socket = SockRef::from(&near);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), super::PROBE_INTERVAL);
        assert_eq!(
            socket.tcp_keepalive_interval().unwrap(),
            super::PROBE_INTERVAL
        );
        assert_eq!(
            socket.tcp_keepalive_retries().unwrap(),
            super::MAX_LOST_PROBES
        );
    }

    #[tokio::test]
    async fn a_client_that_resets_its_connection_has_left_at_once() {
        let (far, _near, client) = connection().await;
        far.set_zero_linger().unwrap();
        drop(far);
        assert_left(&client).await;
    }
}
