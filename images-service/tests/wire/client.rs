//! A client that knows no more HTTP than the tests need, so that it hides nothing.

use std::{path::Path, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use safelight_protocol::{digest, error::ERROR_HEADER};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

/// Longest wait for an answer. Only the service's deadline of an idle connection is longer.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    read: BytesMut,
}

/// One answer, whose length and digest have been checked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) async fn connect(path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            stream: UnixStream::connect(path).await?,
            read: BytesMut::new(),
        })
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads one whole answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = timeout(TEST_TIMEOUT, self.read_answer()).await;
        answer.expect("an answer in good time")
    }

    /// Reads the head of an answer, and leaves the rest of the body on the socket.
    pub(crate) async fn head(&mut self) -> (StatusCode, HeaderMap) {
        let head = timeout(TEST_TIMEOUT, self.read_head()).await;
        head.expect("an answer in good time")
    }

    async fn read_head(&mut self) -> (StatusCode, HeaderMap) {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read_more().await, "no answer; got {:?}", self.read);
        };
        let head = self.read.split_to(end);
        parse_head(std::str::from_utf8(&head).unwrap())
    }

    async fn read_answer(&mut self) -> Answer {
        let (status, headers) = self.read_head().await;
        let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
        while self.read.len() < length {
            let got = self.read.len();
            assert!(self.read_more().await, "{got} of {length} bytes came");
        }
        let body = self.read.split_to(length).freeze();
        let announced = digest::parse(headers[digest::REPR_DIGEST].to_str().unwrap());
        assert_eq!(announced, Ok(crc32c::crc32c(&body)), "the digest is wrong");
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Whether more came before the end.
    async fn read_more(&mut self) -> bool {
        self.stream.read_buf(&mut self.read).await.unwrap_or(0) > 0
    }

    /// Reads until the service closes the connection: the bytes that were left.
    pub(crate) async fn rest(mut self) -> Bytes {
        while self.read_more().await {}
        self.read.freeze()
    }
}

fn parse_head(head: &str) -> (StatusCode, HeaderMap) {
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    (status[..3].parse().unwrap(), headers)
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks that this is a marked error: status, code, and what its text must name.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: u16, names: &str) {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(
            self.header(ERROR_HEADER),
            Some(&*format!("err={code}")),
            "{text}"
        );
        assert_eq!(self.header("content-type"), Some("text/plain"));
        assert!(text.starts_with(&format!("ERROR {code}: ")), "{text}");
        assert!(text.contains(names), "{text:?} does not name {names:?}");
    }

    /// Checks that the call went well, with a body of this type.
    #[track_caller]
    pub(crate) fn assert_good(&self, content_type: &str) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, StatusCode::OK, "{text}");
        assert_eq!(self.header("content-type"), Some(content_type));
        assert_eq!(self.header(ERROR_HEADER), None);
    }
}
