//! Files that are cut short, broken, or have false claims.

use safelight_images::{
    decode::{DecodeLimits, info},
    image::Channels,
    options::{Output, Transform},
    pipeline::PixelLimits,
};
use safelight_protocol::{ErrorCode, Fit, Format};

use crate::{
    heic::heic,
    pillow::{painted, saved},
    request::{Request, busy, encode, output, plain, png},
};

/// A file of every kind that is decoded, small enough to be cut everywhere.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let image = busy(40, 30, Channels::Rgb);
    let with_alpha = busy(40, 30, Channels::Rgba);
    let lossless = Output {
        quality: Some(100),
        ..output(Format::Webp)
    };
    vec![
        ("baseline jpeg", encode(&image, &output(Format::Jpeg))),
        (
            "progressive jpeg",
            encode(&busy(70, 50, Channels::Rgb), &output(Format::Jpeg)),
        ),
        ("png", png(&image)),
        ("lossy webp", encode(&image, &output(Format::Webp))),
        (
            "lossy webp with alpha",
            encode(&with_alpha, &output(Format::Webp)),
        ),
        ("lossless webp", encode(&with_alpha, &lossless)),
        ("gif", saved((40, 30), &painted("P"), "'GIF'")),
        ("heic", heic((64, 48), "RGB", "", "quality=50")),
        ("avif", saved((40, 30), &painted("RGB"), "'AVIF', speed=10")),
        (
            "avif with alpha",
            saved((40, 30), &painted("RGBA"), "'AVIF', speed=10"),
        ),
    ]
}

fn code(image: &[u8]) -> Result<(), ErrorCode> {
    Request::new(image)
        .try_run()
        .map(|_| ())
        .map_err(|error| error.code)
}

#[test]
fn a_file_cut_short_anywhere_is_never_half_a_picture() {
    for (name, file) in files() {
        assert_eq!(code(&file), Ok(()), "{name}");
        for length in 0..file.len() {
            let found = code(&file[..length]);
            let Err(found) = found else {
                panic!("{name} cut to {length} of {} is a picture", file.len());
            };
            let expected = match found {
                ErrorCode::NotAnImage => length < 12,
                code => code == ErrorCode::DecodingFailed,
            };
            assert!(
                expected,
                "{name} cut to {length} of {}: {found:?}",
                file.len()
            );
        }
    }
}

#[test]
fn a_large_file_cut_short_is_an_error_as_well() {
    let image = busy(900, 700, Channels::Rgb);
    for format in [Format::Jpeg, Format::Png, Format::Webp] {
        let file = encode(&image, &output(format));
        for percent in [10, 50, 90, 99] {
            let cut = &file[..file.len() * percent / 100];
            assert_eq!(
                code(cut),
                Err(ErrorCode::DecodingFailed),
                "{format} at {percent} %"
            );
        }
        assert_eq!(
            code(&file[..file.len() - 1]),
            Err(ErrorCode::DecodingFailed),
            "{format}"
        );
    }
}

#[test]
fn a_jpeg_with_impossible_codes_is_broken() {
    for (width, height) in [(40, 30), (900, 700), (3100, 3000)] {
        let mut file = encode(&busy(width, height, Channels::Rgb), &output(Format::Jpeg));
        let middle = file.len() * 7 / 10;
        // No Huffman code consists of ones alone.
        file[middle..middle + 60].fill(0xFE);
        assert_eq!(
            code(&file),
            Err(ErrorCode::DecodingFailed),
            "{width}x{height}"
        );
    }
}

#[test]
fn a_png_with_one_changed_byte_is_broken() {
    let file = png(&busy(40, 30, Channels::Rgb));
    for at in 8..file.len() {
        let mut broken = file.clone();
        broken[at] ^= 0x10;
        // The name of an ancillary chunk may change, but then its checksum is wrong.
        assert!(code(&broken).is_err(), "byte {at}");
    }
}

#[test]
fn changed_bytes_give_a_picture_or_an_error_and_nothing_else() {
    for (name, file) in files() {
        // These two formats take longer for every picture.
        let changes: &[u8] = match name {
            "heic" | "avif" | "avif with alpha" => &[0x80],
            _ => &[0x01, 0x80, 0xFF],
        };
        for at in 0..file.len() {
            for change in changes {
                let mut broken = file.clone();
                broken[at] ^= change;
                let _either = code(&broken);
            }
        }
    }
}

#[test]
fn nothing_and_nonsense_are_not_images() {
    for bytes in [
        &b""[..],
        b"\0",
        b"hello",
        b"%PDF-1.7",
        b"\x7FELF\x02\x01\x01",
    ] {
        assert_eq!(code(bytes), Err(ErrorCode::NotAnImage));
        assert_eq!(
            info(bytes, &DecodeLimits::default()).unwrap_err().code,
            ErrorCode::NotAnImage
        );
    }
}

#[test]
fn known_formats_without_a_decoder_are_named() {
    for (bytes, name) in [
        (&b"II*\0\x08\0\0\0"[..], "image/tiff"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "image/bmp"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "image/svg+xml",
        ),
    ] {
        let error = Request::new(bytes).try_run().unwrap_err();
        assert_eq!(error.code, ErrorCode::NotAnImage);
        assert!(error.message.contains(name), "{error}");
    }
}

/// A PNG that ends after its first chunk, with the right checksum.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut file = png(&busy(1, 1, Channels::Rgb));
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&sum.to_be_bytes());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                sum >> 1 ^ 0xEDB8_8320
            } else {
                sum >> 1
            }
        })
    })
}

#[test]
fn a_claim_of_too_many_pixels_is_refused_before_they_are_paid_for() {
    for (width, height) in [(60_000, 60_000), (i32::MAX as u32, 1), (10_001, 10_000)] {
        let file = png_claiming(width, height);
        let error = Request::new(&file).try_run().unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManyPixels, "{error}");
        assert_eq!(
            info(&file, &DecodeLimits::default()).unwrap_err().code,
            ErrorCode::TooManyPixels
        );
    }
    assert_eq!(
        code(&png_claiming(10_000, 10_000)),
        Err(ErrorCode::DecodingFailed),
        "just not there"
    );
    assert_eq!(code(&png_claiming(0, 10)), Err(ErrorCode::DecodingFailed));
}

/// Files whose headers claim sides of 16,383 pixels and more.
fn enormous() -> Vec<(&'static str, Vec<u8>)> {
    let image = busy(40, 30, Channels::Rgb);
    let mut jpeg = encode(&image, &output(Format::Jpeg));
    let frame = jpeg.windows(2).position(|marker| marker == b"\xFF\xC0");
    // Its length and its precision come first.
    let frame = frame.unwrap() + 5;
    jpeg[frame..frame + 4].fill(0xFF);

    // Sides of 14 bits: behind the start code of a key frame, or behind a signature.
    let mut lossy = encode(&image, &output(Format::Webp));
    let key = lossy.windows(3).position(|code| code == b"\x9D\x01\x2A");
    let key = key.unwrap() + 3;
    lossy[key..key + 4].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    let quality = Some(100);
    let mut lossless = encode(
        &image,
        &Output {
            quality,
            ..output(Format::Webp)
        },
    );
    let at = lossless.windows(4).position(|name| name == b"VP8L");
    let at = at.unwrap() + 9;
    // The header stores both sides less one.
    lossless[at..at + 3].copy_from_slice(&[0xFE, 0xBF, 0xFF]);
    lossless[at + 3] |= 0x0F;

    let mut gif = encode(&image, &output(Format::Gif));
    gif[6..10].fill(0xFF);
    vec![
        ("jpeg", jpeg),
        ("lossy webp", lossy),
        ("lossless webp", lossless),
        ("gif", gif),
    ]
}

#[test]
fn every_format_is_refused_by_what_its_header_claims() {
    for (name, file) in enormous() {
        assert_eq!(code(&file), Err(ErrorCode::TooManyPixels), "{name}");
        let told = info(&file, &DecodeLimits::default()).unwrap_err();
        assert_eq!(told.code, ErrorCode::TooManyPixels, "{name}: {told}");
    }
}

#[test]
fn a_gif_frame_may_not_claim_more_than_its_canvas_is_allowed() {
    let mut file = saved((40, 30), &painted("L"), "'GIF'");
    let descriptor = file
        .windows(9)
        .position(|w| w == b",\0\0\0\0\x28\0\x1E\0")
        .unwrap();
    file[descriptor + 5..descriptor + 9].fill(0xFF);
    assert_eq!(code(&file), Err(ErrorCode::TooManyPixels));
}

#[test]
fn one_bad_overlay_is_found_before_any_pixel_is_decoded() {
    // The base is broken behind its header, which only its decoder could detect.
    let mut base = png(&busy(40, 30, Channels::Rgb));
    base.truncate(60);
    let error = Request::new(&base)
        .overlay(&png_claiming(60_000, 60_000))
        .try_run()
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManyPixels);
    assert!(error.message.starts_with("overlay 1"), "{error}");
}

#[test]
fn a_step_that_grows_too_large_is_found_before_any_pixel_is_decoded() {
    let mut base = png(&busy(40, 30, Channels::Rgb));
    base.truncate(60);
    let enlarge = |width| Transform {
        width: Some(width),
        fit: Some(Fit::Squeeze),
        ..Transform::default()
    };
    let request = |width| {
        Request::new(&base)
            .transform(enlarge(width))
            .try_run()
            .unwrap_err()
    };
    assert_eq!(request(16_384).code, ErrorCode::TooManyPixels);
    assert_eq!(request(u32::MAX).code, ErrorCode::TooManyPixels);
    assert_eq!(
        request(100).code,
        ErrorCode::DecodingFailed,
        "this one only fails at the pixels"
    );
}

#[test]
fn the_memory_of_all_images_together_is_bounded() {
    let limits = PixelLimits {
        memory: 1_000_000,
        ..PixelLimits::default()
    };
    let image = plain(300, 300, [1, 2, 3, 255]);
    let request = |overlays: usize| {
        (0..overlays)
            .fold(Request::new(&image), |request, _| request.overlay(&image))
            .try_run_within(&limits)
    };
    assert!(request(0).is_ok());
    let error = request(3).unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy, "{error}");
}

#[test]
fn the_memory_of_the_encoder_is_bounded_before_there_are_pixels() {
    let limits = PixelLimits {
        memory: 1_000_000,
        ..PixelLimits::default()
    };
    // The picture is broken behind its header, which only its decoder detects.
    let image = plain(200, 200, [1, 2, 3, 255]);
    let broken = &image[..image.len() - 20];
    let lossless = |quality| Output {
        quality: Some(quality),
        ..output(Format::Webp)
    };
    for (quality, expected) in [(100, ErrorCode::Busy), (99, ErrorCode::DecodingFailed)] {
        let request = Request::new(broken).output(lossless(quality));
        let error = request.try_run_within(&limits).unwrap_err();
        assert_eq!(error.code, expected, "{quality}: {error}");
    }
}

#[test]
fn a_crop_out_of_an_enormous_scale_costs_only_its_own_pixels() {
    // The whole scaled picture would have 12,000,000 x 1,000 pixels.
    let cover = Transform {
        width: Some(1000),
        height: Some(1000),
        fit: Some(Fit::Cover),
        ..Transform::default()
    };
    let result = Request::new(&plain(12_000, 1, [9, 8, 7, 255]))
        .transform(cover)
        .pixels();
    assert_eq!(result.size(), (1000, 1000));
    assert!(result.data.chunks(4).all(|pixel| pixel == [9, 8, 7, 255]));
}
