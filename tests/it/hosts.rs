//! Other hosts, on loopback, which give a test's answers and record their requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A host that answers each path in a way of its own.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// An answer as it stands on the wire.
pub(crate) type Wire = Vec<u8>;

impl Host {
    /// Answers with what `answer` makes of a path with its query.
    pub(crate) async fn start(answer: impl Fn(&str) -> Wire + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
                let wire = answer(head.split(' ').nth(1).unwrap());
                kept.lock().unwrap().push(head);
                stream.write_all(&wire).await.unwrap();
            }
        });
        Self { address, asked }
    }

    /// The URL of a path here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of the requests so far, in lower case.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The line of a config that allows this host.
    pub(crate) fn allowed(&self) -> String {
        let port = self.address.port();
        format!(
            "[safelight]\nallowed_origins = [\"*\"]\nallowed_addresses = [\"loopback:{port}\"]\n"
        )
    }
}

/// A whole answer.
pub(crate) fn answer(status: u16, headers: &str, body: &[u8]) -> Wire {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A redirect.
pub(crate) fn redirect(location: &str) -> Wire {
    answer(302, &format!("location: {location}\r\n"), b"")
}
