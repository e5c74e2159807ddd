//! Small files that cost much to read or write: each request ends within what it was admitted with, and the next one is
//! served.

use std::time::Duration;

use safelight_images::Limits;
use safelight_protocol::{
    extension::{self, Caller},
    form,
};

use crate::{client::Answer, form::Form, pictures::png, service::Service};

/// A service whose pixels have this many milliseconds.
fn with_time(ms: u64) -> Service {
    let mut limits = Limits::default();
    limits.pixels.time = Duration::from_millis(ms);
    Service::with(limits)
}

async fn assert_serves(service: &Service) {
    let small = Form::steps(&png(2, 2, [1, 2, 3]), "[]");
    service.post(&small).await.assert_good("image/png");
}

/// An animation on a canvas of one pixel.
fn gif(frames: usize, side: u16) -> Vec<u8> {
    let one = 1_u16.to_le_bytes();
    let mut file = [
        b"GIF89a",
        &one[..],
        &one,
        &[0x80, 0, 0],
        &[0, 0, 0, 255, 255, 255],
    ]
    .concat();
    let side = side.to_le_bytes();
    let frame = [
        &[0x2C, 0, 0, 0, 0],
        &side[..],
        &side,
        &[0, 2, 2, 0x4C, 0x01, 0],
    ]
    .concat();
    file.extend(frame.repeat(frames));
    file.push(0x3B);
    file
}

#[tokio::test]
async fn frames_that_are_larger_than_their_canvas_count_with_their_own_area() {
    let service = Service::start();
    let animated = |frames, side| {
        let steps = r#"[{"imageIndex":0,"width":1}]"#;
        Form::transform()
            .file(form::IMAGE, &gif(frames, side))
            .string(form::TRANSFORMS, steps)
            .string(form::OUTPUT_FORMAT, "image/gif")
            .end()
    };
    // 50 million pixels are the most.
    let refused = service.post(&animated(201, 500)).await;
    refused.assert_error(403, 9413, "more than 50000000 pixels");
    // These are few enough, and broken.
    let broken = service.post(&animated(200, 500)).await;
    broken.assert_error(422, 9516, "gif");
    assert_serves(&service).await;
}

/// Writes bits, the lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> bit & 1 == 1) << (self.used % 8);
            }
            self.used += 1;
        }
    }

    /// Writes a prefix code of one symbol, which takes no bits.
    fn symbol(&mut self, symbol: u32) {
        // Simple, one symbol, of eight bits.
        self.put(0b101, 3);
        self.put(symbol, 8);
    }
}

/// A lossless WebP of 4 by 4 pixels with 65,536 groups of prefix codes.
fn webp_of_many_codes() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2F, 8);
    bits.put(3, 14);
    bits.put(3, 14);
    // No alpha, version 0, no transform, no cache of colours.
    bits.put(0, 1 + 3 + 1 + 1);
    // The picture of the groups: blocks of 4 by 4 pixels, no cache, and one pixel that names the last group.
    bits.put(1, 1);
    bits.put(0, 3);
    bits.put(0, 1);
    for symbol in [255, 255, 0, 0, 0] {
        bits.symbol(symbol);
    }
    for _ in 0..65_536 {
        for symbol in [1, 2, 3, 255, 0] {
            bits.symbol(symbol);
        }
    }
    let mut data = bits.bytes;
    if !data.len().is_multiple_of(2) {
        data.push(0);
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let chunk = [b"VP8L", &length(data.len())[..], &data].concat();
    [b"RIFF", &length(4 + chunk.len())[..], b"WEBP", &chunk].concat()
}

/// Asserts that a request was done, or ended for its memory or its time.
#[track_caller]
fn assert_bounded(answer: &Answer) {
    let code = answer.header("cf-images-binding").unwrap_or("done");
    let expected = ["done", "err=9522", "err=9529"];
    assert!(expected.contains(&code), "{code}: {}", answer.text());
}

#[tokio::test]
async fn a_webp_of_65536_codes_takes_no_more_memory_than_its_request_has() {
    let service = Service::start();
    let file = webp_of_many_codes();
    let answer = service.post(&Form::steps(&file, "[]")).await;
    assert_bounded(&answer);
    assert_serves(&service).await;
}

#[tokio::test]
async fn an_svg_of_many_levels_ends_with_its_own_request() {
    let service = with_time(3_000);
    let levels = 1_200_000;
    let head = "<svg xmlns='http://www.w3.org/2000/svg'>";
    let svg = format!("{head}{}", "<g>".repeat(levels));
    let form = Form::transform()
        .string(extension::CALLER, Caller::Url.as_str())
        .string(extension::CHOOSE, "svg")
        .file(form::IMAGE, svg.as_bytes())
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "image/png")
        .end();
    let answer = service.post(&form).await;
    assert_ne!(answer.status, 200, "{}", answer.text());
    assert_serves(&service).await;
}

#[tokio::test]
async fn an_encoder_ends_within_a_frame_when_the_time_is_over() {
    let service = with_time(200);
    // Noise, which takes an encoder the longest.
    let noise: Vec<u8> = (0..1_200 * 900 * 3_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0])
        .collect();
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, 1_200, 900);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&noise).unwrap();
    writer.finish().unwrap();
    let form = Form::transform()
        .file(form::IMAGE, &picture)
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "image/avif")
        .end();
    let answer = service.post(&form).await;
    answer.assert_error(504, 9529, "200 ms");
    assert_serves(&service).await;
}
