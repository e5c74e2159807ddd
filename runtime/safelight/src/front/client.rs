//! A client's connection as its requests see it: its address here, its signs of life, and whether it has left.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safelight_net::deadline::Activity;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client that sends nothing more is waited for. TCP does not tell one that has left from one that only
/// has no more to say.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(30);

/// What the requests of one connection share.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: SocketAddr,
    /// Which of the server's connections it is, from 1.
    pub(super) number: u64,
    requests: Arc<AtomicU64>,
    pub(super) activity: Activity,
    /// The same socket by another handle, since the first belongs to the HTTP stack.
    handle: Arc<TcpStream>,
}

impl Client {
    /// The client at the other end of `stream`. Takes a descriptor.
    ///
    /// # Errors
    /// When the process may not have another descriptor.
    pub(super) fn new(stream: &TcpStream, peer: SocketAddr, number: u64) -> io::Result<Self> {
        let handle = std::net::TcpStream::from(stream.as_fd().try_clone_to_owned()?);
        Ok(Self {
            local: stream.local_addr().ok(),
            peer,
            number,
            requests: Arc::default(),
            activity: Activity::new(),
            handle: Arc::new(TcpStream::from_std(handle)?),
        })
    }

    /// The number of the request that has just begun on this connection, from 1.
    pub(super) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits until nobody can be expected to wait for an answer: the client has closed its sending side, or the whole
    /// connection, and some time has passed since; or it has reset the connection, which says it all.
    pub(super) async fn left(&self) {
        self.until(Interest::READABLE, Ready::is_read_closed).await;
        let reset = self.until(Interest::WRITABLE, Ready::is_write_closed);
        let _ = timeout(LEAVE_TIMEOUT, reset).await;
    }

    async fn until(&self, interest: Interest, is_so: fn(Ready) -> bool) {
        // Without a runtime to report it there is nobody to serve either.
        while let Ok(ready) = self.handle.ready(interest).await {
            if is_so(ready) {
                break;
            }
            // Says that there is nothing to do with this handle, so that the next round waits for news.
            let _would_block = self
                .handle
                .try_io(interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use tokio::io::{AsyncWriteExt, Interest};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::Instant;

    use super::{Client, LEAVE_TIMEOUT};

    /// Both ends of a connection: the client's, and the server's with a request that can be read; and the client as seen from there.
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

    #[tokio::test]
    async fn a_client_that_closes_is_given_up_and_one_that_only_talks_is_not() {
        let (far, near, client) = connection().await;
        let mut left = std::pin::pin!(client.left());
        let first = std::future::poll_fn(|cx| Poll::Ready(left.as_mut().poll(cx))).await;
        assert!(first.is_pending());
        drop(far);
        // The clock jumps as soon as nothing else is left to wait for: the end of the connection has been seen then.
        while !near
            .ready(Interest::READABLE)
            .await
            .unwrap()
            .is_read_closed()
        {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        let begun = Instant::now();
        left.await;
        assert!(begun.elapsed() >= LEAVE_TIMEOUT);
    }

    #[tokio::test]
    async fn a_client_that_resets_its_connection_is_given_up_at_once() {
        let (far, near, client) = connection().await;
        far.set_zero_linger().unwrap();
        drop(far);
        while !near
            .ready(Interest::WRITABLE)
            .await
            .unwrap()
            .is_write_closed()
        {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        let begun = Instant::now();
        client.left().await;
        assert!(begun.elapsed() < LEAVE_TIMEOUT);
    }
}
