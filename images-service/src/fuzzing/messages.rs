//! Entry points to the messages between the images process and a pixel process, and to whole requests.

use bytes::Bytes;
use safelight_protocol::{extension, form};

use super::limits;
use crate::{
    answer,
    decode::DecodeLimits,
    form::{ExtensionParts, Source, TransformForm},
    handler,
    pipeline::PixelLimits,
    process::fuzz_hooks,
    request::TransformRequest,
    text::TextLimits,
};

/// The bytes of all headers of an answer. hyper's clients accept more.
const MAX_HEADER_BYTES: usize = 1 << 14;

/// Reads what a pixel process says, as the images process does, and answers a request with each result.
pub fn reports(bytes: &[u8]) {
    let form = TransformForm {
        base: Source::Image(Bytes::new()),
        overlays: Vec::new(),
        transforms: "[]".to_owned(),
        output_format: "image/png".to_owned(),
        output_quality: None,
        background: None,
        anim: None,
        extension: ExtensionParts::default(),
    };
    let Ok((request, _warnings)) = TransformRequest::parse(form, &limits().request) else {
        return;
    };
    fuzz_hooks::reports(bytes, |made| {
        let answer = match made {
            Ok(made) => handler::fuzz_hooks::answer(&request, made),
            Err(error) => answer::failed(&error),
        };
        let headers = answer.headers().iter();
        let length: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        assert!(length <= MAX_HEADER_BYTES, "{length} bytes of headers");
    });
}

/// Does a piece of work with a pixel process that says the given bytes. The first byte selects how both ends leave.
pub fn run(bytes: &[u8]) {
    fuzz_hooks::run(bytes);
}

/// Follows what the images process says, as a pixel process does. The first two bytes are the length of the orders, which
/// the input follows.
pub fn orders(bytes: &[u8]) {
    fuzz_hooks::orders(bytes, &small_limits());
}

/// The names of the parts of a form, by the byte that stands for each of them. Any other byte stands for a font.
pub(super) const PART_NAMES: [&str; 14] = [
    form::IMAGE,
    form::TEXT_INPUT,
    form::DRAW_IMAGE,
    form::DRAW_TEXT,
    form::TRANSFORMS,
    form::OUTPUT_FORMAT,
    form::OUTPUT_QUALITY,
    form::BACKGROUND,
    form::ANIM,
    extension::CHOOSE,
    extension::ACCEPT,
    extension::METADATA,
    extension::JPEG,
    extension::CALLER,
];

/// Does a whole request in a pixel process. Each part is a byte for its name, two bytes for its length, and its content.
/// The fonts have the URLs of [`font_url`].
pub fn transform(mut bytes: &[u8]) {
    let (mut parts, mut fonts) = (Vec::new(), Vec::new());
    while let Some((&[name, low, high], rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([low, high]));
        let (content, rest) = rest.split_at(length.min(rest.len()));
        match PART_NAMES.get(usize::from(name)) {
            Some(name) => parts.push((*name, content)),
            None => fonts.push((font_url(fonts.len()), content)),
        }
        bytes = rest;
    }
    let done = fuzz_hooks::transform(&parts, &fonts, &small_limits());
    assert!(done.is_ok(), "{done:?}");
}

/// Returns the URL of the font with this number.
pub(super) fn font_url(number: usize) -> String {
    format!("https://fonts.test/{number}")
}

/// Returns limits under which every encoder is quick.
fn small_limits() -> PixelLimits {
    let limits = limits().pixels;
    PixelLimits {
        decode: DecodeLimits {
            area: 1 << 14,
            animation_area: 1 << 15,
            frames: 8,
            ..limits.decode
        },
        text: TextLimits {
            side: 128,
            inflated_bytes: 1 << 20,
            glyphs: 200,
            lines: 20_000,
            ..limits.text
        },
        dimension: 96,
        ..limits
    }
}
