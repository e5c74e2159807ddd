//! The socket: its mode, the files that it replaces, and its removal.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use safelight_net::socket::{BoundSocket, SocketError, bind};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    (folder, path)
}

#[tokio::test]
async fn a_missing_folder_is_refused_by_name_and_not_made() {
    let (folder, _) = folder();
    let missing = folder.path().join("new/deep");
    let error = bind(&missing.join("images.sock")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("there is no folder {} for the socket", missing.display())
    );
    assert!(!folder.path().join("new").exists());
}

#[tokio::test]
async fn a_folder_that_is_there_keeps_its_mode_and_the_socket_is_private_all_the_same() {
    let (folder, path) = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let _socket = bind(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(folder.path()), 0o755);
}

#[tokio::test]
async fn a_path_beyond_the_systems_limit_is_refused_with_the_numbers() {
    let (folder, _) = folder();
    let left = |length: usize| {
        let name = length - folder.path().as_os_str().len() - 1;
        folder.path().join("x".repeat(name))
    };
    bind(&left(107)).expect("the longest path");
    let error = bind(&left(108)).unwrap_err();
    assert!(matches!(
        error,
        SocketError::PathTooLong { length: 108, .. }
    ));
    assert!(
        error
            .to_string()
            .contains("108 bytes, and the system allows 107"),
        "{error}"
    );
}

#[tokio::test]
async fn a_path_that_names_no_file_is_refused() {
    for path in ["", "/", "..", "a\0b", "\0abstract"] {
        let error = bind(Path::new(path)).unwrap_err();
        assert!(
            matches!(error, SocketError::NotAFileName(_)),
            "{path:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_stale_socket_is_replaced() {
    let (_folder, path) = folder();
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "the standard library leaves it behind");
    let _socket = bind(&path).unwrap();
    UnixStream::connect(&path).expect("a new server");
}

#[tokio::test]
async fn a_live_socket_is_an_error_and_stays() {
    let (_folder, path) = folder();
    let other = UnixListener::bind(&path).unwrap();
    let error = bind(&path).unwrap_err();
    assert!(matches!(error, SocketError::InUse(_)), "{error}");
    let _client = UnixStream::connect(&path).unwrap();
    // The probe came first.
    other.accept().unwrap();
    other.accept().expect("the old server still listens");
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_an_error_and_stays() {
    let (folder, path) = folder();
    fs::write(&path, "precious").unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [&path, &link, &folder.path().to_owned()] {
        let error = bind(path).unwrap_err();
        assert!(matches!(error, SocketError::NotASocket(_)), "{error}");
    }
    assert_eq!(fs::read_to_string(&link).unwrap(), "precious");
}

#[tokio::test]
async fn the_file_goes_with_the_server() {
    let (_folder, path) = folder();
    let BoundSocket { listener, file } = bind(&path).unwrap();
    assert_eq!(file.path(), path);
    drop(listener);
    assert!(path.exists());
    drop(file);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_that_is_another_servers_by_now_stays() {
    let (_folder, path) = folder();
    let BoundSocket { listener, file } = bind(&path).unwrap();
    drop(listener);
    let _successor = bind(&path).unwrap();
    drop(file);
    UnixStream::connect(&path).expect("the successor's socket");
}
