//! Notice of a client that has closed its connection.

use std::{io, os::fd::AsFd};

use tokio::{io::Interest, net::UnixStream};

/// Notices that a client has closed both directions of its connection.
///
/// A client that has only finished writing still reads, so hyper is configured to allow that, and then it does not look
/// at the socket while a handler works. This type looks through a descriptor of its own, and never reads a byte.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl HangUp {
    /// Watches the connection of `socket` through a duplicate of its descriptor.
    ///
    /// # Errors
    /// Fails when the process may not have another descriptor.
    pub fn new(socket: impl AsFd) -> io::Result<Self> {
        let handle = socket.as_fd().try_clone_to_owned()?;
        UnixStream::from_std(handle.into()).map(Self)
    }

    /// Waits until the client has closed the connection.
    pub async fn wait(&self) {
        // The system reports a closed socket whatever interest is registered.
        // An error means that the runtime has ended, and the server with it.
        while let Ok(ready) = self.0.ready(Interest::WRITABLE).await {
            if ready.is_write_closed() {
                return;
            }
            // Clears the readiness, so that the next round waits for an event.
            let _would_block = self.0.try_io(Interest::WRITABLE, || {
                Err::<(), _>(io::ErrorKind::WouldBlock.into())
            });
        }
    }
}
