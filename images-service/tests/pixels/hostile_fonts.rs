//! Fonts that are cut short, broken, or ask for more than they may.

use std::time::Duration;

use safelight_images::{options::Text, pipeline::PixelLimits, text::TextLimits};
use safelight_protocol::ErrorCode;

use crate::{
    font::{self, Glyph, sfnt, tables},
    fonts::Built,
    request::{Request, plain},
    text::text,
};

pub(crate) fn outcome(text: Text) -> Result<(), ErrorCode> {
    outcome_within(text, &PixelLimits::default())
}

fn outcome_within(text: Text, limits: &PixelLimits) -> Result<(), ErrorCode> {
    Request::from_text(text)
        .try_run_within(limits)
        .map(|_| ())
        .map_err(|error| error.code)
}

pub(crate) fn within(text: TextLimits) -> PixelLimits {
    PixelLimits {
        text,
        ..PixelLimits::default()
    }
}

/// A font of every kind, with features, small enough to be cut everywhere.
fn fonts() -> Vec<(String, Vec<u8>)> {
    let built = |outlines: &'static str, wrapping: &'static str| {
        let font = Built {
            glyphs: "{'A': (65, 300, [box(0, 0, 200, 800)]), 'B': (66, 200, [box(0, 0, 100, 800)]),
                      'A_B': (None, 600, [[('moveTo', (0, 0)), ('lineTo', (0, 500)), ('qCurveTo', (250, 700), (500, 0))]
                       if font_is_ttf else box(0, 0, 500, 800)])}",
            features: "feature liga { sub A B by A_B; } liga; feature kern { pos A A -100; } kern;",
            outlines,
            wrapping,
            ..Built::PLAIN
        };
        let glyphs = font.glyphs.replace(
            "font_is_ttf",
            if outlines == "ttf" { "True" } else { "False" },
        );
        let font = Built {
            glyphs: &glyphs,
            ..font
        };
        (format!("{outlines} {wrapping}"), font.bytes())
    };
    let mut fonts = vec![("our own".to_owned(), font::plain())];
    for outlines in ["ttf", "otf"] {
        fonts.extend(["", "woff", "woff2"].map(|wrapping| built(outlines, wrapping)));
    }
    fonts
}

#[test]
fn a_font_cut_short_anywhere_is_refused() {
    for (name, font) in fonts() {
        assert_eq!(
            outcome(text("AAB\nא", font.clone(), 20.0)),
            Ok(()),
            "{name}"
        );
        // The last table may end with bytes that only fill up four.
        for length in 0..font.len() - 3 {
            assert_eq!(
                outcome(text("AAB\nא", font[..length].to_vec(), 20.0)),
                Err(ErrorCode::BadRequest),
                "{name} cut to {length} of {}",
                font.len()
            );
        }
    }
}

#[test]
fn changed_bytes_give_a_picture_or_an_error_and_nothing_else() {
    for (_, font) in fonts() {
        for at in 0..font.len() {
            for change in [0x01, 0x80, 0xFF] {
                let mut broken = font.clone();
                broken[at] ^= change;
                let _either = outcome(text("AAB\nא", broken, 20.0));
            }
        }
    }
}

#[test]
fn random_bytes_in_the_place_of_a_table_give_a_picture_or_an_error() {
    let mut seed = 1_u32;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    let whole = tables(&[Glyph('A', 50, vec![[0, 0, 50, 80]])]);
    let more = [
        *b"GSUB", *b"GPOS", *b"GDEF", *b"kern", *b"morx", *b"kerx", *b"OS/2", *b"CFF ", *b"VARC",
        *b"fvar",
    ];
    for round in 0..3_000 {
        let mut tables = whole.clone();
        tables.extend(more.map(|tag| (tag, Vec::new())));
        let replaced = round % tables.len();
        let length = random() % 300;
        // Small numbers are what counts and offsets are made of.
        tables[replaced].1 = (0..length)
            .map(|_| match random() % 3 {
                0 => 0,
                1 => random().to_le_bytes()[0] % 8,
                _ => random().to_le_bytes()[0],
            })
            .collect();
        tables.retain(|(_, table)| !table.is_empty());
        let _either = outcome(text("AAé", sfnt(&tables), 20.0));
    }
}

#[test]
fn bytes_that_are_no_font_are_refused() {
    for bytes in [
        &b""[..],
        b"\0",
        b"\0\x01\0\0",
        b"OTTO",
        b"wOFF",
        b"wOF2",
        b"ttcf\0\x01\0\0\0\0\0\x01\0\0\0\x0C",
        b"%!PS-AdobeFont-1.0: Test",
        b"<html>not found</html>",
    ] {
        let error = Request::from_text(text("A", bytes.to_vec(), 20.0))
            .try_run()
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{error}");
        assert!(error.message.contains("font"), "{error}");
    }
}

#[test]
fn a_font_without_outlines_measures_or_units_is_refused() {
    let whole = tables(&[Glyph('A', 50, vec![[0, 0, 50, 80]])]);
    assert_eq!(outcome(text("A", sfnt(&whole), 20.0)), Ok(()));
    for missing in [*b"glyf", *b"loca", *b"head", *b"hhea", *b"maxp"] {
        let mut tables = whole.clone();
        tables.retain(|(tag, _)| *tag != missing);
        assert_eq!(
            outcome(text("A", sfnt(&tables), 20.0)),
            Err(ErrorCode::BadRequest),
            "without {}",
            missing.escape_ascii()
        );
    }
}

#[test]
fn a_box_that_is_too_large_is_refused_before_there_is_a_pixel_of_it() {
    let limits = &within(TextLimits {
        side: 40,
        ..TextLimits::default()
    });
    let fits = |content: &str, size| outcome_within(text(content, font::plain(), size), limits);
    assert_eq!(fits("AAAAAAAA", 10.0), Ok(()));
    assert_eq!(
        fits("AAAAAAAAB", 10.0),
        Err(ErrorCode::BadRequest),
        "45 wide"
    );
    assert_eq!(fits("\n\n", 10.0), Ok(()));
    assert_eq!(fits("\n\n\n", 10.0), Err(ErrorCode::BadRequest), "44 high");
    assert_eq!(
        fits("AAAAAAAC", 10.0),
        Ok(()),
        "37 of advances, and 3 of ink"
    );
    assert_eq!(
        fits("CAAAAAAAC", 10.0),
        Err(ErrorCode::BadRequest),
        "and 3 more"
    );
    assert_eq!(fits("A", 1e30), Err(ErrorCode::BadRequest));
    assert_eq!(fits("A", f32::MAX), Err(ErrorCode::BadRequest));
    assert_eq!(
        outcome(text("A", font::plain(), 3723.0)),
        Ok(()),
        "4095 pixels high"
    );
    assert_eq!(
        outcome(text("A", font::plain(), 3725.0)),
        Err(ErrorCode::BadRequest),
        "4098"
    );
}

#[test]
fn the_pixels_of_texts_count_like_those_of_pictures() {
    let limits = PixelLimits {
        memory: 1_000_000,
        ..PixelLimits::default()
    };
    let large = || text("A", font::plain(), 400.0);
    let one = Request::new(&plain(1, 1, [0; 4])).text(large());
    assert!(one.try_run_within(&limits).is_ok());
    let three = Request::from_text(large()).text(large()).text(large());
    let error = three.try_run_within(&limits).unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy, "{error}");
}

#[test]
fn an_error_of_a_text_names_its_image() {
    let request = Request::new(&plain(1, 1, [0; 4])).text(text("A", b"no font".to_vec(), 10.0));
    let error = request.try_run().unwrap_err();
    assert!(error.message.starts_with("overlay 1: "), "{error}");
}

#[test]
fn outlines_of_too_many_lines_are_refused() {
    let limits = &within(TextLimits {
        lines: 8,
        ..TextLimits::default()
    });
    assert_eq!(
        outcome_within(text("AAAB", font::plain(), 10.0), limits),
        Ok(())
    );
    let three = text("ABC", font::plain(), 10.0);
    assert_eq!(outcome_within(three, limits), Err(ErrorCode::BadRequest));
}

#[test]
fn a_font_that_makes_too_many_glyphs_of_a_text_is_refused() {
    let font = Built {
        glyphs: "{'a': (97, 1, [box(0, 0, 1, 1)]), 'b': (98, 1, [box(0, 0, 1, 1)])}",
        features:
            "feature ccmp { lookup L1 { sub a by b b b b b b b b b b b b b b b b b b b b; } L1;
                   lookup L2 { sub b by a a a a a a a a a a a a a a a a a a a a; } L2; } ccmp;",
        ..Built::PLAIN
    };
    let font = font.bytes();
    assert_eq!(
        outcome(text("a", font.clone(), 10.0)),
        Ok(()),
        "400 of them"
    );
    let many = text(&"a".repeat(100), font, 10.0);
    assert_eq!(outcome(many), Err(ErrorCode::BadRequest));
}

#[test]
fn a_text_may_not_take_longer_than_its_time() {
    let limits = &within(TextLimits {
        time: Duration::ZERO,
        ..TextLimits::default()
    });
    let text = text("A", font::plain(), 10.0);
    assert_eq!(outcome_within(text, limits), Err(ErrorCode::DeadlinePassed));
}

#[test]
fn glyphs_made_of_glyphs_made_of_glyphs_come_to_an_end() {
    // Each consists of the next one sixteen times: more parts than anybody could draw.
    let font = Built {
        glyphs: "{'a': (97, 500, [box(0, 0, 400, 800)])}",
        more: "pens, names = {}, ['.notdef', 'a'] + ['n%d' % n for n in range(20)]\n\
               font = FontBuilder(1000, isTTF=True)\n\
               font.setupGlyphOrder(names)\n\
               font.setupCharacterMap({97: 'a'})\n\
               for name, part in zip(names[1:], names[2:] + [None]):\n\
               \x20   pen = TTGlyphPen({name: None for name in names})\n\
               \x20   for n in range(16 if part else 0): pen.addComponent(part, (1, 0, 0, 1, n, 0))\n\
               \x20   pens[name] = (pen if part else drawn(pen, [box(0, 0, 400, 800)])).glyph()\n\
               pens['.notdef'] = TTGlyphPen(None).glyph()\n\
               font.setupGlyf(pens, calcGlyphBounds=False)\n\
               for glyph in pens.values(): glyph.xMin = glyph.yMin = glyph.xMax = glyph.yMax = 0\n\
               font.setupHorizontalMetrics({name: (500, 0) for name in names})\n\
               font.setupHorizontalHeader(ascent=800, descent=-200)\n\
               font.setupPost()\n\
               font.font['maxp'].recalc = lambda font: None\n\
               font.font.recalcBBoxes = False",
        ..Built::PLAIN
    };
    // Whether such a glyph is refused or has no ink is up to the parser: it has neither time nor memory for its parts.
    let _either = outcome(text("a", font.bytes(), 10.0));
}

#[test]
fn subroutines_that_call_each_other_over_and_over_come_to_an_end() {
    let font = Built {
        glyphs: "{'a': (97, 500, [box(0, 0, 400, 800)])}",
        outlines: "otf",
        more: "from fontTools.misc.psCharStrings import T2CharString\n\
               from fontTools.cffLib import SubrsIndex, GlobalSubrsIndex\n\
               top = font.font['CFF '].cff.topDictIndex[0]\n\
               subrs = GlobalSubrsIndex()\n\
               for n in range(9):\n\
               \x20   code = sum([[n - 106, 'callgsubr'] for _ in range(100)], []) if n < 8 else [0, 0, 'rlineto']\n\
               \x20   subrs.append(T2CharString(program=code + ['return']))\n\
               font.font['CFF '].cff.GlobalSubrs = top.GlobalSubrs = subrs\n\
               top.CharStrings['a'] = T2CharString(program=[500, 0, 0, 'rmoveto', -107, 'callgsubr', 'endchar'], \
               private=top.Private, globalSubrs=subrs)\n\
               font.font.recalcBBoxes = False",
        ..Built::PLAIN
    };
    assert_eq!(
        outcome(text("a", font.bytes(), 10.0)),
        Err(ErrorCode::BadRequest)
    );
}
