//! An HTTP/1 connection for one exchange at a time. Dropping the exchange closes it.
//!
//! A client that lets a dropped exchange finish in the background hangs when the peer responds before it has read an
//! upload: both ends wait in a write.

use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};

use crate::task::TaskGuard;

/// A connection that serves one request at a time. Dropping it closes the socket.
pub struct Connection<B> {
    sender: SendRequest<B>,
    /// The task that moves the bytes of the connection.
    driver: TaskGuard<()>,
}

impl<B> Connection<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    /// Makes a connection over an open stream.
    ///
    /// # Errors
    /// Fails when the HTTP/1 handshake fails.
    pub async fn handshake<S>(stream: S) -> Result<Self, hyper::Error>
    where
        S: Read + Write + Unpin + Send + 'static,
    {
        let (sender, driver) = http1::handshake(stream).await?;
        let driver = TaskGuard::spawn(async move {
            // A failure of the connection reaches the exchange that is on it.
            let _ = driver.await;
        });
        Ok(Self { sender, driver })
    }

    /// Returns whether the peer has closed the connection.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a request and returns the response when its head has arrived.
    ///
    /// # Errors
    /// Fails when the connection fails before that.
    pub async fn send(
        &mut self,
        request: http::Request<B>,
    ) -> Result<http::Response<Incoming>, hyper::Error> {
        self.sender.ready().await?;
        self.sender.send_request(request).await
    }

    /// Returns the guard of the driver. A response's body that owns it keeps the connection open.
    #[must_use]
    pub fn into_guard(self) -> TaskGuard<()> {
        self.driver
    }
}
