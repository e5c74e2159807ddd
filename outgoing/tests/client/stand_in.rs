//! A host that gives a test's answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A host on loopback that gives one answer to every request, and keeps the heads of the requests.
pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
    last: Arc<std::sync::Mutex<String>>,
    task: JoinHandle<()>,
}

impl StandIn {
    /// Answers with the result of `answer` for the request's head, and closes the connection.
    pub(crate) async fn new(answer: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let last = Arc::new(std::sync::Mutex::new(String::new()));
        let (count, keep) = (asked.clone(), last.clone());
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let head = read_head(&mut stream).await;
                let reply = answer(&head);
                *keep.lock().unwrap() = head;
                match reply {
                    Some(reply) => {
                        let _ = stream.write_all(reply.as_bytes()).await;
                    }
                    None => open.push(stream),
                }
            }
        });
        Self {
            address,
            asked,
            last,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn last(&self) -> String {
        self.last.lock().unwrap().to_ascii_lowercase()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The head of a request, or as much of it as comes.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}
