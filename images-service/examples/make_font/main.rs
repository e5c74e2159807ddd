//! Draws the font that the gallery letters its pictures with: capitals of one stroke, as if bent from a glass tube.
//!
//! ```sh
//! cargo run -p safelight-images --example make_font -- tube.ttf
//! ```

mod letters;
mod pen;
mod sfnt;

use std::error::Error;

use letters::{LETTERS, SPACING};
use sfnt::Glyph;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("give a path for the font")?;
    let mut glyphs = vec![glyph('\0', 300, "0,0 300,0 300,700 0,700 0,0")];
    glyphs.extend(LETTERS.map(|(character, width, strokes)| glyph(character, width, strokes)));
    std::fs::write(path, sfnt::write(&glyphs)?)?;
    Ok(())
}

fn glyph(character: char, width: i16, strokes: &str) -> Glyph {
    let inset = f64::from(SPACING) / 2.0;
    let place = |(x, y): (f64, f64)| (whole(x + inset), whole(y));
    let contours = pen::contours(strokes).into_iter();
    Glyph {
        character,
        advance: width + SPACING,
        contours: contours
            .map(|contour| contour.into_iter().map(place).collect())
            .collect(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole(units: f64) -> i16 {
    units.round() as i16
}
