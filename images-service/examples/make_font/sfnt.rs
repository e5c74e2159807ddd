//! Writes a TrueType file of glyphs made of straight lines, with the tables that browsers require.

use std::num::TryFromIntError;

/// The units of the em, and the ascent and the descent of a line in these units.
const UNITS: u16 = 1000;
const ASCENT: i16 = 800;
const DESCENT: i16 = -200;

/// The time of creation and modification: the seconds from 1 January 1904 to 1 September 2026.
const MADE: u64 = 3_871_065_600;

/// A character with the contours of its glyph, in units of the em.
pub(crate) struct Glyph {
    pub(crate) character: char,
    pub(crate) advance: i16,
    pub(crate) contours: Vec<Vec<(i16, i16)>>,
}

impl Glyph {
    fn points(&self) -> impl Iterator<Item = (i16, i16)> {
        self.contours.iter().flatten().copied()
    }

    /// Returns left, bottom, right and top of the ink.
    fn bounds(&self) -> [i16; 4] {
        let (xs, ys) = (
            || self.points().map(|at| at.0),
            || self.points().map(|at| at.1),
        );
        [xs().min(), ys().min(), xs().max(), ys().max()].map(Option::unwrap_or_default)
    }
}

/// Writes the file. The first glyph stands for every character that the font lacks.
pub(crate) fn write(glyphs: &[Glyph]) -> Result<Vec<u8>, TryFromIntError> {
    let (glyf, loca) = outlines(glyphs)?;
    let count = u16::try_from(glyphs.len())?;
    let tables = [
        (b"OS/2", os2()),
        (b"cmap", cmap(glyphs)?),
        (b"glyf", glyf),
        (b"head", head()),
        (b"hhea", hhea(count)),
        (b"hmtx", hmtx(glyphs)),
        (b"loca", loca),
        (b"maxp", maxp(glyphs)?),
        (b"name", name()?),
        (b"post", post()),
    ];
    let mut file = b"\0\x01\0\0".to_vec();
    // numTables, searchRange, entrySelector and rangeShift.
    file.extend(words([10, 128, 3, 32]));
    let mut offset = 12 + 16 * tables.len();
    for (tag, table) in &tables {
        file.extend(*tag);
        file.extend(checksum(table).to_be_bytes());
        file.extend([long(offset)?, long(table.len())?].concat());
        offset += table.len().next_multiple_of(4);
    }
    for (_, table) in tables {
        file.extend(table);
        file.resize(file.len().next_multiple_of(4), 0);
    }
    Ok(file)
}

fn words(numbers: impl IntoIterator<Item = i16>) -> Vec<u8> {
    numbers.into_iter().flat_map(i16::to_be_bytes).collect()
}

fn long(number: usize) -> Result<[u8; 4], TryFromIntError> {
    Ok(u32::try_from(number)?.to_be_bytes())
}

/// Returns the tables `glyf` and `loca`.
fn outlines(glyphs: &[Glyph]) -> Result<(Vec<u8>, Vec<u8>), TryFromIntError> {
    let (mut glyf, mut loca) = (Vec::new(), long(0)?.to_vec());
    for glyph in glyphs {
        if !glyph.contours.is_empty() {
            glyf.extend(outline(glyph)?);
            glyf.resize(glyf.len().next_multiple_of(4), 0);
        }
        loca.extend(long(glyf.len())?);
    }
    Ok((glyf, loca))
}

fn outline(glyph: &Glyph) -> Result<Vec<u8>, TryFromIntError> {
    let mut outline = words([i16::try_from(glyph.contours.len())?]);
    outline.extend(words(glyph.bounds()));
    let mut points = 0;
    for contour in &glyph.contours {
        points += contour.len();
        outline.extend(u16::try_from(points - 1)?.to_be_bytes());
    }
    // The glyph has no instructions, and every point is on its contour.
    outline.extend([0; 2]);
    outline.extend(vec![1; points]);
    for axis in [|at: (i16, i16)| at.0, |at: (i16, i16)| at.1] {
        let mut before = 0;
        for point in glyph.points() {
            outline.extend(words([axis(point) - before]));
            before = axis(point);
        }
    }
    Ok(outline)
}

/// Returns `cmap` in format 12, with one group for each character. Lower-case letters map to the capitals.
fn cmap(glyphs: &[Glyph]) -> Result<Vec<u8>, TryFromIntError> {
    let mut characters = Vec::new();
    for (index, glyph) in glyphs.iter().enumerate().skip(1) {
        characters.push((glyph.character, index));
        if glyph.character.is_ascii_uppercase() {
            characters.push((glyph.character.to_ascii_lowercase(), index));
        }
    }
    characters.sort_unstable();
    let mut cmap = words([0, 1, 3, 10, 0, 12, 12, 0]);
    cmap.extend(
        [
            long(16 + 12 * characters.len())?,
            long(0)?,
            long(characters.len())?,
        ]
        .concat(),
    );
    for (character, index) in characters {
        let character = u32::from(character).to_be_bytes();
        cmap.extend([character, character, long(index)?].concat());
    }
    Ok(cmap)
}

/// Returns the sum of a table's 32-bit words.
fn checksum(table: &[u8]) -> u32 {
    table.chunks(4).fold(0, |sum, bytes| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

fn head() -> Vec<u8> {
    let mut head = words([1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0b11]);
    head.extend(UNITS.to_be_bytes());
    head.extend([MADE, MADE].map(u64::to_be_bytes).concat());
    // A box around all glyphs, no style, the smallest size, left to right, offsets of four bytes.
    head.extend(words([-100, DESCENT, 1000, ASCENT, 0, 8, 2, 1, 0]));
    head
}

fn hhea(glyphs: u16) -> Vec<u8> {
    let mut hhea = words([1, 0, ASCENT, DESCENT, 0, 1000]);
    hhea.resize(34, 0);
    hhea.extend(glyphs.to_be_bytes());
    hhea
}

fn hmtx(glyphs: &[Glyph]) -> Vec<u8> {
    let entry = |glyph: &Glyph| words([glyph.advance, glyph.bounds()[0]]);
    glyphs.iter().flat_map(entry).collect()
}

fn maxp(glyphs: &[Glyph]) -> Result<Vec<u8>, TryFromIntError> {
    let points = glyphs.iter().map(|glyph| glyph.points().count()).max();
    let contours = glyphs.iter().map(|glyph| glyph.contours.len()).max();
    let mut maxp = words([1, 0]);
    for most in [Some(glyphs.len()), points, contours] {
        maxp.extend(u16::try_from(most.unwrap_or_default())?.to_be_bytes());
    }
    // The font has neither composite glyphs nor instructions, which would need more than one zone.
    maxp.extend(words([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    Ok(maxp)
}

/// Returns `OS/2`, version 4: regular weight and width, installable, without a family class.
fn os2() -> Vec<u8> {
    let mut os2 = words([4, 520, 400, 5, 0]);
    // Subscript, superscript and strikeout.
    os2.extend(words([650, 600, 0, 75, 650, 600, 0, 350, 92, 330, 0]));
    os2.extend([0; 26]);
    os2.extend(*b"none");
    // Regular, the first and the last character, the extents of a line, and no code pages.
    os2.extend(words([0x40, 0x20, 0xD7, ASCENT, DESCENT, 0, 1000, 200]));
    os2.extend([0; 8]);
    os2.extend(words([500, 700, 0, 0x20, 1]));
    os2
}

/// Returns `name` for Windows in English: family, style, identifier, full name, version, PostScript name.
fn name() -> Result<Vec<u8>, TryFromIntError> {
    let names = [
        (1, "Tube"),
        (2, "Regular"),
        (3, "Safelight Tube"),
        (4, "Tube Regular"),
        (5, "Version 1.0"),
        (6, "Tube-Regular"),
    ];
    let mut name = words([0, 6, 6 + 6 * 12]);
    let mut texts = Vec::new();
    for (kind, text) in names {
        let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (length, offset) = (i16::try_from(text.len())?, i16::try_from(texts.len())?);
        name.extend(words([3, 1, 0x409, kind, length, offset]));
        texts.extend(text);
    }
    name.extend(texts);
    Ok(name)
}

/// Returns `post`, version 3: no slant, the underline's position and thickness, no glyph names.
fn post() -> Vec<u8> {
    let mut post = words([3, 0, 0, 0, -120, 92]);
    post.extend([0; 20]);
    post
}
