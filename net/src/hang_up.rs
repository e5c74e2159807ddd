//! One connection: known to be gone when the client closes it.

use std::{io, os::fd::AsFd};

use tokio::{io::Interest, net::UnixStream};

/// Tells when a client has closed its connection altogether.
///
/// A client that has only finished writing still reads, so hyper is told to allow that; but then hyper does not
/// look at the socket while a handler works. This looks through a handle of its own, and never reads a byte.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl HangUp {
    /// A watch on the connection of `socket`. Takes a descriptor.
    ///
    /// # Errors
    /// When the process may not have another descriptor.
    pub fn of(socket: impl AsFd) -> io::Result<Self> {
        let handle = socket.as_fd().try_clone_to_owned()?;
        UnixStream::from_std(handle.into()).map(Self)
    }

    /// Waits until the client is gone; for ever if it stays.
    pub async fn wait(&self) {
        // A closed socket is always reported beside whatever one asks for.
        // Without a runtime to report it there is nobody to serve either.
        while let Ok(ready) = self.0.ready(Interest::WRITABLE).await {
            if ready.is_write_closed() {
                return;
            }
            // Says that this handle is not writable, so that the next round waits for news.
            let _would_block = self.0.try_io(Interest::WRITABLE, || {
                Err::<(), _>(io::ErrorKind::WouldBlock.into())
            });
        }
    }
}
