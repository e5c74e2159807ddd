//! The pictures that every cell is tried on: nothing in them is symmetric, so that every option shows.

use gif::{DisposalMethod, Encoder, Frame};

const WIDTH: u32 = 40;
const HEIGHT: u32 = 30;
/// The transparent colour of the animation's palette.
const CLEAR: u8 = 65;

/// A white frame around a picture with every degree of transparency; the picture is nearer to the top left corner.
pub(super) fn still() -> Vec<u8> {
    png(WIDTH, HEIGHT, |x, y| {
        if !(3..WIDTH - 7).contains(&x) || !(2..HEIGHT - 5).contains(&y) {
            return [255; 4];
        }
        // Something for crops to look for, far from the middle.
        if x > 26 && y > 17 {
            return [byte(x * 97 + y * 31), byte(x * y), byte(y * 53), 255];
        }
        [
            byte(x * 6),
            byte(y * 8),
            byte(200 - x - y),
            byte(255 - x * 3),
        ]
    })
}

/// Draws the base for overlays: larger than they are, half transparent, and of many colours.
pub(super) fn canvas() -> Vec<u8> {
    png(100, 90, |x, y| [byte(x), byte(y * 2), 90, byte(128 + x)])
}

/// A small overlay, opaque on one side and clear on the other.
pub(super) fn mark() -> Vec<u8> {
    png(7, 5, |x, y| {
        [250, byte(y * 40), byte(x * 30), byte(255 - x * 42)]
    })
}

/// Two frames of which the second is the first in other colours.
pub(super) fn animation() -> Vec<u8> {
    let mut file = Vec::new();
    let palette: Vec<u8> = (0..64_u32)
        .flat_map(|color| [byte(color * 4), byte(255 - color * 3), byte(color * color)])
        .chain([255; 3])
        .chain([0; 3])
        .collect();
    let mut encoder = Encoder::new(&mut file, 40, 30, &palette).unwrap();
    for number in 0..2 {
        let pixels = (0..HEIGHT)
            .flat_map(|y| (0..WIDTH).map(move |x| (x, y)))
            .map(|(x, y)| {
                if !(3..WIDTH - 7).contains(&x) || !(2..HEIGHT - 5).contains(&y) {
                    return 64;
                }
                // Composite modes differ where the base is clear, and small overlays stand in the middle.
                if (18..21).contains(&x) && (13..16).contains(&y) {
                    return CLEAR;
                }
                byte((x * 2 + y * 3 + number * 20) % 64)
            })
            .collect::<Vec<u8>>();
        let mut frame = Frame::from_indexed_pixels(40, 30, pixels, None);
        frame.delay = 10;
        frame.transparent = Some(CLEAR);
        frame.dispose = DisposalMethod::Background;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    file
}

/// Counts the frames of an encoded image. Only GIF and WebP are kept animated.
pub(super) fn frames(image: &[u8]) -> usize {
    if image.starts_with(b"GIF8") {
        let mut decoder = gif::DecodeOptions::new().read_info(image).unwrap();
        let mut frames = 0;
        while decoder.read_next_frame().unwrap().is_some() {
            frames += 1;
        }
        return frames;
    }
    if image.starts_with(b"RIFF") {
        return image
            .windows(4)
            .filter(|four| four == b"ANMF")
            .count()
            .max(1);
    }
    1
}

/// A file of a format that we do not write ourselves.
pub(super) fn foreign(name: &str) -> Vec<u8> {
    match name {
        "GIF" => animation(),
        "SVG" => b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"4\"/>".to_vec(),
        // There is no encoder that cargo builds; fuzz/seeds.py tells how this one came about.
        "HEIC" => include_bytes!("../../../fuzz/corpus/heic/alpha").to_vec(),
        "TIFF" => b"II*\0\x08\0\0\0\0\0".to_vec(),
        "prose" => b"not a picture at all".to_vec(),
        other => panic!("no file of the format {other}"),
    }
}

fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y))
        .collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    file
}

fn byte(value: u32) -> u8 {
    u8::try_from(value % 256).unwrap()
}
