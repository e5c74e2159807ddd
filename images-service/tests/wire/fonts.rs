//! A server of fonts on this machine: fixed answers, and a list of the requested paths.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use safelight_images::{Limits, fonts::FontLimits};
use safelight_outgoing::{Exception, Policy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

use crate::{font, mutated};

/// Serves until it is dropped.
pub(crate) struct FontServer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    hung_up: mpsc::UnboundedReceiver<()>,
    _server: JoinSet<()>,
}

impl FontServer {
    /// `/plain…` is a font, `/mutated/…` is one with changes, `/gone` is not there, `/cut` ends early, `/round` leads to
    /// itself, `/hang` never answers, and everything else is no font.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (hangs_up, hung_up) = mpsc::unbounded_channel();
        let mut server = JoinSet::new();
        let list = Arc::clone(&asked);
        server.spawn(async move {
            let mut answers = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                answers.spawn(answer(stream, Arc::clone(&list), hangs_up.clone()));
            }
        });
        Self {
            address,
            asked,
            hung_up,
            _server: server,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requested paths, in their order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until a client without an answer has closed its connection.
    pub(crate) async fn hung_up(&mut self) {
        self.hung_up.recv().await.unwrap();
    }
}

/// Limits that allow fonts from this machine.
pub(crate) fn local() -> Limits {
    Limits {
        fonts: FontLimits {
            policy: Policy::with_exceptions([Exception::loopback()]),
            ..FontLimits::default()
        },
        ..Limits::default()
    }
}

async fn answer(
    mut stream: TcpStream,
    asked: Arc<Mutex<Vec<String>>>,
    hangs_up: mpsc::UnboundedSender<()>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(1..) = stream.read_buf(&mut head).await else {
            return;
        };
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    asked.lock().unwrap().push(path.clone());
    let response = |status: &str, headers: &str, body: &[u8]| {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n");
        [head.as_bytes(), body].concat()
    };
    let response = match path.as_str() {
        "/hang" => {
            while let Ok(1..) = stream.read(&mut [0; 64]).await {}
            let _ = hangs_up.send(());
            return;
        }
        "/gone" => response("404 Not Found", "", b"not here"),
        "/broken" => response("500 Internal Server Error", "", b"no"),
        "/round" => response("302 Found", "Location: /round\r\n", b""),
        "/moved" => response("302 Found", "Location: /plain\r\n", b""),
        "/away" => response("302 Found", "Location: http://169.254.169.254/\r\n", b""),
        "/cut" => {
            let mut cut = response("200 OK", "", &font::plain());
            cut.truncate(cut.len() - 10);
            cut
        }
        path if path.starts_with(mutated::FONT) => response("200 OK", "", &mutated::font(path)),
        path if path.starts_with("/plain") => response("200 OK", "", &font::plain()),
        _ => response("200 OK", "", b"<html>hello</html>"),
    };
    let _ = stream.write_all(&response).await;
}
