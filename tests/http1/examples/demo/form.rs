//! The forms that the pipelines send to Images, as its clients write them.

use std::io;

use safelight_protocol::form::{
    DRAW_IMAGE, IMAGE, OUTPUT_FORMAT, PART_END, TRANSFORMS, boundary, content_type, file_head,
    string_part, tail,
};

/// Side of the source of the inner pipeline, in pixels: small enough for its form to be sent in one write.
const SIDE: u32 = 200;
/// Bytes of a pixel.
const RGB: u32 = 3;

/// A form and its boundary.
pub(crate) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// The inner pipeline: a picture drawn onto a much enlarged one, as PNG.
    pub(crate) fn composite() -> io::Result<Self> {
        let picture = drawn()?;
        let steps = r#"[{"imageIndex":0,"width":2000,"height":2000,"fit":"contain"},{"drawImageIndex":1,"targetImageIndex":0,"bottom":20,"right":20}]"#;
        Ok(Self::new()
            .file(IMAGE, &picture)
            .file(DRAW_IMAGE, &picture)
            .string(TRANSFORMS, steps)
            .string(OUTPUT_FORMAT, "image/png")
            .end())
    }

    /// The outer pipeline: the received bytes, smaller and as WebP.
    pub(crate) fn thumbnail(picture: &[u8]) -> Self {
        Self::new()
            .file(IMAGE, picture)
            .string(TRANSFORMS, r#"[{"imageIndex":0,"width":400}]"#)
            .string(OUTPUT_FORMAT, "image/webp")
            .end()
    }

    /// Parses a received form.
    pub(crate) fn received(body: Vec<u8>) -> Self {
        Self {
            body,
            ..Self::new()
        }
    }

    /// The request as bytes. The form is one chunk. An epilogue, which its reader may never read, is another.
    pub(crate) fn request(&self) -> Vec<u8> {
        const EPILOGUE: &[u8] = b"2\r\n\r\n\r\n0\r\n\r\n";
        let head = format!(
            "POST /transform HTTP/1.1\r\nhost: images\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
            content_type(&self.boundary),
            self.body.len()
        );
        [head.as_bytes(), &self.body, b"\r\n", EPILOGUE].concat()
    }

    /// Whether the bytes of a body hold a whole form.
    pub(crate) fn is_closed(body: &[u8]) -> bool {
        body.ends_with(tail(&boundary(SEPARATOR)).as_bytes())
    }

    fn new() -> Self {
        Self {
            boundary: boundary(SEPARATOR),
            body: Vec::new(),
        }
    }

    fn file(mut self, name: &str, content: &[u8]) -> Self {
        let head = file_head(&self.boundary, name);
        for piece in [head.as_bytes(), content, PART_END.as_bytes()] {
            self.body.extend_from_slice(piece);
        }
        self
    }

    fn string(mut self, name: &str, content: &str) -> Self {
        let part = string_part(&self.boundary, name, content);
        self.body.extend_from_slice(part.as_bytes());
        self
    }

    fn end(mut self) -> Self {
        let tail = tail(&self.boundary);
        self.body.extend_from_slice(tail.as_bytes());
        self
    }
}

/// The number in the boundary of every form here.
const SEPARATOR: u128 = 4_018;

/// A picture that hardly compresses: a gradient under noise.
fn drawn() -> io::Result<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let pixels: Vec<u8> = (0..SIDE * SIDE * RGB)
        .map(|at| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let [noise, ..] = state.to_le_bytes();
            let [shade, ..] = (at / (SIDE * RGB)).to_le_bytes();
            noise / 2 + shade / 2
        })
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}
