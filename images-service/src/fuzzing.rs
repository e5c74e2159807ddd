//! Entry points for fuzzers: each place where hostile bytes arrive first, as one function of bytes.
//!
//! They are compiled for fuzzers, which look for bytes that panic, hang or exhaust memory, and for the tests, which run
//! every file of `fuzz/corpus` through its function, so that no bug returns.

mod encode;
mod messages;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::StreamBody;

pub use self::{
    encode::encode,
    messages::{orders, reports, run, transform},
};
use crate::{
    catch_panic::is_panic,
    deadline::Deadline,
    decode::{self, DecodeLimits, JpegDecoder, Options, Shrink},
    error::ServiceError,
    form::{self, ExtensionParts, FormLimits, Source, TransformForm},
    limits::Limits,
    options::{Color, Frames, Text},
    pipeline::PixelLimits,
    quota::ByteQuota,
    request::TransformRequest,
    svg,
    text::{TextBudget, TextLimits, Typeset},
};

/// Returns limits that keep a fuzzer quick and make a bomb visible.
fn limits() -> Limits {
    Limits {
        form: FormLimits {
            input_bytes: 1 << 16,
            request_bytes: 1 << 18,
            ..FormLimits::default()
        },
        held_bytes: 1 << 20,
        pixels: PixelLimits {
            decode: DecodeLimits {
                area: 1 << 18,
                animation_area: 1 << 18,
                frames: 64,
                ..DecodeLimits::default()
            },
            memory: 1 << 25,
            ..PixelLimits::default()
        },
        ..Limits::default()
    }
}

/// Reads a multipart form with a fixed boundary. The first byte is the size of the pieces in which it arrives.
pub fn form(bytes: &[u8]) {
    let Some((piece, body)) = bytes.split_first() else {
        return;
    };
    let pieces: Vec<_> = body
        .chunks(usize::from(*piece).max(1))
        .map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    let body = Box::pin(StreamBody::new(Pieces(pieces.into_iter())));
    let Ok(request) = Request::post("/transform")
        .header(CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(body)
    else {
        return;
    };
    let limits = limits();
    let reservation = ByteQuota::new(limits.held_bytes).reservation();
    // The deadlines of reading need a clock, although every byte is there at once.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
    else {
        return;
    };
    let received = runtime.block_on(form::transform(
        request,
        &limits.form,
        limits.deadlines.body_read,
        &reservation,
    ));
    if let Ok(form) = received.form.and_then(TransformForm::from_parts) {
        let _refused = TransformRequest::parse(form, &limits.request);
    }
}

/// Parses the JSON of all steps.
pub fn transforms(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        parse(text.to_owned(), None);
    }
}

/// Parses a colour.
pub fn color(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        parse("[]".to_owned(), Some(text.to_owned()));
    }
}

fn parse(transforms: String, background: Option<String>) {
    let form = TransformForm {
        base: Source::Image(Bytes::new()),
        overlays: vec![Source::Image(Bytes::new()), Source::Image(Bytes::new())],
        transforms,
        output_format: "image/png".to_owned(),
        output_quality: None,
        background,
        anim: None,
        extension: ExtensionParts::default(),
    };
    let _refused = TransformRequest::parse(form, &limits().request);
}

/// Decodes all frames of an image of one format. Files of other formats are left to their own function.
pub fn image(bytes: &[u8], mime: &str, jpeg: JpegDecoder) {
    shrunk(bytes, mime, jpeg, Shrink::NONE);
}

/// Decodes a JPEG at a reduced size. The first byte selects the size.
pub fn jpeg_scaled(bytes: &[u8]) {
    let Some((eighths, file)) = bytes.split_first() else {
        return;
    };
    if let Some(shrink) = Shrink::new(u32::from(eighths % 7) + 1) {
        shrunk(file, "image/jpeg", JpegDecoder::Turbo, shrink);
    }
}

fn shrunk(bytes: &[u8], mime: &str, jpeg: JpegDecoder, shrink: Shrink) {
    let limits = limits();
    if bytes.len() > limits.form.input_bytes {
        return;
    }
    let Some(header) = accepted(decode::inspect(bytes, Frames::All, &limits.pixels.decode)) else {
        return;
    };
    if header.format() != mime || header.memory() > limits.pixels.memory {
        return;
    }
    // CMYK is always decoded at full size.
    let size = if shrink == Shrink::NONE || header.shrinks() {
        shrink.reduced(header.size())
    } else {
        header.size()
    };
    let options = Options {
        shrink,
        jpeg,
        deadline: &Deadline::new(Duration::from_secs(10)),
    };
    if let Some(decoded) = accepted(decode::pixels(bytes, &header, options, Ok)) {
        assert_eq!(decoded.picture.size(), size, "the header has lied");
    }
}

/// Reads EXIF, as every format carries it.
pub fn exif(bytes: &[u8]) {
    decode::fuzz_hooks::exif(bytes.to_vec());
}

/// Converts by a colour profile. The first byte selects the samples.
pub fn profile(bytes: &[u8]) {
    if let Some((kind, icc)) = bytes.split_first() {
        decode::fuzz_hooks::profile(*kind, icc);
    }
}

/// Sets and draws some letters of both directions in a font.
pub fn font(bytes: &[u8]) {
    let limits = TextLimits {
        side: 512,
        inflated_bytes: 1 << 20,
        glyphs: 1_000,
        lines: 100_000,
        ..TextLimits::default()
    };
    let text = Text {
        content: "AVfi 1\nאב".to_owned(),
        font: Bytes::copy_from_slice(bytes),
        size: 20.0,
        color: Color {
            r: 1,
            g: 2,
            b: 3,
            a: 255,
        },
    };
    let mut budget = TextBudget::new(&limits, &Deadline::new(Duration::MAX));
    if let Ok(set) = Typeset::new(&text, &limits, &mut budget)
        && let Ok(image) = set.pixels(&mut budget)
    {
        assert_eq!(image.size(), set.size());
    }
}

/// Sanitises an SVG that is passed on.
pub fn svg(bytes: &[u8]) {
    if decode::is_svg(bytes) {
        let deadline = Deadline::new(limits().pixels.time);
        let _refused = accepted(svg::sanitize(bytes, &deadline));
    }
}

/// Returns the value of a result. Hostile bytes may give any error but a codec's panic.
fn accepted<T>(result: Result<T, ServiceError>) -> Option<T> {
    result
        .inspect_err(|error| assert!(!is_panic(error), "{error}"))
        .ok()
}

/// A body that is ready at once.
struct Pieces<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Pieces<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[cfg(test)]
mod seeds;
#[cfg(test)]
mod tests;
