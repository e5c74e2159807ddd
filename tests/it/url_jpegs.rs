//! The metadata and the kind of the JPEGs that URLs ask for.

use image::ImageFormat;

use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests;
use crate::image_urls::{picture, size};

/// A JPEG of 90 by 60 pixels whose EXIF names the maker of its camera.
fn jpeg_with_a_maker() -> Vec<u8> {
    let mut jpeg = picture(90, 60, ImageFormat::Jpeg);
    // One directory of one entry: tag 271, a text of four bytes.
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x04\0\0\0abc\0\0\0\0\0";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let segment = [&[0xff, 0xe1], &length[..], exif].concat();
    jpeg.splice(2..2, segment);
    jpeg
}

/// The markers and contents of a JPEG's segments before its pixels.
fn segments(jpeg: &[u8]) -> Vec<(u8, &[u8])> {
    let mut segments = Vec::new();
    let mut rest = &jpeg[2..];
    // Start of scan.
    while rest[1] != 0xda {
        let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        segments.push((rest[1], &rest[4..2 + length]));
        rest = &rest[2 + length..];
    }
    segments
}

#[tokio::test]
async fn metadata_and_the_kind_of_jpeg_are_options() {
    const APP1: u8 = 0xe1;
    const BASELINE: u8 = 0xc0;
    const PROGRESSIVE: u8 = 0xc2;
    let server = DevServer::start(guests::misbehaving(), "").await;
    let hex: String = jpeg_with_a_maker()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for (options, has_maker, frame) in [
        ("metadata=keep,format=jpeg", true, PROGRESSIVE),
        ("metadata=none,format=jpeg", false, PROGRESSIVE),
        ("metadata=none,format=baseline-jpeg", false, BASELINE),
    ] {
        // A picture of less than 2,500 pixels is never progressive.
        let path = format!("/cdn-cgi/image/width=75,{options}/bytes?hex={hex}");
        let answer = get(server.address, &path).await;
        assert_eq!(size(&answer), (75, 50), "{options}");
        let segments = segments(&answer.body);
        let is_maker = |(marker, content): &(u8, &[u8])| {
            *marker == APP1 && content.windows(4).any(|bytes| bytes == b"abc\0")
        };
        assert_eq!(segments.iter().any(is_maker), has_maker, "{options}");
        let frames = segments.iter().map(|(marker, _)| *marker);
        let frames: Vec<_> = frames
            .filter(|marker| [BASELINE, PROGRESSIVE].contains(marker))
            .collect();
        assert_eq!(frames, [frame], "{options}");
    }
}
