//! The rules of every encoder. Independent decoders read the encoded bytes in `tests/`.

use safelight_protocol::{ErrorCode, Format};

use std::time::Duration;

use super::EncodedImage;
use crate::{
    deadline::Deadline,
    error::ServiceError,
    image::{Channels, Image},
    metadata::Metadata,
    options::{Color, Frames, Output, Size},
};

fn output(format: Format) -> Output {
    Output {
        format,
        quality: None,
        background: None,
        frames: Frames::All,
        scan: None,
    }
}

fn encode(image: Image, output: &Output, metadata: &Metadata) -> Result<Vec<u8>, ServiceError> {
    let deadline = &Deadline::new(Duration::MAX);
    super::encode(image.into(), output, metadata, deadline).map(|EncodedImage { bytes, .. }| bytes)
}

fn half_red() -> Image {
    Image::filled(Size::new(2, 1), Channels::Rgba, [255, 0, 0, 128])
}

#[test]
fn raw_rgba_is_straight_and_has_four_bytes_a_pixel() {
    let bytes = encode(half_red(), &output(Format::Rgba), &Metadata::default()).unwrap();
    assert_eq!(bytes, [255, 0, 0, 128, 255, 0, 0, 128]);
    let opaque = Image::filled(Size::new(1, 1), Channels::Rgb, [1, 2, 3, 0]);
    let bytes = encode(opaque, &output(Format::Rgba), &Metadata::default()).unwrap();
    assert_eq!(bytes, [1, 2, 3, 255]);
}

#[test]
fn formats_without_alpha_lie_on_white() {
    let bytes = encode(half_red(), &output(Format::Rgb), &Metadata::default()).unwrap();
    assert_eq!(bytes, [255, 127, 127, 255, 127, 127]);
}

#[test]
fn the_output_background_goes_under_everything() {
    let over = |format, a| {
        let background = Some(Color {
            r: 0,
            g: 0,
            b: 255,
            a,
        });
        let output = Output {
            background,
            ..output(format)
        };
        encode(half_red(), &output, &Metadata::default()).unwrap()[..3].to_vec()
    };
    assert_eq!(over(Format::Rgb, 255), [128, 0, 127]);
    assert_eq!(over(Format::Rgba, 255), [128, 0, 127]);
    assert_eq!(over(Format::Rgb, 0), [255, 127, 127], "white is below that");
}

#[test]
fn an_encoder_does_not_begin_when_the_time_is_over() {
    let over = &Deadline::new(Duration::ZERO);
    let error = super::encode(
        half_red().into(),
        &output(Format::Rgba),
        &Metadata::default(),
        over,
    )
    .unwrap_err();
    assert_eq!(error.code, ErrorCode::DeadlinePassed);
}
