//! TrueType fonts drawn by the tests: glyphs of rectangles, whose ink is known to the pixel.
//!
//! The em has 100 units. At size 10 a pixel is 10 units, a line 8 pixels above its baseline, 2 below, 1 to the next.

/// Units of the em.
const UNITS: u16 = 100;

/// A rectangle: left, bottom, right, top.
pub(crate) type Box = [i16; 4];

/// A glyph: its character, its advance and its ink.
#[derive(Clone)]
pub(crate) struct Glyph(pub(crate) char, pub(crate) u16, pub(crate) Vec<Box>);

/// A TrueType file with these glyphs, behind a `.notdef` with an advance of 50 and a box of 40 by 70.
pub(crate) fn ttf(glyphs: &[Glyph]) -> Vec<u8> {
    sfnt(&tables(glyphs))
}

/// The font that most tests use: `A` fills its place, `B` is half of it, `C` hangs over on both sides.
pub(crate) fn plain() -> Vec<u8> {
    ttf(&[
        Glyph(' ', 50, vec![]),
        Glyph('A', 50, vec![[0, 0, 50, 80]]),
        Glyph('B', 50, vec![[0, 0, 20, 80]]),
        Glyph('C', 20, vec![[-30, 0, 50, 10]]),
        // Letters that are read from right to left.
        Glyph('א', 30, vec![[0, 0, 10, 80]]),
        Glyph('ב', 30, vec![[0, 0, 20, 80]]),
    ])
}

/// The tables of a font by their tags.
pub(crate) fn tables(glyphs: &[Glyph]) -> Vec<([u8; 4], Vec<u8>)> {
    let notdef = Glyph('\0', 50, vec![[0, 0, 40, 70]]);
    let all: Vec<&Glyph> = std::iter::once(&notdef).chain(glyphs).collect();
    let (glyf, loca) = outlines(&all);
    let count = u16::try_from(all.len()).unwrap();
    vec![
        (*b"cmap", cmap(glyphs)),
        (*b"glyf", glyf),
        (*b"head", head()),
        (*b"hhea", hhea(count)),
        (*b"hmtx", hmtx(&all)),
        (*b"loca", loca),
        (*b"maxp", maxp(count)),
    ]
}

/// A file of tables.
pub(crate) fn sfnt(tables: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\0\x01\0\0".to_vec();
    file.extend(u16::try_from(tables.len()).unwrap().to_be_bytes());
    file.extend([0; 6]);
    let mut offset = 12 + 16 * tables.len();
    for (tag, table) in tables {
        file.extend(tag);
        file.extend([0; 4]);
        for number in [offset, table.len()] {
            file.extend(u32::try_from(number).unwrap().to_be_bytes());
        }
        offset += table.len().next_multiple_of(4);
    }
    for (_, table) in tables {
        file.extend(table);
        file.resize(file.len().next_multiple_of(4), 0);
    }
    file
}

fn words(numbers: &[i32]) -> Vec<u8> {
    let word = |number: &i32| i16::try_from(*number).unwrap().to_be_bytes();
    numbers.iter().flat_map(word).collect()
}

fn long(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_be_bytes()
}

fn outlines(glyphs: &[&Glyph]) -> (Vec<u8>, Vec<u8>) {
    let (mut glyf, mut loca) = (Vec::new(), long(0).to_vec());
    for Glyph(_, _, boxes) in glyphs {
        glyf.extend(outline(boxes));
        glyf.resize(glyf.len().next_multiple_of(4), 0);
        loca.extend(long(glyf.len()));
    }
    (glyf, loca)
}

fn outline(boxes: &[Box]) -> Vec<u8> {
    if boxes.is_empty() {
        return Vec::new();
    }
    let count = i32::try_from(boxes.len()).unwrap();
    let least = |side: usize| i32::from(boxes.iter().map(|ink| ink[side]).min().unwrap());
    let most = |side: usize| i32::from(boxes.iter().map(|ink| ink[side]).max().unwrap());
    let mut outline = words(&[count, least(0), least(1), most(2), most(3)]);
    outline.extend(words(
        &(1..=count).map(|box_| box_ * 4 - 1).collect::<Vec<_>>(),
    ));
    outline.extend(words(&[0]));
    // Every point lies on its contour, and says where in two bytes each.
    outline.extend(vec![1; boxes.len() * 4]);
    for corners in [[0, 0, 2, 2], [1, 3, 3, 1]] {
        let mut before = 0;
        for ink in boxes {
            for side in corners {
                let at = i32::from(ink[side]);
                outline.extend(words(&[at - before]));
                before = at;
            }
        }
    }
    outline
}

fn cmap(glyphs: &[Glyph]) -> Vec<u8> {
    let mut characters: Vec<(usize, usize)> = glyphs
        .iter()
        .enumerate()
        .map(|(index, glyph)| (glyph.0 as usize, index + 1))
        .collect();
    characters.sort_unstable();
    // One table for Windows, which has the whole of Unicode in groups.
    let mut cmap = words(&[0, 1, 3, 10, 0, 12, 12, 0]);
    cmap.extend(long(16 + 12 * characters.len()));
    cmap.extend(long(0));
    cmap.extend(long(characters.len()));
    for (character, glyph) in characters {
        cmap.extend([character, character, glyph].into_iter().flat_map(long));
    }
    cmap
}

fn head() -> Vec<u8> {
    let mut head = words(&[1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0]);
    head.extend(UNITS.to_be_bytes());
    head.extend([0; 16]);
    // The box around all glyphs, no style, the smallest size, left to right, offsets of four bytes.
    head.extend(words(&[-100, -100, 100, 100, 0, 1, 2, 1, 0]));
    head
}

fn hhea(glyphs: u16) -> Vec<u8> {
    let mut hhea = words(&[1, 0, 80, -20, 10, 100]);
    hhea.resize(34, 0);
    hhea.extend(glyphs.to_be_bytes());
    hhea
}

fn hmtx(glyphs: &[&Glyph]) -> Vec<u8> {
    let entry = |Glyph(_, advance, boxes): &&Glyph| {
        let bearing = boxes.iter().map(|ink| ink[0]).min().unwrap_or(0);
        [advance.to_be_bytes(), bearing.to_be_bytes()].concat()
    };
    glyphs.iter().flat_map(entry).collect()
}

fn maxp(glyphs: u16) -> Vec<u8> {
    let mut maxp = words(&[1, 0]);
    maxp.extend(glyphs.to_be_bytes());
    maxp.resize(32, 0);
    maxp
}
