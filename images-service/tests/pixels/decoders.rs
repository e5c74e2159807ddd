//! The images that Pillow encodes, as our decoders read them.

use safelight_images::decode::{DecodeLimits, info};
use safelight_protocol::{ImageInfo, info::RasterInfo};

use crate::{
    pillow::{self, painted, saved},
    request::Request,
};

/// Returns the mean and the largest difference of a channel between Pillow's pixels and ours.
fn difference(image: &[u8]) -> (f64, u8) {
    let (_, theirs) = pillow::read(image);
    let ours = Request::new(image).pixels();
    assert_eq!(ours.size(), theirs.size());
    let pairs = ours.data.iter().zip(&theirs.data);
    let largest = pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    (ours.mean_error(&theirs.data), largest)
}

#[test]
fn jpeg_of_every_kind_is_seen_alike() {
    for (mode, arguments) in [
        ("RGB", "'JPEG', quality=90"),
        ("RGB", "'JPEG', quality=90, progressive=True"),
        ("RGB", "'JPEG', quality=90, subsampling='4:4:4'"),
        ("RGB", "'JPEG', quality=90, subsampling='4:2:2'"),
        (
            "RGB",
            "'JPEG', quality=90, subsampling='4:4:4', progressive=True",
        ),
        ("RGB", "'JPEG', quality=90, restart_marker_blocks=3"),
        (
            "RGB",
            "'JPEG', quality=90, keep_rgb=True, subsampling='4:4:4'",
        ),
        ("L", "'JPEG', quality=90"),
        ("L", "'JPEG', quality=90, progressive=True"),
        ("CMYK", "'JPEG', quality=90"),
        ("CMYK", "'JPEG', quality=90, progressive=True"),
    ] {
        for size in [(97, 61), (16, 16), (1, 1)] {
            let (mean, largest) = difference(&saved(size, &painted(mode), arguments));
            // Decoders may round the cosine transform and enlarge the chroma in their own way.
            assert!(
                mean < 0.7 && largest <= 6,
                "{mode} {arguments} {size:?}: {mean} {largest}"
            );
        }
    }
}

#[test]
fn black_ink_darkens_the_colours() {
    let make = "im = Image.new('CMYK', (w, h))\n\
                im.putdata([((x * 255) // w, (y * 255) // h, 90, (x * 200) // w) for y in range(h) for x in range(w)])";
    let (mean, largest) = difference(&saved((97, 61), make, "'JPEG', quality=95"));
    assert!(mean < 0.7 && largest <= 6, "{mean} {largest}");
}

#[test]
fn ink_that_is_stored_as_brightness_and_colour_is_seen_alike() {
    let mut file = saved((97, 61), &painted("CMYK"), "'JPEG', quality=95");
    // One byte has the meaning of the four channels: 0 is CMYK, 2 is YCCK.
    let adobe = file.windows(5).position(|name| name == b"Adobe").unwrap();
    assert_eq!(file[adobe + 11], 0);
    file[adobe + 11] = 2;
    let (mean, largest) = difference(&file);
    assert!(mean < 0.9 && largest <= 6, "{mean} {largest}");
}

#[test]
fn png_of_every_kind_is_seen_exactly() {
    for mode in ["1", "L", "P", "RGB", "RGBA"] {
        let image = saved((67, 41), &painted(mode), "'PNG'");
        assert_eq!(difference(&image).1, 0, "{mode}");
    }
    let gray_alpha = format!("{}\nim = im.convert('LA')", painted("RGBA"));
    assert_eq!(
        difference(&saved((67, 41), &gray_alpha, "'PNG'")).1,
        0,
        "LA"
    );
    let key = "'PNG', transparency=(0, 0, 200)";
    assert_eq!(
        difference(&saved((67, 41), &painted("RGB"), key)).1,
        0,
        "a transparent colour"
    );
    let palette = "'PNG', transparency=bytes([0, 80, 160, 255])";
    assert_eq!(
        difference(&saved((67, 41), &painted("P"), palette)).1,
        0,
        "a transparent palette"
    );
}

#[test]
fn sixteen_bits_are_rounded_to_eight() {
    let make =
        "im = Image.new('I;16', (w, h))\nim.putdata([0, 127, 128, 384, 385, 65407, 65408, 65535])";
    let ours = Request::new(&saved((8, 1), make, "'PNG'")).pixels();
    let values: Vec<u8> = ours.data.chunks(4).map(|pixel| pixel[0]).collect();
    // 257 steps of sixteen bits are one of eight.
    assert_eq!(values, [0, 0, 0, 1, 1, 255, 255, 255]);
}

#[test]
fn webp_is_seen_alike() {
    for (mode, arguments, bound) in [
        ("RGB", "'WEBP', lossless=True", 0),
        ("RGBA", "'WEBP', lossless=True, exact=True", 0),
        ("RGB", "'WEBP', quality=90", 6),
        ("RGBA", "'WEBP', quality=90", 6),
    ] {
        let (mean, largest) = difference(&saved((67, 41), &painted(mode), arguments));
        assert!(
            mean < 0.7 && largest <= bound,
            "{mode} {arguments}: {mean} {largest}"
        );
    }
}

#[test]
fn gif_is_seen_exactly() {
    for make in [
        painted("P"),
        format!("{}\nim = im.convert('P')", painted("L")),
    ] {
        assert_eq!(difference(&saved((67, 41), &make, "'GIF'")).1, 0);
        assert_eq!(
            difference(&saved((67, 41), &make, "'GIF', transparency=3")).1,
            0
        );
        assert_eq!(
            difference(&saved((67, 41), &make, "'GIF', interlace=1")).1,
            0
        );
    }
}

#[test]
fn the_first_frame_of_an_animation_is_decoded() {
    let frames = "a, b = Image.new('RGB', (w, h), (255, 0, 0)), Image.new('RGB', (w, h), (0, 0, 255))\nim = a";
    for arguments in [
        "'GIF', save_all=True, append_images=[b], duration=50",
        "'WEBP', save_all=True, append_images=[b], duration=50, lossless=True",
        "'PNG', save_all=True, append_images=[b], duration=50",
    ] {
        let ours = Request::new(&saved((8, 6), frames, arguments)).pixels();
        assert_eq!(ours.size(), (8, 6), "{arguments}");
        assert!(
            ours.data.chunks(4).all(|pixel| pixel == [255, 0, 0, 255]),
            "{arguments}"
        );
    }
}

#[test]
fn info_tells_format_size_and_bytes() {
    for (arguments, format) in [
        ("'JPEG'", "image/jpeg"),
        ("'PNG'", "image/png"),
        ("'WEBP'", "image/webp"),
        ("'GIF'", "image/gif"),
        ("'AVIF'", "image/avif"),
    ] {
        let image = saved((31, 17), &painted("RGB"), arguments);
        let expected = ImageInfo {
            format: format.to_owned(),
            raster: Some(RasterInfo {
                file_size: image.len() as u64,
                width: 31,
                height: 17,
            }),
        };
        assert_eq!(info(&image, &DecodeLimits::default()), Ok(expected));
    }
}

#[test]
fn info_of_svg_is_its_format_alone() {
    let svg = info(
        b"<?xml version='1.0'?><svg width='8' height='6'/>",
        &DecodeLimits::default(),
    )
    .unwrap();
    assert_eq!((svg.format.as_str(), svg.raster), ("image/svg+xml", None));
}
