//! A file of every kind that a decoder reads in its own way.

use std::time::Duration;

use rav1e::prelude::{ChromaSampling, PixelRange};
use safelight_images::{
    deadline::Deadline,
    encode::encode,
    image::{Channels, Image},
    metadata::Metadata,
    options::{Frames, Output, Size},
    picture::{Frame, LoopCount, Picture},
};
use safelight_protocol::Format;

use crate::{
    deep::{self, Coding},
    flat_jpeg::{Scans, jpeg},
    heif, hevc,
};

/// The frames of an animation.
const FRAMES: u32 = 8;

/// A kind of file, by what decides the memory for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Jpeg,
    JpegGray,
    JpegProgressive,
    JpegCmyk,
    JpegCmykProgressive,
    Png,
    PngAlpha,
    Png16,
    WebpLossy,
    WebpLossyAlpha,
    WebpLossless,
    AnimatedWebp,
    Gif,
    AnimatedGif,
    GifOfLargeFrames,
    Avif,
    AvifAlpha,
    AvifTenBits,
    Heic,
    HeicFull,
    HeicAlpha,
    HeicGrid,
}

impl Kind {
    pub(super) const ALL: [Self; 22] = [
        Self::Jpeg,
        Self::JpegGray,
        Self::JpegProgressive,
        Self::JpegCmyk,
        Self::JpegCmykProgressive,
        Self::Png,
        Self::PngAlpha,
        Self::Png16,
        Self::WebpLossy,
        Self::WebpLossyAlpha,
        Self::WebpLossless,
        Self::AnimatedWebp,
        Self::Gif,
        Self::AnimatedGif,
        Self::GifOfLargeFrames,
        Self::Avif,
        Self::AvifAlpha,
        Self::AvifTenBits,
        Self::Heic,
        Self::HeicFull,
        Self::HeicAlpha,
        Self::HeicGrid,
    ];
}

/// A file of about this size.
pub(super) fn file(kind: Kind, [width, height]: [u32; 2]) -> Vec<u8> {
    let size = Size::new(width, height);
    let opaque = || plain(size, Channels::Rgb);
    let translucent = || plain(size, Channels::Rgba);
    // The encoders of AV1 take long.
    let half = Size::new(width / 2, height / 2);
    let flat = |components, scans| {
        let [width, height] = [width, height].map(|side| u16::try_from(side).unwrap());
        jpeg(width, height, components, scans)
    };
    match kind {
        Kind::Jpeg => flat(3, Scans::Baseline),
        Kind::JpegGray => flat(1, Scans::Baseline),
        Kind::JpegProgressive => flat(3, Scans::Progressive),
        Kind::JpegCmyk => flat(4, Scans::Baseline),
        Kind::JpegCmykProgressive => flat(4, Scans::Progressive),
        Kind::Png => encoded(opaque(), Format::Png, None),
        Kind::PngAlpha => encoded(translucent(), Format::Png, None),
        Kind::Png16 => png16(width, height),
        Kind::WebpLossy => encoded(opaque(), Format::Webp, None),
        Kind::WebpLossyAlpha => encoded(translucent(), Format::Webp, None),
        Kind::WebpLossless => encoded(translucent(), Format::Webp, Some(100)),
        Kind::AnimatedWebp => encoded(animation(size), Format::Webp, None),
        Kind::Gif => encoded(opaque(), Format::Gif, None),
        Kind::AnimatedGif => encoded(animation(size), Format::Gif, None),
        Kind::GifOfLargeFrames => {
            // The canvas has one pixel, and the frame keeps its size.
            let mut gif = encoded(opaque(), Format::Gif, None);
            gif[6..10].copy_from_slice(&[1, 0, 1, 0]);
            gif
        }
        Kind::Avif => encoded(plain(half, Channels::Rgb), Format::Avif, None),
        Kind::AvifAlpha => encoded(plain(half, Channels::Rgba), Format::Avif, None),
        Kind::AvifTenBits => ten_bits(half),
        Kind::Heic => heif::single(coded(size, 1), [width, height]),
        Kind::HeicFull => heif::single(coded(size, 3), [width, height]),
        Kind::HeicAlpha => heif::with_alpha(coded(size, 1), coded(size, 3), [width, height]),
        Kind::HeicGrid => {
            let sides = [width, height].map(|side| u8::try_from(side.div_ceil(512)).unwrap());
            let [columns, rows] = sides;
            heif::grid(
                hevc::Picture::whole(512, 512),
                columns,
                rows,
                [width, height],
            )
        }
    }
}

fn plain(size: Size, channels: Channels) -> Picture {
    Image::filled(size, channels, [9, 80, 200, 100]).into()
}

/// A picture of HEVC, whose blocks have 64 pixels.
fn coded(size: Size, chroma: u32) -> hevc::Picture {
    let shown = [size.width, size.height];
    hevc::Picture {
        coded: shown.map(|side| side.div_ceil(64) * 64),
        shown,
        chroma,
    }
}

fn ten_bits(size: Size) -> Vec<u8> {
    let coding = Coding {
        depth: 10,
        chroma: ChromaSampling::Cs444,
        range: PixelRange::Full,
    };
    let sides = (size.width as usize, size.height as usize);
    deep::avif(coding, sides, |_, _, _| 0.5).unwrap()
}

/// Frames that differ in all of their pixels.
fn animation(size: Size) -> Picture {
    let frames = (0..FRAMES).map(|number| {
        let [shade, ..] = (number * 12).to_le_bytes();
        let image = Image::filled(size, Channels::Rgb, [shade, 255 - shade, 7, 255]);
        Frame { image, delay: 100 }
    });
    Picture::animation(frames.collect(), LoopCount::Infinite).unwrap()
}

fn encoded(picture: Picture, format: Format, quality: Option<u8>) -> Vec<u8> {
    let output = Output {
        format,
        quality,
        background: None,
        frames: Frames::All,
        scan: None,
    };
    let deadline = Deadline::new(Duration::MAX);
    let file = encode(picture, &output, &Metadata::default(), &deadline);
    file.unwrap().bytes
}

fn png16(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Sixteen);
    let mut writer = encoder.write_header().unwrap();
    let samples = vec![100; width as usize * height as usize * 8];
    writer.write_image_data(&samples).unwrap();
    writer.finish().unwrap();
    file
}
