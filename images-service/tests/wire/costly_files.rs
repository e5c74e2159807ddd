//! Small files that cost much to read or write: each request ends with a code, within the memory that it was admitted to,
//! and takes neither its process nor the memory of others with it.

use std::time::Duration;

use bytes::Bytes;
use safelight_images::{
    Limits,
    deadline::Deadline,
    error::ServiceError,
    options::{Extension, Frames, ImageSource, Output},
    pipeline::{Checkpoints, PixelLimits, run_with},
    request::TransformRequest,
};
use safelight_protocol::{
    ErrorCode, Format,
    extension::{self, Caller},
    form,
};

use crate::{
    client::Answer,
    form::Form,
    pictures::{noise, png},
    watched::{Seen, Watched, memory},
};

/// The private memory of every process besides that of its request.
const OWN: u64 = 192_000_000;

/// The private memory that a process holds when it is asked to work, at most.
const HELD: u64 = 8_000_000;

/// The side of the picture of an honest request, in pixels.
const SIDE: u32 = 400;

/// The number of times that a request is sent until its process was seen with the limit of its request.
const ATTEMPTS: u32 = 50;

/// Limits of two requests at a time, each with so many milliseconds for its pixels.
fn two_with_time(ms: u64) -> Limits {
    let mut limits = Limits {
        workers: 2,
        ..Limits::default()
    };
    limits.pixels.time = Duration::from_millis(ms);
    limits
}

/// Sends a costly request beside an honest one, and checks that the honest one has the right pixels. Returns what was seen
/// of both.
async fn beside_an_honest_one(watched: &Watched, costly: &Form) -> Seen {
    let honest = Form::transform()
        .file(form::IMAGE, &png(SIDE, SIDE, [9, 80, 200]))
        .string(form::TRANSFORMS, r#"[{"imageIndex":0,"blur":9}]"#)
        .string(form::OUTPUT_FORMAT, "rgb")
        .end();
    let (seen, honest) = tokio::join!(watched.watch(costly), watched.service.post(&honest));
    honest.assert_good("application/octet-stream");
    assert_eq!(honest.body.len(), (SIDE * SIDE * 3) as usize);
    let (pixels, _) = honest.body.as_chunks::<3>();
    assert!(pixels.iter().all(|pixel| *pixel == [9, 80, 200]));
    seen
}

/// Sends a costly request beside an honest one. Checks that it ends as expected, that its process is gone when its answer is
/// there, and that this process was limited to what the request needed. Its process may end before it is looked at, so the
/// requests are sent until it was seen at work.
async fn assert_ends_alone(watched: &Watched, costly: &Form, needed: u64, check: fn(&Answer)) {
    let admitted = OWN + needed..OWN + needed + HELD;
    let mut seen_limits = Vec::new();
    for _ in 0..ATTEMPTS {
        let seen = beside_an_honest_one(watched, costly).await;
        check(&seen.answer);
        let gone = seen.gone();
        assert_eq!(gone.len(), 1, "{:?}", seen.limits);
        let limits = &seen.limits[&gone[0]];
        // Before it works, a process has the limit of all requests, and while it reads headers, that of no pixels.
        if limits.last().is_some_and(|last| admitted.contains(last)) {
            return;
        }
        seen_limits.push(limits.clone());
    }
    panic!("no process had a limit of {admitted:?}: {seen_limits:?}");
}

/// Returns the bytes that a request without steps is admitted with.
fn needed(file: &[u8], format: Format) -> u64 {
    struct Asked(Option<u64>);

    impl Checkpoints for Asked {
        fn planned(&mut self, needed: u64) -> Result<Duration, ServiceError> {
            self.0 = Some(needed);
            Err(ServiceError::new(ErrorCode::Busy, "it is enough to know"))
        }

        fn encoding(&mut self) {}
    }

    let output = Output {
        format,
        quality: None,
        background: None,
        frames: Frames::All,
        scan: None,
    };
    let request = TransformRequest {
        images: vec![ImageSource::Encoded(Bytes::copy_from_slice(file))],
        steps: Vec::new(),
        output,
        extension: Extension::default(),
    };
    let mut asked = Asked(None);
    let limits = PixelLimits::default();
    let refused = run_with(request, &limits, &Deadline::new(Duration::MAX), &mut asked);
    assert!(refused.is_err());
    asked.0.unwrap()
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
    let animated = |frames, side| {
        let steps = r#"[{"imageIndex":0,"width":1}]"#;
        Form::transform()
            .file(form::IMAGE, &gif(frames, side))
            .string(form::TRANSFORMS, steps)
            .string(form::OUTPUT_FORMAT, "image/gif")
            .end()
    };
    let watched = Watched::start(two_with_time(60_000));
    // 50 million pixels are the most.
    let seen = beside_an_honest_one(&watched, &animated(201, 500)).await;
    seen.answer
        .assert_error(403, 9413, "more than 50000000 pixels");
    // It was refused by what it claims: no process ended, and none was limited to more than the honest request needs.
    assert_eq!(seen.gone(), [0; 0]);
    let limits: Vec<u64> = seen.limits.values().flatten().copied().collect();
    let most = OWN + u64::from(SIDE * SIDE) * 4 * 4 + HELD;
    let whole = Limits::default().pixels.memory;
    assert!(
        limits.iter().all(|limit| *limit < most || *limit > whole),
        "{limits:?}"
    );
    // These are few enough, and broken. Their process is not trusted any more.
    let seen = beside_an_honest_one(&watched, &animated(200, 500)).await;
    seen.answer.assert_error(422, 9516, "gif");
    assert_eq!(seen.gone().len(), 1);
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

    /// Writes a prefix code of 256 symbols of eight bits each, whose table has 256 entries. The code of the lengths has one
    /// symbol, so that the lengths take no bits. A larger alphabet needs the number of the symbols.
    fn full_code(&mut self, symbols: Option<u32>) {
        // The code is not simple. The length 8 is the twelfth in the order of the lengths.
        self.put(0, 1);
        self.put(12 - 4, 4);
        (0..11).for_each(|_| self.put(0, 3));
        self.put(1, 3);
        match symbols {
            None => self.put(0, 1),
            Some(symbols) => {
                // A number of eight bits follows.
                self.put(1, 1);
                self.put(3, 3);
                self.put(symbols - 2, 8);
            }
        }
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
        // Green, which has symbols of lengths as well; red, blue and alpha; and the distances.
        bits.full_code(Some(256));
        (0..3).for_each(|_| bits.full_code(None));
        bits.symbol(0);
    }
    // The pixels, each of four bytes.
    (0..16).for_each(|_| bits.put(0, 32));
    let mut data = bits.bytes;
    if !data.len().is_multiple_of(2) {
        data.push(0);
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let chunk = [b"VP8L", &length(data.len())[..], &data].concat();
    [b"RIFF", &length(4 + chunk.len())[..], b"WEBP", &chunk].concat()
}

#[tokio::test]
async fn a_webp_of_65536_codes_takes_no_more_memory_than_its_request_has() {
    let file = webp_of_many_codes();
    let needed = needed(&file, Format::Png);
    assert!(needed < 1_000, "{needed}");
    let costly = Form::steps(&file, "[]");
    let watched = Watched::start(two_with_time(60_000));
    assert_ends_alone(&watched, &costly, needed, |answer| {
        answer.assert_error(503, 9522, "more memory than they were admitted to");
    })
    .await;
}

#[tokio::test]
async fn a_webp_of_65536_codes_keeps_to_the_memory_of_all() {
    const TOTAL: u64 = 600_000_000;

    let limits = Limits {
        memory_total: TOTAL,
        ..two_with_time(60_000)
    };
    let watched = Watched::start(limits);
    let costly = Form::steps(&webp_of_many_codes(), "[]");
    let seen = beside_an_honest_one(&watched, &costly).await;
    seen.answer
        .assert_error(503, 9522, "more memory than they were admitted to");
    assert!(seen.most_resident < TOTAL, "{}", seen.most_resident);
}

/// A form of an SVG with this number of elements, each inside the one before. They are filtered out, so the output stays
/// small.
fn nested_unknown(levels: usize) -> Form {
    let head = "<svg xmlns='http://www.w3.org/2000/svg'>";
    let svg = format!("{head}{}", "<x>".repeat(levels));
    Form::transform()
        .string(extension::CALLER, Caller::Url.as_str())
        .string(extension::CHOOSE, "svg")
        .file(form::IMAGE, svg.as_bytes())
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "image/png")
        .end()
}

/// The levels of a costly SVG.
const LEVELS: usize = 1_200_000;

/// The bytes that the parser and its output are admitted with for them.
const NESTED: u64 = (3 * LEVELS as u64 + 40) * 431 + 20_000_000;

#[tokio::test]
async fn an_svg_of_many_levels_ends_with_its_own_request() {
    let limits = Limits {
        memory_total: 4_000_000_000,
        ..two_with_time(1_500)
    };
    let watched = Watched::start(limits);
    let seen = beside_an_honest_one(&watched, &nested_unknown(LEVELS)).await;
    seen.answer.assert_error(504, 9529, "");
    let admitted = OWN + NESTED..OWN + NESTED + HELD;
    let at_work: Vec<_> = seen
        .limits
        .iter()
        .filter(|(_, limits)| limits.iter().any(|limit| admitted.contains(limit)))
        .collect();
    let [(pid, _)] = at_work[..] else {
        panic!("one process has a limit of {admitted:?}: {:?}", seen.limits);
    };
    // It ended in its own way, and goes on only if it has returned the memory.
    assert!(memory(*pid, "RssAnon").unwrap_or(0) < OWN, "{pid}");
    assert!(
        seen.most_resident < NESTED + 3 * OWN,
        "{}",
        seen.most_resident
    );
}

#[tokio::test]
async fn an_svg_that_needs_more_than_the_memory_of_all_is_refused() {
    let limits = Limits {
        memory_total: 1_200_000_000,
        ..two_with_time(60_000)
    };
    let watched = Watched::start(limits);
    let seen = beside_an_honest_one(&watched, &nested_unknown(LEVELS)).await;
    seen.answer.assert_error(503, 9522, "all requests together");
    assert_eq!(seen.gone(), [0; 0]);
    assert!(seen.most_resident < 2 * OWN, "{}", seen.most_resident);
}

#[tokio::test]
async fn an_encoder_ends_within_a_frame_when_the_time_is_over() {
    // Noise takes an encoder the longest.
    let picture = noise(1_200, 900);
    let costly = Form::transform()
        .file(form::IMAGE, &picture)
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "image/avif")
        .end();
    let needed = needed(&picture, Format::Avif);
    for memory_total in [Limits::default().memory_total, 700_000_000] {
        let limits = Limits {
            memory_total,
            ..two_with_time(1_000)
        };
        let watched = Watched::start(limits);
        assert_ends_alone(&watched, &costly, needed, |answer| {
            answer.assert_error(504, 9529, "1000 ms");
        })
        .await;
    }
}
