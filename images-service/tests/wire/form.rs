//! Requests as the platform's client writes them, part by part.

use safelight_protocol::form;

pub(crate) const BOUNDARY: &str = "--------------------------012345678901234567890123";

/// One request with a form.
#[derive(Clone)]
pub(crate) struct Form {
    path: &'static str,
    body: Vec<u8>,
}

impl Form {
    pub(crate) fn transform() -> Self {
        Self {
            path: "/transform",
            body: Vec::new(),
        }
    }

    pub(crate) fn info() -> Self {
        Self {
            path: "/info",
            body: Vec::new(),
        }
    }

    /// `/transform` of one picture to PNG, with these steps.
    pub(crate) fn steps(picture: &[u8], steps: &str) -> Self {
        Self::transform()
            .file(form::IMAGE, picture)
            .string(form::TRANSFORMS, steps)
            .string(form::OUTPUT_FORMAT, "image/png")
            .end()
    }

    pub(crate) fn file(mut self, name: &str, content: &[u8]) -> Self {
        self.body.extend(form::file_head(BOUNDARY, name).as_bytes());
        self.body.extend(content);
        self.body.extend(form::PART_END.as_bytes());
        self
    }

    pub(crate) fn string(self, name: &str, content: &str) -> Self {
        self.raw(&form::string_part(BOUNDARY, name, content))
    }

    /// Writes the closing boundary.
    pub(crate) fn end(self) -> Self {
        self.raw(&form::tail(BOUNDARY))
    }

    /// Writes anything.
    pub(crate) fn raw(mut self, bytes: &str) -> Self {
        self.body.extend(bytes.as_bytes());
        self
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The same request with only the first bytes of its body.
    pub(crate) fn cut(&self, length: usize) -> Self {
        Self {
            path: self.path,
            body: self.body[..length].to_vec(),
        }
    }

    /// The request with a chunked body.
    pub(crate) fn chunked(&self, size: usize) -> Vec<u8> {
        let mut request = self.chunked_head();
        for content in self.body.chunks(size) {
            request.extend(chunk(content));
        }
        request.extend(LAST_CHUNK);
        request
    }

    /// The head of a request whose body comes in chunks.
    pub(crate) fn chunked_head(&self) -> Vec<u8> {
        self.head("Transfer-Encoding: chunked")
    }

    /// The request with its length announced and its body as one block.
    pub(crate) fn block(&self) -> Vec<u8> {
        let mut request = self.block_head(self.body.len());
        request.extend(&self.body);
        request
    }

    /// The head of a request that announces a length.
    pub(crate) fn block_head(&self, length: usize) -> Vec<u8> {
        self.head(&format!("Content-Length: {length}"))
    }

    fn head(&self, framing: &str) -> Vec<u8> {
        let (path, content_type) = (self.path, form::content_type(BOUNDARY));
        format!(
            "POST {path} HTTP/1.1\r\n{framing}\r\nHost: js.images.cloudflare.com\r\nContent-Type: {content_type}\r\n\r\n"
        )
        .into_bytes()
    }
}

/// The end of a chunked body.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// One chunk of a chunked body.
pub(crate) fn chunk(content: &[u8]) -> Vec<u8> {
    let head = format!("{:X}\r\n", content.len());
    [head.as_bytes(), content, b"\r\n"].concat()
}
