//! Pictures drawn by the tests.

/// A PNG of one colour.
pub(crate) fn png(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    written(
        width,
        height,
        &color.repeat(width as usize * height as usize),
    )
}

/// A small PNG in which every quality leaves something else.
pub(crate) fn busy() -> Vec<u8> {
    let pixels: Vec<u8> = (0..40 * 30 * 3_u32)
        .map(|at| (at * at / 7 % 251).to_le_bytes()[0])
        .collect();
    written(40, 30, &pixels)
}

/// A PNG of noise, which no encoder makes small.
pub(crate) fn noise(width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height * 3)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0])
        .collect();
    written(width, height, &pixels)
}

fn written(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    file
}
