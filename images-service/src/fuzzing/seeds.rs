//! Writes the files of the corpus that depend on the program: its messages, and its own encoded pictures.
//!
//! `UPDATE_SEEDS=1 cargo test -p safelight-images seeds` writes them anew. `fuzz/seeds.py` writes those that other programs
//! encode.

use std::{fs, path::Path};

use safelight_protocol::{Format, extension, form};

use super::messages::{PART_NAMES, font_url};
use crate::{
    deadline::Deadline,
    encode,
    image::{Channels, Image},
    metadata::Metadata,
    options::{Frames, Output, Size},
    picture::{Frame, LoopCount, Picture},
    process::fuzz_hooks::seeds,
};

#[test]
fn the_seeds_of_the_corpus_are_those_of_this_program() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let targets = [
        ("reports", seeds::reports()),
        ("run", seeds::run()),
        ("orders", seeds::orders(&encoded(Format::Png))),
        ("transform", transform()),
        ("encode", encode()),
    ];
    let updates = std::env::var_os("UPDATE_SEEDS").is_some();
    for (target, seeds) in targets {
        for (name, bytes) in seeds {
            let file = corpus.join(target).join(name);
            if updates {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, &bytes).unwrap();
            }
            let kept = fs::read(&file).unwrap_or_default();
            assert!(
                kept == bytes,
                "{target}/{name} is out of date: set UPDATE_SEEDS"
            );
        }
    }
}

/// Returns requests, each with another way through the pipeline.
fn transform() -> Vec<seeds::Seed> {
    const RESIZE: &str = r#"{"imageIndex":0,"width":8,"height":9,"fit":"pad"}"#;
    const DRAW: &str = r#"{"drawImageIndex":1,"targetImageIndex":0,"top":1,"opacity":0.5}"#;
    const ADJUST: &str = r#"{"imageIndex":0,"rotate":90,"flip":"hv","blur":3,"gamma":2}"#;
    const TRIM: &str = r#"{"imageIndex":0,"trim":{"top":1},"border":{"color":"red","width":2}}"#;
    const SEGMENT: &str = r#"{"imageIndex":0,"segment":"foreground","fit":"cover","width":6}"#;
    const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg'><script/><path d='M1'/></svg>";
    let made = |base, step, format, options: &[(&'static str, &str)]| {
        let parts = [picture(base), steps(step), output(format)];
        let options = options.iter().map(|(name, value)| text(name, value));
        request(&parts.into_iter().chain(options).collect::<Vec<_>>())
    };
    let keep = [(extension::METADATA, "keep")];
    let half = [
        (form::OUTPUT_QUALITY, "50"),
        (form::BACKGROUND, "rgb(1 2 3 / 50%)"),
    ];
    let all = [(form::ANIM, "true")];
    let auto = [
        (extension::CHOOSE, "auto"),
        (extension::ACCEPT, "avif,webp"),
    ];
    vec![
        ("resize", made(Format::Png, RESIZE, Format::Jpeg, &keep)),
        ("adjust", made(Format::Webp, ADJUST, Format::Png, &half)),
        ("animation", made(Format::Gif, TRIM, Format::Gif, &all)),
        ("chosen", made(Format::Avif, SEGMENT, Format::Png, &auto)),
        (
            "draw",
            request(&[
                picture(Format::Jpeg),
                (form::DRAW_IMAGE, encoded(Format::Webp)),
                steps(DRAW),
                output(Format::Webp),
                text(form::OUTPUT_QUALITY, "100"),
            ]),
        ),
        ("text", texts()),
        (
            "svg",
            request(&[
                text(form::IMAGE, SVG),
                text(form::TRANSFORMS, "[]"),
                output(Format::Png),
                text(extension::CHOOSE, "svg"),
            ]),
        ),
    ]
}

/// The name of a part, and its content.
type Part = (&'static str, Vec<u8>);

fn text(name: &'static str, content: &str) -> Part {
    (name, content.as_bytes().to_vec())
}

fn picture(format: Format) -> Part {
    (form::IMAGE, encoded(format))
}

fn steps(step: &str) -> Part {
    text(form::TRANSFORMS, &format!("[{step}]"))
}

fn output(format: Format) -> Part {
    text(form::OUTPUT_FORMAT, format.as_str())
}

/// Returns a request for two texts, with their fonts.
fn texts() -> Vec<u8> {
    let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/font");
    let font = |name: &str| ("font", fs::read(fonts.join(name)).unwrap());
    let input = |name, number| {
        let font = font_url(number);
        let json = format!(r##"{{"text":"AV\nAf","font":"{font}","size":20,"color":"#f008"}}"##);
        text(name, &json)
    };
    request(&[
        input(form::TEXT_INPUT, 0),
        input(form::DRAW_TEXT, 1),
        steps(r#"{"drawImageIndex":1,"targetImageIndex":0}"#),
        output(Format::Rgba),
        font("ttf-plain"),
        font("otf-woff2"),
    ])
}

/// Writes each part as the byte of its name, its length in two bytes, and its content.
fn request(parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in parts {
        let number = PART_NAMES.iter().position(|known| known == name);
        bytes.push(number.map_or(u8::MAX, |number| u8::try_from(number).unwrap()));
        bytes.extend(u16::try_from(content.len()).unwrap().to_le_bytes());
        bytes.extend(content);
    }
    bytes
}

/// Returns pictures for each encoder: format, quality, frames, width, height, and pixels.
fn encode() -> Vec<seeds::Seed> {
    let pixels: Vec<u8> = (0..=u8::MAX).map(|byte| byte.wrapping_mul(37)).collect();
    let number = |format| {
        let mut all = Format::ALL.iter();
        u8::try_from(all.position(|known| *known == format).unwrap()).unwrap()
    };
    [
        ("jpeg", Format::Jpeg, 70, 0),
        ("png", Format::Png, 0, 1),
        ("png-palette", Format::Png, 40, 1),
        ("gif", Format::Gif, 0, 3),
        ("webp", Format::Webp, 80, 0),
        ("webp-alpha", Format::Webp, 80, 1),
        ("webp-lossless", Format::Webp, 99, 1),
        ("webp-animation", Format::Webp, 80, 5),
        ("webp-lossless-animation", Format::Webp, 99, 7),
        ("avif", Format::Avif, 50, 1),
        ("rgba", Format::Rgba, 0, 1),
    ]
    .map(|(name, format, quality, frames)| {
        let head = [number(format), quality, frames, 20, 14];
        (name, [head.as_slice(), pixels.as_slice()].concat())
    })
    .into()
}

/// Returns a small encoded picture, of two frames if its format has them.
fn encoded(format: Format) -> Vec<u8> {
    const SIZE: Size = Size::new(16, 12);
    let frames = [3_u8, 5].map(|factor| {
        let bytes = (0..=u8::MAX).cycle().map(|byte| byte.wrapping_mul(factor));
        let data = bytes.take(Channels::Rgba.bytes(SIZE)).collect();
        let image = Image::new(SIZE, Channels::Rgba, data).unwrap();
        Frame { image, delay: 40 }
    });
    let picture = Picture::animation(frames.into(), LoopCount::Infinite).unwrap();
    let output = Output {
        format,
        quality: Some(60),
        background: None,
        frames: Frames::All,
        scan: None,
    };
    let deadline = Deadline::new(std::time::Duration::MAX);
    let encoded = encode::encode(picture, &output, &Metadata::default(), &deadline);
    encoded.unwrap().bytes
}
