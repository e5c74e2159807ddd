//! All stages, in the order of a request.

use std::time::Duration;

use bytes::Bytes;
use safelight_images::{
    Models,
    deadline::Deadline,
    decode::Shrink,
    encode,
    geometry::Padding,
    image::{Channels, Image},
    metadata::Metadata,
    ops::{self, Op},
    options::{
        Color, ColorAdjustments, Draw, Extension, ImageSource, Output, Rect, Rotation, Size, Step,
        Transform,
    },
    pipeline::{self, PixelLimits},
    request::TransformRequest,
};
use safelight_protocol::{Composite, Flip, Format, Repeat, extension::JpegScan};

use crate::{
    Outcome,
    pictures::{Pictures, decoded, encoded, output, resize},
    stage::Stage,
};

pub(crate) fn all(pictures: &Pictures) -> Outcome<Vec<Stage<'_>>> {
    let mut stages = decoding(pictures)?;
    stages.extend(changing(pictures));
    stages.extend(drawing(pictures));
    stages.extend(encoding(pictures));
    stages.extend(whole(pictures)?);
    Ok(stages)
}

/// The formats and options that the photograph of 3 megapixels is encoded with.
const FILES: [(&str, Format, Option<u8>, Option<JpegScan>); 8] = [
    (
        "JPEG baseline",
        Format::Jpeg,
        Some(85),
        Some(JpegScan::Baseline),
    ),
    ("JPEG progressive", Format::Jpeg, Some(85), None),
    ("PNG", Format::Png, None, None),
    ("PNG8", Format::Png, Some(85), None),
    ("WebP q85", Format::Webp, Some(85), None),
    ("WebP lossless", Format::Webp, Some(100), None),
    ("GIF", Format::Gif, None, None),
    ("AVIF q85", Format::Avif, Some(85), None),
];

fn decoding(pictures: &Pictures) -> Outcome<Vec<Stage<'_>>> {
    let mut stages = Vec::new();
    for (name, format, quality, scan) in FILES {
        let file = encoded(&pictures.photo, &output(format, quality, scan))?;
        stages.push(decode(name, file.into(), pictures.photo.data().len()));
    }
    let glass = encoded(&pictures.glass, &output(Format::Png, None, None))?;
    stages.push(decode(
        "PNG with alpha",
        glass.into(),
        pictures.glass.data().len(),
    ));

    let full = Size::new(4000, 3000);
    let bytes = Channels::Rgb.bytes(full);
    stages.push(decode("12 MP JPEG", pictures.large.clone(), bytes));
    let shrink = Shrink::towards(full, Size::new(800, 600));
    let file = pictures.large.clone();
    stages.push(Stage::new(
        "decode 12 MP JPEG towards 800 px",
        bytes,
        || (),
        move |()| decoded(&file, shrink),
    ));
    Ok(stages)
}

fn decode<'a>(name: &str, file: Bytes, bytes: usize) -> Stage<'a> {
    let work = move |()| decoded(&file, Shrink::NONE);
    Stage::new(format!("decode {name}"), bytes, || (), work)
}

fn changing(pictures: &Pictures) -> Vec<Stage<'_>> {
    let Pictures { photo, glass, .. } = pictures;
    let small = Size::new(800, 600);
    let large = Size::new(3000, 2250);
    let tone = ColorAdjustments {
        brightness: 1.1,
        contrast: 1.2,
        gamma: 0.8,
        saturation: 1.3,
    };
    let padding = Padding {
        canvas: Size::new(2200, 1700),
        left: 100,
        top: 100,
    };
    let both: [(&str, Op); 12] = [
        ("resize to 800 px", resize(small)),
        ("resize to 3000 px", resize(large)),
        ("flip", Op::Flip(Flip::Both)),
        ("rotate by 90", Op::Rotate(Rotation::Quarter)),
        ("rotate by 180", Op::Rotate(Rotation::Half)),
        (
            "crop to half",
            Op::Crop(Rect {
                left: 500,
                top: 375,
                size: Size::new(1000, 750),
            }),
        ),
        ("pad", Op::Pad { padding, fill: RED }),
        ("background", Op::Background(RED)),
        ("tone", Op::AdjustColors(tone)),
        ("sharpen 2", Op::Sharpen(2.0)),
        ("blur 10", Op::Blur(10)),
        ("segment", Op::Segment),
    ];
    let mut stages = Vec::new();
    for (kind, image) in [("", photo), (" with alpha", glass)] {
        for (name, op) in both {
            let ends = [image.size(), op.resulting(image.size())];
            let bytes = ends.map(|size| image.channels().bytes(size));
            stages.push(Stage::new(
                format!("{name}{kind}"),
                bytes[0].max(bytes[1]),
                || image.clone(),
                move |image: Image| op.apply(image, Models::default()),
            ));
        }
    }
    stages
}

const RED: Color = Color {
    r: 200,
    g: 30,
    b: 40,
    a: 255,
};

fn drawing(pictures: &Pictures) -> Vec<Stage<'_>> {
    let Pictures { photo, pane, .. } = pictures;
    let tiled = |composite| Draw {
        composite,
        opacity: 0.7,
        repeat: Some(Repeat::Both),
        ..Draw::default()
    };
    let modes = Composite::ALL.iter();
    let modes = modes.map(|mode| (format!("draw tiles, {mode}"), tiled(*mode)));
    let once = [("draw once, over".to_owned(), Draw::default())];
    let all = once.into_iter().chain(modes);
    all.map(|(name, draw)| {
        let bytes = photo.data().len();
        Stage::new(
            name,
            bytes,
            || photo.clone(),
            move |mut base: Image| {
                ops::draw(&mut base, pane, &draw);
                base
            },
        )
    })
    .collect()
}

fn encoding(pictures: &Pictures) -> Vec<Stage<'_>> {
    let photo = FILES.map(|(name, format, quality, scan)| {
        (
            format!("encode {name}"),
            &pictures.photo,
            output(format, quality, scan),
        )
    });
    let glass = [
        ("PNG", Format::Png, None),
        ("PNG8", Format::Png, Some(85)),
        ("WebP q85", Format::Webp, Some(85)),
    ];
    let glass = glass.map(|(name, format, quality)| {
        (
            format!("encode {name} with alpha"),
            &pictures.glass,
            output(format, quality, None),
        )
    });
    let all = photo.into_iter().chain(glass);
    all.map(|(name, image, output)| {
        let deadline = Deadline::new(Duration::MAX);
        Stage::new(
            name,
            image.data().len(),
            || image.clone().into(),
            move |picture| encode::encode(picture, &output, &Metadata::default(), &deadline),
        )
    })
    .collect()
}

fn whole(pictures: &Pictures) -> Outcome<Vec<Stage<'_>>> {
    let glass = encoded(&pictures.glass, &output(Format::Png, None, None))?;
    let glass = Bytes::from(glass);
    let jobs = [
        (
            "12 MP JPEG to 800 px JPEG",
            &pictures.large,
            800,
            Format::Jpeg,
            Some(85),
        ),
        (
            "12 MP JPEG to 800 px WebP",
            &pictures.large,
            800,
            Format::Webp,
            Some(85),
        ),
        (
            "12 MP JPEG to 800 px AVIF",
            &pictures.large,
            800,
            Format::Avif,
            Some(60),
        ),
        ("3 MP PNG to 400 px PNG", &glass, 400, Format::Png, None),
        (
            "3 MP PNG to 400 px PNG8",
            &glass,
            400,
            Format::Png,
            Some(85),
        ),
    ];
    let stages = jobs
        .into_iter()
        .map(|(name, file, width, format, quality)| {
            let bytes = match file.len() == glass.len() {
                true => pictures.glass.data().len(),
                false => Channels::Rgb.bytes(Size::new(4000, 3000)),
            };
            let file = file.clone();
            let prepare = move || request(&file, width, output(format, quality, None));
            let work = |request| pipeline::run(request, &PixelLimits::default());
            Stage::new(format!("whole {name}"), bytes, prepare, work)
        });
    Ok(stages.collect())
}

fn request(file: &Bytes, width: u32, output: Output) -> TransformRequest {
    let transform = Transform {
        width: Some(width),
        ..Transform::default()
    };
    TransformRequest {
        images: vec![ImageSource::Encoded(file.clone())],
        steps: vec![Step::Transform {
            image: 0,
            transform: Box::new(transform),
        }],
        output,
        extension: Extension::default(),
    }
}
