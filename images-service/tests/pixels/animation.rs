//! Animations: decoding, steps and encoding.

use std::time::Duration;

use safelight_images::{
    deadline::Deadline,
    decode::{DecodeLimits, inspect, pixels},
    options::{Frames, Output, Rotation, Transform},
    pipeline::PixelLimits,
};
use safelight_protocol::{ErrorCode, Format};

use crate::{
    movie::{Movie, decoded, made_by_pillow, options, seen_by_pillow},
    request::{Request, at, output, plain},
};

/// Four frames in 24 x 16 of a few flat colours: a square moves and changes.
const SQUARES: &str = "frames = []\n\
    for n in range(4):\n    \
        f = Image.new('RGBA', (24, 16), GROUND)\n    \
        f.paste((40 * n, 255 - 60 * n, 90, 255), (n * 5, n * 3, n * 5 + 6, n * 3 + 5))\n    \
        frames.append(f)\n";

fn squares(ground: &str, arguments: &str) -> (Vec<u8>, Movie) {
    made_by_pillow(&SQUARES.replace("GROUND", ground), arguments)
}

const OPAQUE: &str = "(9, 9, 99, 255)";
const CLEAR: &str = "(0, 0, 0, 0)";

const GIF: &str = "'GIF', duration=[70, 80, 90, 200], loop=2";
const WEBP: &str = "'WEBP', lossless=True, duration=[70, 80, 90, 200], loop=3";

fn files() -> Vec<(String, Vec<u8>, Movie)> {
    let mut files = Vec::new();
    for ground in [OPAQUE, CLEAR] {
        for arguments in [
            format!("{GIF}, disposal=2"),
            format!("{GIF}, disposal=2, optimize=True"),
            WEBP.to_owned(),
            format!("{WEBP}, minimize_size=True"),
            format!("{WEBP}, allow_mixed=True, quality=100, kmin=1, kmax=2"),
        ] {
            let (file, movie) = squares(ground, &arguments);
            files.push((format!("{ground} {arguments}"), file, movie));
        }
    }
    let (file, movie) = squares(OPAQUE, GIF);
    files.push(("only what changes".to_owned(), file, movie));
    files
}

#[test]
fn every_frame_is_seen_as_its_author_drew_it() {
    for (name, file, drawn) in files() {
        let seen = decoded(&file, Frames::All);
        assert_eq!(seen.delays, [70, 80, 90, 200], "{name}");
        assert_eq!(seen.plays, 3, "{name}");
        seen.assert_looks_like(&drawn, &name);
    }
}

#[test]
fn the_first_frame_alone_is_seen_when_no_more_is_wanted() {
    for (name, file, drawn) in files() {
        let seen = decoded(&file, Frames::First);
        assert_eq!(seen.frames.len(), 1, "{name}");
        assert!(seen.frames[0] == drawn.frames[0], "{name}");
    }
}

#[test]
fn another_program_reads_the_animation_that_was_written() {
    let lossless = |format| Output {
        quality: Some(100),
        ..output(format)
    };
    for (name, file, drawn) in files() {
        for format in [Format::Gif, Format::Webp] {
            let name = format!("{name} as {format}");
            let encoded = Request::new(&file)
                .output(lossless(format))
                .try_run()
                .unwrap();
            assert_eq!(encoded.image.content_type, format.as_str());
            let seen = seen_by_pillow(&encoded.image.bytes);
            assert_eq!(seen.delays, [70, 80, 90, 200], "{name}");
            // Pillow reports the repetitions of a GIF, which are one less than its plays.
            let plays = if format == Format::Gif { 2 } else { 3 };
            assert_eq!(seen.plays, plays, "{name}");
            seen.assert_looks_like(&drawn, &name);
            decoded(&encoded.image.bytes, Frames::All).assert_looks_like(&drawn, &name);
        }
    }
}

#[test]
fn lossy_frames_stay_near_what_they_were() {
    for (name, file, drawn) in files() {
        let encoded = Request::new(&file).encoded(Format::Webp);
        let seen = seen_by_pillow(&encoded.image.bytes);
        assert_eq!(seen.frames.len(), 4, "{name}");
        let error = seen.mean_error(&drawn);
        assert!(error < 4.0, "{name}: {error}");
    }
}

#[test]
fn many_colours_are_reduced_without_losing_the_picture() {
    let make = "frames = []\n\
        for n in range(3):\n    \
            f = Image.new('RGBA', (64, 48))\n    \
            f.putdata([(x * 4, y * 5, (x * y + n * 40) % 256, 255) for y in range(48) for x in range(64)])\n    \
            frames.append(f)\n";
    let (file, drawn) = made_by_pillow(make, "'WEBP', lossless=True, duration=100");
    let encoded = Request::new(&file).encoded(Format::Gif);
    let seen = seen_by_pillow(&encoded.image.bytes);
    assert_eq!(seen.frames.len(), 3);
    let error = seen.mean_error(&drawn);
    assert!(error < 10.0, "{error}");
}

#[test]
fn an_animation_ends_in_formats_that_hold_none() {
    let (file, drawn) = squares(OPAQUE, WEBP);
    for format in [Format::Png, Format::Rgba, Format::Jpeg] {
        let encoded = Request::new(&file).encoded(format);
        assert_eq!(
            (encoded.facts.width, encoded.facts.height),
            (24, 16),
            "{format}"
        );
        assert_eq!(
            encoded.facts.source, "image/webp 24x16",
            "one frame is enough"
        );
    }
    let pixels = Request::new(&file).pixels();
    assert!(pixels.data == drawn.frames[0]);
}

#[test]
fn anim_false_keeps_the_first_frame() {
    let (file, drawn) = squares(CLEAR, GIF);
    for format in [Format::Gif, Format::Webp] {
        let first = Output {
            frames: Frames::First,
            quality: Some(100),
            ..output(format)
        };
        let encoded = Request::new(&file).output(first).try_run().unwrap();
        let seen = seen_by_pillow(&encoded.image.bytes);
        assert_eq!(seen.frames.len(), 1, "{format}");
        assert!(seen.frames[0] == drawn.frames[0], "{format}");
    }
}

#[test]
fn a_transform_reaches_every_frame() {
    let (file, _) = squares(OPAQUE, GIF);
    let half = Transform {
        width: Some(12),
        rotate: Rotation::Quarter,
        ..Transform::default()
    };
    let encoded = Request::new(&file).transform(half).encoded(Format::Gif);
    assert_eq!((encoded.facts.width, encoded.facts.height), (12, 18));
    assert_eq!(encoded.facts.source, "image/gif 24x16 of 4 frames");
    let seen = seen_by_pillow(&encoded.image.bytes);
    assert_eq!((seen.size, seen.frames.len()), ((12, 18), 4));
}

#[test]
fn the_first_frame_of_an_overlay_is_drawn_on_every_frame() {
    let (base, _) = squares(OPAQUE, GIF);
    let (overlay, drawn) = squares(OPAQUE, WEBP);
    let encoded = Request::new(&base)
        .overlay(&overlay)
        .draw(1, 0, at(0, 0))
        .encoded(Format::Gif);
    let seen = seen_by_pillow(&encoded.image.bytes);
    // All frames are equal now, and Pillow returns one.
    assert!(!seen.frames.is_empty());
    assert!(seen.frames.iter().all(|frame| *frame == drawn.frames[0]));

    let moving = Request::new(&plain(24, 16, [1, 2, 3, 255]))
        .overlay(&overlay)
        .draw(1, 0, at(0, 0))
        .encoded(Format::Gif);
    assert_eq!(
        seen_by_pillow(&moving.image.bytes).frames.len(),
        1,
        "a still base stays still"
    );
}

#[test]
fn an_animation_cut_short_anywhere_is_an_error() {
    for arguments in [GIF, WEBP] {
        let (file, _) = squares(OPAQUE, arguments);
        for length in 12..file.len() {
            let cut = Request::new(&file[..length]).output(output(Format::Gif));
            let error = cut.try_run().expect_err("it is not whole");
            assert_eq!(
                error.code,
                ErrorCode::DecodingFailed,
                "{arguments} cut to {length} of {}",
                file.len()
            );
        }
    }
}

#[test]
fn changed_bytes_of_an_animation_give_frames_or_an_error_and_nothing_else() {
    for arguments in [GIF, WEBP] {
        let (file, _) = squares(CLEAR, arguments);
        for at in 0..file.len() {
            for change in [0x01, 0x80, 0xFF] {
                let mut broken = file.clone();
                broken[at] ^= change;
                let _either = Request::new(&broken).output(output(Format::Gif)).try_run();
            }
        }
    }
}

#[test]
fn work_ends_when_its_time_is_over() {
    let (file, _) = squares(OPAQUE, GIF);
    let limits = PixelLimits {
        time: Duration::ZERO,
        ..PixelLimits::default()
    };
    let error = Request::new(&file).try_run_within(&limits).unwrap_err();
    assert_eq!(error.code, ErrorCode::DeadlinePassed);
}

#[test]
fn a_frame_is_changed_before_the_next_one_is_decoded() {
    let (whole, _) = squares(OPAQUE, &format!("{GIF}, disposal=2"));
    // Its end is missing, which the decoder detects after the last frame.
    for (file, expected) in [(&whole[..], 4), (&whole[..whole.len() - 8], 3)] {
        let header = inspect(&whole, Frames::All, &DecodeLimits::default()).unwrap();
        let mut seen = 0;
        let deadline = Deadline::new(Duration::MAX);
        let decoded = pixels(file, &header, options(&deadline), |frame| {
            seen += 1;
            Ok(frame)
        });
        assert_eq!(decoded.is_ok(), expected == 4);
        assert_eq!(seen, expected);
    }
}

#[test]
fn an_animation_that_is_reduced_needs_memory_for_one_large_frame_only() {
    let (file, _) = made_by_pillow(
        "frames = [Image.new('RGB', (400, 300), (9 * n, 90, 30)) for n in range(20)]",
        "'GIF', duration=50",
    );
    let limits = PixelLimits {
        memory: 5_000_000,
        ..PixelLimits::default()
    };
    let narrow = |width| Transform {
        width: Some(width),
        ..Transform::default()
    };
    let run = |transform| {
        let request = Request::new(&file).transform(transform);
        request.output(output(Format::Webp)).try_run_within(&limits)
    };
    assert_eq!(run(narrow(40)).unwrap().facts.width, 40);
    // An animation that is not reduced needs memory for all frames, and is refused before it is allocated.
    assert_eq!(run(narrow(390)).unwrap_err().code, ErrorCode::Busy);
    assert_eq!(run(Transform::default()).unwrap_err().code, ErrorCode::Busy);
}
