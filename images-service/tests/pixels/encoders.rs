//! The images that we encode, as Pillow decodes them.

use safelight_images::{
    image::{Channels, Image},
    options::{Output, Size},
};
use safelight_protocol::{ErrorCode, Format};

use crate::{
    pillow,
    request::{Request, busy, encode, mean_error, output, plain, png, rgba},
};

/// Around every size of a block: one pixel, less than a block, exactly one, more, and not square.
const SIZES: [(u32, u32); 8] = [
    (1, 1),
    (7, 5),
    (8, 8),
    (16, 16),
    (17, 33),
    (50, 50),
    (200, 3),
    (321, 241),
];

fn with_quality(format: Format, quality: u8) -> Output {
    Output {
        quality: Some(quality),
        ..output(format)
    }
}

#[test]
fn png_is_exact() {
    for (width, height) in SIZES {
        for (channels, mode) in [(Channels::Rgb, "RGB"), (Channels::Rgba, "RGBA")] {
            let image = busy(width, height, channels);
            let (theirs, pixels) = pillow::read(&png(&image));
            assert_eq!((theirs.as_str(), pixels.size()), (mode, (width, height)));
            assert!(pixels.data == rgba(&image), "{width}x{height} {mode}");
        }
    }
}

/// Soft colours that a palette can follow, with holes if it has alpha.
fn soft(channels: Channels) -> Image {
    let size = Size::new(120, 90);
    let byte = |value: u32| u8::try_from(value).unwrap();
    let data = (0..90_u32)
        .flat_map(|y| (0..120_u32).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let alpha = if (x / 20 + y / 20) % 2 == 0 { 255 } else { 0 };
            let pixel = [byte(40 + x), byte(60 + y), 90, alpha];
            pixel.into_iter().take(channels.count())
        })
        .collect();
    Image::new(size, channels, data).unwrap()
}

#[test]
fn a_named_quality_gives_png_a_palette() {
    for (channels, palette) in [(Channels::Rgb, 0), (Channels::Rgba, 1)] {
        let image = soft(channels);
        let file = encode(&image, &with_quality(Format::Png, 80));
        let (mode, pixels) = pillow::read(&file);
        assert_eq!((mode.as_str(), pixels.size()), ("P", (120, 90)));
        let error = pixels.mean_error(&rgba(&image));
        assert!(
            error < 5.0 + f64::from(palette) * 40.0,
            "{channels:?}: {error}"
        );
        let alpha = |data: &[u8]| data.iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
        assert!(
            alpha(&pixels.data) == alpha(&rgba(&image)),
            "holes stay holes"
        );
    }
}

#[test]
fn few_colours_are_exact_in_a_palette() {
    for (width, height) in SIZES {
        for colors in [1, 2, 3, 4, 15, 17, 250] {
            let data = (0..width * height)
                .flat_map(|at| {
                    let color = u8::try_from(at % colors).unwrap();
                    [
                        color,
                        255 - color,
                        7,
                        if color % 3 == 1 { color } else { 255 },
                    ]
                })
                .collect();
            let image = Image::new(Size::new(width, height), Channels::Rgba, data).unwrap();
            let (mode, pixels) = pillow::read(&encode(&image, &with_quality(Format::Png, 50)));
            assert_eq!(mode, "P", "{width}x{height} of {colors}");
            assert!(pixels.data == rgba(&image), "{width}x{height} of {colors}");
        }
    }
}

#[test]
fn a_palette_that_would_miss_the_quality_is_not_used() {
    // Every colour is another, and each far from its neighbours'.
    let data = (0..300 * 200_u32)
        .flat_map(|at| {
            let mixed = at.wrapping_mul(0x9E37_79B9);
            let [a, b, c, _] = mixed.to_le_bytes();
            [a, b, c]
        })
        .collect();
    let image = Image::new(Size::new(300, 200), Channels::Rgb, data).unwrap();
    let (mode, pixels) = pillow::read(&encode(&image, &with_quality(Format::Png, 95)));
    assert_eq!(mode, "RGB");
    assert!(pixels.data == rgba(&image));
}

/// A disc that fades out, in soft colours, on nothing.
fn disc() -> Image {
    let size = Size::new(120, 90);
    let byte = |value: i32| u8::try_from(value.clamp(0, 255)).unwrap();
    let data = (0..90)
        .flat_map(|y| (0..120).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let from_middle = (x - 60_i32).pow(2) + (y - 45_i32).pow(2);
            [
                byte(40 + x),
                byte(60 + y),
                90,
                byte((1600 - from_middle) / 2),
            ]
        })
        .collect();
    Image::new(size, Channels::Rgba, data).unwrap()
}

#[test]
fn degrees_of_transparency_share_a_palette() {
    let image = disc();
    let (mode, pixels) = pillow::read(&encode(&image, &with_quality(Format::Png, 85)));
    assert_eq!((mode.as_str(), pixels.size()), ("P", (120, 90)));
    let (mut error, mut opaque) = (0.0, 0);
    for (ours, theirs) in rgba(&image).chunks(4).zip(pixels.data.chunks(4)) {
        match ours[3] {
            0 => assert_eq!(theirs, [0; 4], "nothing stays nothing"),
            255 => {
                assert_eq!(theirs[3], 255, "what is there stays there");
                opaque += 1;
            }
            _ => {}
        }
        let seen = |pixel: &[u8], at: usize| f64::from(pixel[at]) * f64::from(pixel[3]) / 255.0;
        error += (0..3)
            .map(|at| (seen(ours, at) - seen(theirs, at)).abs())
            .sum::<f64>();
        error += f64::from(ours[3].abs_diff(theirs[3]));
    }
    assert!(opaque > 1_000, "{opaque}");
    // Of a channel of all pixels.
    let error = error / (120.0 * 90.0 * 4.0);
    assert!(error < 2.5, "{error}");
}

#[test]
fn transparency_that_no_palette_can_follow_stays_true_colour() {
    let data = (0..300 * 200_u32)
        .flat_map(|at| at.wrapping_mul(0x9E37_79B9).to_be_bytes())
        .collect();
    let image = Image::new(Size::new(300, 200), Channels::Rgba, data).unwrap();
    let (mode, pixels) = pillow::read(&encode(&image, &with_quality(Format::Png, 95)));
    assert_eq!(mode, "RGBA");
    assert!(pixels.data == rgba(&image));
}

#[test]
fn gif_has_what_is_at_least_half_visible() {
    let data = [0, 127, 128, 255].map(|alpha| [10, 20, 30, alpha]).concat();
    let image = Image::new(Size::new(4, 1), Channels::Rgba, data).unwrap();
    let (_, pixels) = pillow::read(&encode(&image, &output(Format::Gif)));
    let alpha: Vec<u8> = pixels.data.chunks(4).map(|pixel| pixel[3]).collect();
    assert_eq!(alpha, [0, 0, 255, 255]);
    assert_eq!(pixels.at(3, 0), [10, 20, 30, 255]);
}

#[test]
fn gif_of_every_size_can_be_read() {
    for (width, height) in SIZES {
        let image = busy(width, height, Channels::Rgb);
        let (_, pixels) = pillow::read(&encode(&image, &output(Format::Gif)));
        assert_eq!(pixels.size(), (width, height));
        let error = pixels.mean_error(&rgba(&image));
        assert!(error < 10.0, "{width}x{height}: {error}");
    }
}

#[test]
fn webp_of_quality_100_is_exact_even_where_nothing_is_seen() {
    for (width, height) in SIZES {
        for channels in [Channels::Rgb, Channels::Rgba] {
            let image = busy(width, height, channels);
            let webp = encode(&image, &with_quality(Format::Webp, 100));
            let (_, pixels) = pillow::read(&webp);
            assert_eq!(pixels.size(), (width, height));
            assert!(pixels.data == rgba(&image), "{width}x{height} {channels:?}");
        }
    }
}

/// Returns the mean error of Pillow's own file of the same picture.
fn error_of_pillow(image: &Image, arguments: &str) -> f64 {
    let (width, height) = (image.size().width, image.size().height);
    let code = format!(
        "im = Image.frombytes('RGB', ({width}, {height}), data); out = io.BytesIO(); im.save(out, {arguments})\n\
         put(Image.open(out).convert('RGBA').tobytes())"
    );
    mean_error(&rgba(image), &pillow::python(&code, image.data()))
}

#[test]
fn lossy_webp_is_as_near_as_another_encoder_gets() {
    let image = busy(321, 241, Channels::Rgb);
    let (mode, pixels) = pillow::read(&encode(&image, &output(Format::Webp)));
    assert_eq!((mode.as_str(), pixels.size()), ("RGB", (321, 241)));
    let ours = pixels.mean_error(&rgba(&image));
    let theirs = error_of_pillow(&image, "'WEBP', quality=85");
    assert!(ours <= theirs * 1.05, "{ours} against {theirs}");
}

#[test]
fn the_alpha_of_lossy_webp_is_exact() {
    let image = busy(321, 241, Channels::Rgba);
    let (mode, pixels) = pillow::read(&encode(&image, &output(Format::Webp)));
    assert_eq!((mode.as_str(), pixels.size()), ("RGBA", (321, 241)));
    let alpha = |data: &[u8]| data.iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
    assert!(alpha(&pixels.data) == alpha(&rgba(&image)));
}

#[test]
fn jpeg_is_as_near_as_another_encoder_gets_at_every_size() {
    for (width, height) in SIZES {
        let image = busy(width, height, Channels::Rgb);
        for quality in [100, 85, 20] {
            let (mode, pixels) =
                pillow::read(&encode(&image, &with_quality(Format::Jpeg, quality)));
            assert_eq!((mode.as_str(), pixels.size()), ("RGB", (width, height)));
            let ours = pixels.mean_error(&rgba(&image));
            let arguments = format!("'JPEG', quality={quality}, subsampling='4:2:0'");
            let theirs = error_of_pillow(&image, &arguments);
            assert!(
                ours <= theirs * 1.05 + 0.1,
                "{width}x{height} at {quality}: {ours} against {theirs}"
            );
        }
    }
}

#[test]
fn every_quality_of_jpeg_can_be_read() {
    let image = busy(40, 30, Channels::Rgb);
    for quality in [1, 2, 10, 24, 25, 49, 50, 75, 95, 99, 100] {
        let (_, pixels) = pillow::read(&encode(&image, &with_quality(Format::Jpeg, quality)));
        assert_eq!(pixels.size(), (40, 30), "quality {quality}");
    }
}

/// Pillow's words for how a JPEG is built.
fn structure(image: &Image) -> String {
    let code = "im = Image.open(io.BytesIO(data)); im.load()\n\
                put(repr((im.info.get('progressive', 0), [c[1:3] for c in im.layer])).encode())";
    let bytes = pillow::python(code, &encode(image, &output(Format::Jpeg)));
    String::from_utf8(bytes).unwrap()
}

#[test]
fn jpeg_is_progressive_with_halved_chroma_unless_very_small_or_large() {
    let halved = "[(2, 2), (1, 1), (1, 1)]";
    for (width, height, progressive) in [
        (49, 50, 0),
        (50, 50, 1),
        (640, 480, 1),
        (3000, 3000, 1),
        (3001, 3000, 0),
    ] {
        let found = structure(&busy(width, height, Channels::Rgb));
        assert_eq!(
            found,
            format!("({progressive}, {halved})"),
            "{width}x{height}"
        );
    }
}

#[test]
fn the_default_quality_is_85() {
    let image = busy(64, 64, Channels::Rgb);
    for format in [Format::Jpeg, Format::Webp] {
        assert!(
            encode(&image, &output(format)) == encode(&image, &with_quality(format, 85)),
            "{format}"
        );
        assert!(
            encode(&image, &output(format)) != encode(&image, &with_quality(format, 86)),
            "{format}"
        );
    }
}

#[test]
fn jpeg_lies_on_white() {
    let jpeg = Request::new(&plain(16, 16, [0, 0, 0, 0])).encoded(Format::Jpeg);
    let (_, pixels) = pillow::read(&jpeg.image.bytes);
    assert_eq!(pixels.at(8, 8), [255; 4]);
}

#[test]
fn raw_pixels_have_no_head() {
    let image = busy(3, 2, Channels::Rgb);
    let rgb = Request::new(&png(&image)).encoded(Format::Rgb);
    assert_eq!(
        (rgb.image.bytes.as_slice(), rgb.image.content_type),
        (image.data(), "application/octet-stream")
    );
    let with_alpha = Request::new(&png(&image)).encoded(Format::Rgba);
    assert_eq!(with_alpha.image.bytes, rgba(&image));
}

#[test]
fn a_result_longer_than_its_format_allows_is_refused() {
    let request = |side, format| {
        Request::new(&plain(side, 1, [1, 2, 3, 255]))
            .output(output(format))
            .try_run()
    };
    assert!(request(12_000, Format::Jpeg).is_ok());
    assert!(request(16_383, Format::Webp).is_ok());
    for (side, format) in [
        (12_001, Format::Jpeg),
        (12_001, Format::Png),
        (12_001, Format::Gif),
        (12_001, Format::Avif),
        (12_001, Format::Rgb),
        (16_384, Format::Webp),
    ] {
        let error = request(side, format).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManyPixels, "{format}");
        assert!(error.message.contains(&side.to_string()), "{error}");
    }
}
