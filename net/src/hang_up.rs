//! Notice of a client that has closed its connection.

use std::{io, os::fd::AsFd};

use tokio::{
    io::{Interest, Ready},
    net::UnixStream,
};

/// Notices that a client has closed one or both directions of its connection.
///
/// A client that has only finished writing still reads, so hyper is configured to allow that, and then it does not look
/// at the socket while a handler works. This type looks through a descriptor of its own, and never reads a byte.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl HangUp {
    /// Watches the connection of `socket`, of any family, through a duplicate of its descriptor.
    ///
    /// # Errors
    /// Fails when the process may not have another descriptor.
    pub fn new(socket: impl AsFd) -> io::Result<Self> {
        let handle = socket.as_fd().try_clone_to_owned()?;
        // The type calls no function that depends on the family.
        UnixStream::from_std(handle.into()).map(Self)
    }

    /// Waits until the client has closed both directions of the connection.
    pub async fn wait(&self) {
        // The system reports a closed socket whatever interest is registered.
        self.until(Interest::WRITABLE, Ready::is_write_closed).await;
    }

    /// Waits until the client has closed its sending side, or the connection.
    pub async fn sent_all(&self) {
        self.until(Interest::READABLE, Ready::is_read_closed).await;
    }

    async fn until(&self, interest: Interest, is_met: fn(Ready) -> bool) {
        // An error means that the runtime has ended, and the server with it.
        while let Ok(ready) = self.0.ready(interest).await {
            if is_met(ready) {
                return;
            }
            // Clears the readiness, so that the next round waits for an event.
            let _would_block = self
                .0
                .try_io(interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        }
    }
}
