//! A Unix socket that only this user can connect to. A stale one is replaced, and the file is removed at the end.

use std::{
    fmt, fs, io,
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStrExt,
            fs::{FileTypeExt, PermissionsExt},
        },
    },
    path::{Path, PathBuf},
};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;

/// Longest path of a socket, in bytes: `sun_path` has 108, the last of them a zero.
const MAX_PATH_BYTES: usize = 107;

/// Connections that the kernel queues until they are accepted.
const BACKLOG: i32 = 1024;

/// A listening socket and its file.
#[derive(Debug)]
pub struct BoundSocket {
    /// The listener that the server accepts on.
    pub listener: UnixListener,
    /// Removes the file when dropped. Drop it after the server has ended.
    pub file: SocketFile,
}

/// Binds a socket that only this user can connect to.
///
/// The folder must exist: it is not created, and so never left behind. Must be called within a tokio runtime.
///
/// # Errors
/// Fails when the path is too long, its folder is missing, a server listens there, or the file is not a socket.
pub fn bind(path: &Path) -> Result<BoundSocket, SocketError> {
    let address = address(path)?;
    let folder = folder_of(path);
    let failed = |source| SocketError::Io {
        path: path.to_owned(),
        source,
    };
    // Without a lock two processes could find the same stale socket, and one remove what the other has just bound.
    let lock = fs::File::open(folder).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SocketError::NoFolder(folder.to_owned()),
        _ => failed(source),
    })?;
    lock.lock().map_err(failed)?;
    remove_stale(path, &address)?;
    let listener = listen(path, &address).map_err(failed)?;
    let file = SocketFile::new(path).map_err(failed)?;
    Ok(BoundSocket { listener, file })
}

fn address(path: &Path) -> Result<SockAddr, SocketError> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() > MAX_PATH_BYTES {
        return Err(SocketError::PathTooLong {
            path: path.to_owned(),
            length: bytes.len(),
        });
    }
    // An empty path and one that begins with a zero byte name no file: they are unnamed and abstract addresses.
    if path.file_name().is_none() || bytes.contains(&0) {
        return Err(SocketError::NotAFileName(path.to_owned()));
    }
    SockAddr::unix(path).map_err(|source| SocketError::Io {
        path: path.to_owned(),
        source,
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Removes a socket without a listener. Any other file of the name is an error.
fn remove_stale(path: &Path, address: &SockAddr) -> Result<(), SocketError> {
    let failed = |source| SocketError::Io {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed)?;
    // A server whose backlog is full would let a blocking probe wait for ever.
    probe.set_nonblocking(true).map_err(failed)?;
    match probe.connect(address) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        Ok(()) => Err(SocketError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(SocketError::InUse(path.to_owned()))
        }
        Err(error) => Err(failed(error)),
    }
}

fn listen(path: &Path, address: &SockAddr) -> io::Result<UnixListener> {
    let socket = bound(address)?;
    // Outside Linux the mode of an unbound socket has no effect, so the file's is set as well.
    if fs::symlink_metadata(path)?.permissions().mode() & 0o777 != 0o600 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(OwnedFd::from(socket).into())
}

fn bound(address: &SockAddr) -> io::Result<Socket> {
    let socket = owner_only(Socket::new(Domain::UNIX, Type::STREAM, None)?)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Sets the mode before the socket is bound. Linux gives it to the file, whatever the umask, so the file is never more
/// open than this.
fn owner_only(socket: Socket) -> io::Result<Socket> {
    let handle = fs::File::from(OwnedFd::from(socket));
    match handle.set_permissions(fs::Permissions::from_mode(0o600)) {
        Err(error) if cfg!(target_os = "linux") => return Err(error),
        Ok(()) | Err(_) => {}
    }
    Ok(OwnedFd::from(handle).into())
}

/// The file of a bound socket.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        // The working folder may have changed by the time the file is removed.
        std::path::absolute(path).map(Self)
    }

    /// The absolute path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let Ok(lock) = fs::File::open(folder_of(&self.0)) else {
            return;
        };
        // The holder of the lock is about to replace the file, and a file left behind is merely stale.
        if lock.try_lock().is_err() {
            return;
        }
        // By now the name may belong to another server, and its inode's number does not tell, for numbers are reused.
        // Removing a socket without a listener is harmless for every server.
        let removed = address(&self.0).and_then(|address| remove_stale(&self.0, &address));
        if let Err(error) = removed {
            tracing::debug!(%error, "could not remove the socket file");
        }
    }
}

/// The error of a socket that could not be bound.
#[derive(Debug)]
pub enum SocketError {
    /// The path does not fit into a socket address.
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// The path does not end in a file name.
    NotAFileName(PathBuf),
    /// The folder of the socket does not exist.
    NoFolder(PathBuf),
    /// The file is not a socket.
    NotASocket(PathBuf),
    /// Another server listens there.
    InUse(PathBuf),
    /// A call of the system failed.
    Io {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PathTooLong { path, length } => write!(
                f,
                "the socket path {} has {length} bytes, and the system allows {MAX_PATH_BYTES}",
                path.display()
            ),
            Self::NotAFileName(path) => {
                write!(f, "the socket path {path:?} does not name a file")
            }
            Self::NoFolder(folder) => {
                write!(f, "there is no folder {} for the socket", folder.display())
            }
            Self::NotASocket(path) => {
                write!(f, "{} exists and is not a socket", path.display())
            }
            Self::InUse(path) => {
                write!(f, "another server is listening on {}", path.display())
            }
            Self::Io { path, source } => write!(f, "socket {}: {source}", path.display()),
        }
    }
}

impl std::error::Error for SocketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::PathTooLong { .. }
            | Self::NotAFileName(_)
            | Self::NoFolder(_)
            | Self::NotASocket(_)
            | Self::InUse(_) => None,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::{address, bound};

    #[test]
    fn a_socket_is_private_from_its_first_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.sock");
        let _socket = bound(&address(&path).unwrap()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
