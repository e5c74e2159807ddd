//! AVIF: other encoders' files as we decode them, and our files as other decoders read them.

use rav1e::prelude::{ChromaSampling, PixelRange};
use safelight_images::{
    decode::DecodeLimits, image::Channels, options::Output, pipeline::PixelLimits,
};
use safelight_protocol::{ErrorCode, Format};

use crate::{
    deep::{self, Coding},
    pillow::{self, painted, python, saved},
    request::{Pixels, Request, busy, encode, output, plain, png, rgba},
};

/// Returns the mean difference of a channel between Pillow's pixels and ours.
fn difference(image: &[u8]) -> f64 {
    let (_, theirs) = pillow::read(image);
    let ours = Request::new(image).pixels();
    assert_eq!(ours.size(), theirs.size());
    ours.mean_error(&theirs.data)
}

#[test]
fn every_kind_of_chroma_is_seen_alike() {
    for mode in ["RGB", "RGBA"] {
        for (arguments, bound) in [
            ("'AVIF', quality=90, subsampling='4:4:4'", 0.6),
            (
                "'AVIF', quality=90, subsampling='4:4:4', range='limited'",
                0.6,
            ),
            ("'AVIF', quality=90, subsampling='4:2:2'", 1.0),
            ("'AVIF', quality=90, subsampling='4:2:0'", 1.0),
            (
                "'AVIF', quality=90, subsampling='4:2:0', range='limited'",
                1.0,
            ),
            ("'AVIF', quality=100, subsampling='4:4:4'", 0.6),
        ] {
            for size in [(97, 61), (16, 16), (1, 1)] {
                let mean = difference(&saved(size, &painted(mode), arguments));
                assert!(mean < bound, "{mode} {arguments} {size:?}: {mean}");
            }
        }
    }
    let gray = difference(&saved(
        (97, 61),
        &painted("L"),
        "'AVIF', subsampling='4:0:0'",
    ));
    assert!(gray < 0.6, "{gray}");
}

#[test]
fn every_depth_is_seen_alike() {
    for depth in [8, 10, 12] {
        for (chroma, bound) in [
            (ChromaSampling::Cs444, 0.6),
            (ChromaSampling::Cs422, 1.0),
            (ChromaSampling::Cs420, 1.0),
            (ChromaSampling::Cs400, 0.6),
        ] {
            for range in [PixelRange::Full, PixelRange::Limited] {
                let coding = Coding {
                    depth,
                    chroma,
                    range,
                };
                // The values fit both ranges.
                let file = deep::avif(coding, (97, 61), |plane, x, y| match plane {
                    0 => 0.1 + 0.7 * x,
                    1 => 0.3 + 0.4 * y,
                    _ => 0.7 - 0.2 * (x + y),
                });
                // Pillow's library drops all but the upper eight bits of a sample before it converts colours. It differs
                // from the exact colours by 0.45 to 0.53 with a full range, and by 0.62 to 0.76 with a limited one; from
                // colours of samples that are cut alike it differs by 0.3 at most. It converts grays from all bits.
                let bound = match (depth, chroma) {
                    (10 | 12, ChromaSampling::Cs444) => 1.0,
                    _ => bound,
                };
                let mean = difference(&file.unwrap());
                assert!(mean < bound, "{coding:?}: {mean}");
            }
        }
    }
}

#[test]
fn every_orientation_stands_upright() {
    for orientation in 1..=8 {
        let make = format!(
            "{}\nexif = Image.Exif()\nexif[0x0112] = {orientation}",
            painted("RGB")
        );
        let file = saved(
            (48, 32),
            &make,
            "'AVIF', quality=90, subsampling='4:4:4', exif=exif",
        );
        let code = "from PIL import ImageOps\n\
                    im = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))\n\
                    put(im.convert('RGBA').tobytes())";
        let upright = python(code, &file);
        let ours = Request::new(&file).pixels();
        let size = if orientation < 5 { (48, 32) } else { (32, 48) };
        assert_eq!(ours.size(), size, "orientation {orientation}");
        let mean = ours.mean_error(&upright);
        assert!(mean < 0.6, "orientation {orientation}: {mean}");
    }
}

#[test]
fn the_first_frame_of_a_sequence_is_decoded() {
    let frames = "a, b = Image.new('RGB', (w, h), (255, 0, 0)), Image.new('RGB', (w, h), (0, 0, 255))\nim = a";
    let file = saved(
        (16, 8),
        frames,
        "'AVIF', save_all=True, append_images=[b], duration=50",
    );
    let ours = Request::new(&file).pixels();
    assert_eq!(ours.size(), (16, 8));
    assert!(
        ours.data
            .chunks(4)
            .all(|pixel| pixel[0] > 240 && pixel[2] < 15)
    );
}

#[test]
fn it_can_be_switched_off_as_an_input() {
    let file = saved((8, 8), &painted("RGB"), "'AVIF'");
    let limits = PixelLimits {
        decode: DecodeLimits {
            avif_input: false,
            ..DecodeLimits::default()
        },
        ..PixelLimits::default()
    };
    let error = Request::new(&file).try_run_within(&limits).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotAnImage);
    assert!(error.message.contains("image/avif"), "{error}");
}

#[test]
fn a_claim_of_too_many_pixels_is_refused_before_they_are_paid_for() {
    let mut file = saved((40, 30), &painted("RGB"), "'AVIF'");
    let claim = file.windows(4).position(|name| name == b"ispe").unwrap() + 8;
    file[claim..claim + 4].copy_from_slice(&60_000_u32.to_be_bytes());
    file[claim + 4..claim + 8].copy_from_slice(&60_000_u32.to_be_bytes());
    let error = Request::new(&file).try_run().unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManyPixels);
}

#[test]
fn a_picture_larger_than_its_claim_is_broken() {
    let mut file = saved((64, 64), &painted("RGB"), "'AVIF'");
    let claim = file.windows(4).position(|name| name == b"ispe").unwrap() + 8;
    file[claim + 3] = 32;
    let error = Request::new(&file).try_run().unwrap_err();
    assert_eq!(error.code, ErrorCode::DecodingFailed);
}

fn seen_by_pillow(image: &safelight_images::image::Image, output: &Output) -> (String, Pixels) {
    pillow::read(&encode(image, output))
}

#[test]
fn an_encoded_picture_is_near_its_source() {
    for (width, height) in [(1, 1), (7, 5), (64, 48), (321, 241)] {
        for (channels, mode) in [(Channels::Rgb, "RGB"), (Channels::Rgba, "RGBA")] {
            let image = busy(width, height, channels);
            let (theirs, pixels) = seen_by_pillow(&image, &output(Format::Avif));
            // A picture of one pixel may happen to be opaque.
            if width > 1 {
                assert_eq!(theirs, mode, "{width}x{height}");
            }
            assert_eq!(pixels.size(), (width, height));
            let (mut ours, mut theirs) = (rgba(&image), pixels.data);
            // The colour of pixels that are nearly transparent does not count.
            for pixels in [&mut ours, &mut theirs] {
                for pixel in pixels.chunks_mut(4).filter(|pixel| pixel[3] < 8) {
                    pixel.fill(0);
                }
            }
            let mean = crate::request::mean_error(&ours, &theirs);
            assert!(mean < 6.0, "{width}x{height} {mode}: {mean}");
        }
    }
}

#[test]
fn more_quality_is_nearer() {
    let image = busy(160, 120, Channels::Rgb);
    let error = |quality| {
        let output = Output {
            quality: Some(quality),
            ..output(Format::Avif)
        };
        seen_by_pillow(&image, &output).1.mean_error(&rgba(&image))
    };
    let errors = [error(20), error(60), error(95)];
    assert!(errors[0] > errors[1] && errors[1] > errors[2], "{errors:?}");
}

#[test]
fn another_format_stands_in_for_what_is_too_large() {
    let asked = |side| Request::new(&plain(side, 2, [1, 2, 3, 255])).encoded(Format::Avif);
    let fits = asked(1600);
    assert_eq!(
        (fits.image.content_type, fits.facts.warnings.len()),
        ("image/avif", 0)
    );
    let beyond = asked(1601);
    assert_eq!(beyond.image.content_type, "image/webp");
    assert_eq!(beyond.facts.warnings, ["image too large for AVIF"]);
    assert_eq!(pillow::read(&beyond.image.bytes).1.size(), (1601, 2));
}

#[test]
fn our_own_file_is_seen_alike() {
    let image = busy(97, 61, Channels::Rgba);
    let file = encode(&image, &output(Format::Avif));
    let mean = difference(&file);
    assert!(mean < 0.6, "{mean}");
    let again = Request::new(&png(&image)).encoded(Format::Avif);
    assert_eq!(again.image.bytes, file, "and written alike every time");
}
