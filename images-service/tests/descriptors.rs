//! A service that has no descriptor left. The limit holds for the whole process, hence a program of its own.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{fs::File, future::pending, io, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use safelight_images::{Limits, PixelProgram, run};
use safelight_net::socket::{BoundSocket, bind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

fn use_up_all_descriptors() -> Vec<File> {
    let limit = Rlimit {
        current: Some(100),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_service_without_descriptors_accepts_again_when_it_has_some() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    let BoundSocket {
        listener,
        file: _file,
    } = bind(&path).unwrap();
    let program = PixelProgram {
        // A process that starts in the background would let the paused time pass.
        program: "/dev/null/none".into(),
        arguments: Vec::new(),
    };
    let server = tokio::spawn(run(listener, Limits::default(), program, pending()));

    let mut files = use_up_all_descriptors();
    files.pop();
    // Takes the last one, and waits for the service to accept.
    let mut client = UnixStream::connect(&path).await.unwrap();
    let error = File::open("/dev/null").unwrap_err();
    assert_eq!(error.kind(), io::Error::from_raw_os_error(24).kind());
    client
        // A path that needs no pixel process, and so no descriptor.
        .write_all(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    let early = timeout(Duration::from_secs(10), client.read_exact(&mut answer)).await;
    assert!(early.is_err(), "nobody can accept yet");
    assert!(!server.is_finished());

    drop(files);
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
}
