//! Shrinking while decoding: the distance of its result from the exact one, and the errors that it reports.

use safelight_images::{
    decode::{DecodeLimits, JpegDecoder},
    image::Channels,
    options::{Rotation, Transform},
    pipeline::PixelLimits,
};
use safelight_protocol::{ErrorCode, Fit, Flip, Format};

use crate::{
    pillow::{painted, saved},
    request::{Pixels, Request, busy, encode, mean_error, output},
};

fn exact() -> PixelLimits {
    PixelLimits {
        decode: DecodeLimits {
            jpeg: JpegDecoder::Zune,
            ..DecodeLimits::default()
        },
        ..PixelLimits::default()
    }
}

fn pixels(request: Request, limits: &PixelLimits) -> Pixels {
    let encoded = request
        .output(output(Format::Rgba))
        .try_run_within(limits)
        .unwrap();
    Pixels {
        width: encoded.facts.width,
        height: encoded.facts.height,
        data: encoded.image.bytes,
    }
}

fn reduced(width: u32) -> Transform {
    Transform {
        width: Some(width),
        ..Transform::default()
    }
}

/// A photograph-like picture: soft, with some edges.
fn photo(arguments: &str) -> Vec<u8> {
    let make = "import math\n\
        im = Image.new('RGB', (w, h))\n\
        im.putdata([(int(127 + 90 * math.sin(x / 37) + 30 * math.sin(y / 5)) & 255,\n\
                     int(127 + 100 * math.sin((x + y) / 61)) & 255,\n\
                     (200 if (x // 40 + y // 40) % 2 else 60)) for y in range(h) for x in range(w)])";
    saved(
        (1200, 904),
        make,
        &format!("'JPEG', quality=92, {arguments}"),
    )
}

#[test]
fn the_result_is_within_two_steps_of_the_exact_one_in_the_mean() {
    for arguments in [
        "subsampling='4:2:0'",
        "progressive=True",
        "subsampling='4:4:4'",
    ] {
        let file = photo(arguments);
        for width in [100, 200, 300, 450, 700] {
            let request = || Request::new(&file).transform(reduced(width));
            let (fast, slow) = (
                pixels(request(), &PixelLimits::default()),
                pixels(request(), &exact()),
            );
            assert_eq!(fast.size(), slow.size());
            let error = mean_error(&fast.data, &slow.data);
            assert!(error < 2.0, "{arguments} to {width}: {error}");
        }
    }
}

#[test]
fn geometry_is_that_of_the_whole_picture() {
    let file = photo("optimize=True");
    let turned = saved(
        (1200, 904),
        &format!("{}\nexif = Image.Exif()\nexif[0x0112] = 6", painted("RGB")),
        "'JPEG', quality=92, exif=exif",
    );
    let transforms = [
        Transform {
            height: Some(60),
            fit: Some(Fit::Cover),
            ..reduced(200)
        },
        Transform {
            rotate: Rotation::Quarter,
            flip: Some(Flip::Horizontal),
            ..reduced(150)
        },
        Transform {
            height: Some(300),
            fit: Some(Fit::Pad),
            ..reduced(150)
        },
        Transform {
            height: Some(100),
            fit: Some(Fit::Squeeze),
            ..reduced(300)
        },
    ];
    for file in [&file, &turned] {
        for transform in &transforms {
            let request = || {
                Request::new(file)
                    .transform(transform.clone())
                    .transform(reduced(90))
            };
            let (fast, slow) = (
                pixels(request(), &PixelLimits::default()),
                pixels(request(), &exact()),
            );
            assert_eq!(fast.size(), slow.size(), "{transform:?}");
            let error = mean_error(&fast.data, &slow.data);
            assert!(error < 2.0, "{transform:?}: {error}");
        }
    }
}

#[test]
fn both_decoders_see_alike_at_full_size() {
    for arguments in [
        "'JPEG', quality=90",
        "'JPEG', quality=90, progressive=True",
        "'JPEG', quality=90, subsampling='4:2:2'",
        "'JPEG', quality=90, restart_marker_blocks=3",
    ] {
        for mode in ["RGB", "L"] {
            let file = saved((97, 61), &painted(mode), arguments);
            let (fast, slow) = (
                pixels(Request::new(&file), &PixelLimits::default()),
                pixels(Request::new(&file), &exact()),
            );
            let error = mean_error(&fast.data, &slow.data);
            assert!(error < 0.7, "{mode} {arguments}: {error}");
        }
    }
}

#[test]
fn a_file_cut_short_is_never_half_a_picture_however_small_it_comes_out() {
    for progressive in ["False", "True"] {
        let file = saved(
            (640, 480),
            &painted("RGB"),
            &format!("'JPEG', quality=90, progressive={progressive}"),
        );
        for width in [40, 200, 640] {
            for part in 1..40 {
                let cut = &file[..file.len() * part / 40];
                let error = Request::new(cut).transform(reduced(width)).try_run();
                let code = error.map(|_| ()).map_err(|error| error.code);
                assert_eq!(code, Err(ErrorCode::DecodingFailed), "{part}/40 to {width}");
            }
        }
    }
}

#[test]
fn a_scan_with_too_few_codes_is_broken_even_with_an_end_marker() {
    for (progressive, width) in [("False", 40), ("False", 640), ("True", 40), ("True", 640)] {
        let mut file = saved(
            (640, 480),
            &painted("RGB"),
            &format!("'JPEG', quality=90, progressive={progressive}"),
        );
        file.truncate(file.len() * 3 / 4);
        file.extend([0xFF, 0xD9]);
        let error = Request::new(&file).transform(reduced(width)).try_run();
        let code = error.map(|_| ()).map_err(|error| error.code);
        assert_eq!(
            code,
            Err(ErrorCode::DecodingFailed),
            "{progressive} {width}"
        );
    }
}

#[test]
fn an_image_that_is_drawn_on_is_decoded_in_full() {
    let image = busy(256, 256, Channels::Rgb);
    let file = encode(&image, &output(Format::Jpeg));
    let request = || {
        Request::new(&file)
            .overlay(&crate::request::plain(4, 4, [255, 0, 0, 255]))
            .draw(1, 0, crate::request::at(128, 128))
            .transform(reduced(64))
    };
    let (fast, slow) = (
        pixels(request(), &PixelLimits::default()),
        pixels(request(), &exact()),
    );
    // Two decoders may round otherwise.
    let pairs = fast.at(32, 32).into_iter().zip(slow.at(32, 32));
    assert!(
        pairs
            .map(|(a, b)| a.abs_diff(b))
            .all(|difference| difference <= 2)
    );
}
