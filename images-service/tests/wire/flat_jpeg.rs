//! JPEG files of one grey, of any number of components, written by hand (ITU-T T.81).

/// The order of a file's coefficients.
#[derive(Clone, Copy)]
pub(crate) enum Scans {
    Baseline,
    Progressive,
}

/// A file without chroma subsampling.
pub(crate) fn jpeg(width: u16, height: u16, components: u8, scans: Scans) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    if components == 4 {
        // Inverted CMYK, as Adobe writes it.
        segment(&mut file, 0xEE, b"Adobe\0\x64\0\0\0\0\0");
    }
    segment(&mut file, 0xDB, &[&[0][..], &[1; 64]].concat());
    let [h0, h1] = height.to_be_bytes();
    let [w0, w1] = width.to_be_bytes();
    let mut frame = vec![8, h0, h1, w0, w1, components];
    (1..=components).for_each(|number| frame.extend([number, 0x11, 0]));
    let marker = match scans {
        Scans::Baseline => 0xC0,
        Scans::Progressive => 0xC2,
    };
    segment(&mut file, marker, &frame);
    for table in [0x00, 0x10] {
        // One code of one bit: the difference 0, or the end of the block.
        let lengths = [&[table, 1][..], &[0; 15], &[0]].concat();
        segment(&mut file, 0xC4, &lengths);
    }
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let all: Vec<u8> = (1..=components).collect();
    match scans {
        Scans::Baseline => scan(&mut file, &all, [0, 63, 0], 2 * blocks * all.len()),
        Scans::Progressive => {
            scan(&mut file, &all, [0, 0, 0], blocks * all.len());
            for number in &all {
                scan(&mut file, &[*number], [1, 63, 0], blocks);
            }
        }
    }
    file.extend([0xFF, 0xD9]);
    file
}

/// Writes a scan of zeros.
fn scan(file: &mut Vec<u8>, components: &[u8], range: [u8; 3], bits: usize) {
    let mut head = vec![u8::try_from(components.len()).unwrap()];
    components
        .iter()
        .for_each(|number| head.extend([*number, 0]));
    head.extend(range);
    segment(file, 0xDA, &head);
    file.extend(std::iter::repeat_n(0, bits / 8));
    // Ones fill the last byte.
    match bits % 8 {
        0 => {}
        used => file.push(0xFF >> used),
    }
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend(u16::try_from(content.len() + 2).unwrap().to_be_bytes());
    file.extend(content);
}
