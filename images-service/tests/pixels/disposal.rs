//! GIF byte by byte: the disposal of each frame, and claims that are refused before any frame is decoded.

use std::borrow::Cow;

use gif::{DisposalMethod, Encoder, Frame};
use safelight_images::{decode::DecodeLimits, options::Frames};
use safelight_protocol::{ErrorCode, Format};

use crate::{movie::decoded, request::Request};

const PALETTE: [u8; 12] = [0, 0, 0, 10, 0, 0, 20, 0, 0, 30, 0, 0];

/// A file of one row of four pixels. Each frame has its offset, its indices, of which 0 is transparent, and its
/// disposal.
fn row(frames: &[(u16, &[u8], DisposalMethod)]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 4, 1, &PALETTE).unwrap();
    for (left, indices, dispose) in frames {
        let frame = Frame {
            left: *left,
            width: u16::try_from(indices.len()).unwrap(),
            height: 1,
            transparent: Some(0),
            dispose: *dispose,
            buffer: Cow::Borrowed(indices),
            ..Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    file
}

/// The indices that are visible, frame by frame.
fn seen(file: &[u8]) -> Vec<[u8; 4]> {
    let movie = decoded(file, Frames::All);
    let index = |pixel: &[u8]| if pixel[3] == 0 { 0 } else { pixel[0] / 10 };
    movie
        .frames
        .iter()
        .map(|frame| {
            let row: Vec<u8> = frame.chunks(4).map(index).collect();
            row.try_into().unwrap()
        })
        .collect()
}

#[test]
fn a_frame_stays_or_is_cleared_or_gives_back_what_it_covered() {
    use DisposalMethod::{Background, Keep, Previous};
    let file = row(&[
        (0, &[1, 1, 1, 1], Keep),
        (1, &[2, 2], Previous),
        (2, &[3, 0], Background),
        (0, &[0, 2], Keep),
        (3, &[3], Keep),
    ]);
    assert_eq!(
        seen(&file),
        [
            [1, 1, 1, 1],
            [1, 2, 2, 1],
            [1, 1, 3, 1],
            [1, 2, 0, 0],
            [1, 2, 0, 3],
        ]
    );
}

#[test]
fn a_frame_may_hang_over_its_canvas() {
    let file = row(&[
        (3, &[1, 2, 3], DisposalMethod::Background),
        (9, &[1], DisposalMethod::Previous),
        (0, &[2], DisposalMethod::Keep),
    ]);
    assert_eq!(seen(&file), [[0, 0, 0, 1], [0; 4], [2, 0, 0, 0]]);
}

/// A file that claims this many frames, none of which can be decoded.
fn claiming(width: u16, height: u16, frames: usize) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend([width, height].into_iter().flat_map(u16::to_le_bytes));
    file.extend([0x80, 0, 0]);
    file.extend([0; 6]);
    // One pixel, and codes that mean nothing.
    let frame = [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 0xFF, 0];
    file.extend(frame.repeat(frames));
    file.push(0x3B);
    file
}

fn refused(file: &[u8]) -> (ErrorCode, String) {
    let output = crate::request::output(Format::Gif);
    let error = Request::new(file).output(output).try_run().unwrap_err();
    (error.code, error.message)
}

#[test]
fn too_many_frames_are_refused_by_their_count() {
    let limit = DecodeLimits::default().frames as usize;
    let (code, text) = refused(&claiming(1, 1, limit + 1));
    assert_eq!(code, ErrorCode::TooManyPixels);
    assert!(text.contains("frames"), "{text}");
    assert_eq!(refused(&claiming(1, 1, limit)).0, ErrorCode::DecodingFailed);
}

#[test]
fn frames_of_too_many_pixels_together_are_refused_before_one_is_decoded() {
    let (code, text) = refused(&claiming(1000, 1000, 51));
    assert_eq!(code, ErrorCode::TooManyPixels);
    assert!(
        text.contains("more than 50000000 pixels together"),
        "{text}"
    );
    assert_eq!(
        refused(&claiming(1000, 1000, 50)).0,
        ErrorCode::DecodingFailed
    );
}

#[test]
fn a_large_animation_may_give_its_first_frame() {
    let frame = |file: &[u8]| {
        Request::new(file)
            .try_run()
            .map(|encoded| encoded.facts.source)
    };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 1000, 1000, &PALETTE).unwrap();
    let one = Frame {
        width: 1,
        height: 1,
        buffer: Cow::Borrowed(&[1]),
        ..Frame::default()
    };
    for _ in 0..60 {
        encoder.write_frame(&one).unwrap();
    }
    drop(encoder);
    assert_eq!(refused(&file).0, ErrorCode::TooManyPixels);
    assert_eq!(frame(&file).unwrap(), "image/gif 1000x1000");
}
