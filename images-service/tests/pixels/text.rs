//! Texts as pictures: which pixel has ink, how large the box is, what a font's features do.

use safelight_images::options::{Color, Text, Transform};
use safelight_protocol::Fit;

use crate::{
    font::{self, Glyph},
    fonts::Built,
    pillow::python,
    request::{Pixels, Request, at, mean_error, plain},
};

const RED: Color = Color {
    r: 255,
    g: 0,
    b: 0,
    a: 255,
};

pub(crate) fn text(content: &str, font: Vec<u8>, size: f32) -> Text {
    Text {
        content: content.to_owned(),
        font: font.into(),
        size,
        color: RED,
    }
}

fn drawn(content: &str, font: Vec<u8>, size: f32) -> Pixels {
    Request::from_text(text(content, font, size)).pixels()
}

/// At size 10, where a pixel is a tenth of the em.
fn plainly(content: &str) -> Pixels {
    drawn(content, font::plain(), 10.0)
}

/// The alpha of one row.
fn row(pixels: &Pixels, y: u32) -> Vec<u8> {
    (0..pixels.width).map(|x| pixels.at(x, y)[3]).collect()
}

/// Returns the pattern of a row's alpha, one character a pixel.
fn ink(pixels: &Pixels, y: u32) -> String {
    let mark = |alpha: u8| match alpha {
        0 => '.',
        255 => '#',
        _ => '+',
    };
    row(pixels, y).into_iter().map(mark).collect()
}

#[test]
fn a_text_is_the_ink_of_its_glyphs_in_its_colour_on_nothing() {
    let pixels = plainly("AB");
    assert_eq!(pixels.size(), (10, 11), "advances by the height of a line");
    for y in 0..11 {
        let expected = if y < 8 { "#######..." } else { ".........." };
        assert_eq!(ink(&pixels, y), expected, "row {y}");
    }
    assert_eq!(pixels.at(0, 0), [255, 0, 0, 255]);
    assert_eq!(pixels.at(9, 9)[3], 0);
}

#[test]
fn a_colour_that_lets_something_through_scales_the_ink() {
    let half = Color { a: 128, ..RED };
    let text = Text {
        color: half,
        ..text("AB", font::plain(), 15.0)
    };
    let pixels = Request::from_text(text).pixels();
    assert_eq!(
        row(&pixels, 4)[6..12],
        [128, 128, 128, 128, 64, 0],
        "7.5 pixels of A, and 3 of B"
    );
    assert_eq!(
        pixels.at(10, 4),
        [255, 0, 0, 64],
        "the colour stays straight"
    );
}

#[test]
fn each_line_break_begins_a_line_below_at_the_left() {
    let pixels = plainly("A\nBA\r\n\nB");
    assert_eq!(pixels.size(), (10, 44));
    let rows = [0, 11, 22, 33].map(|top| ink(&pixels, top));
    assert_eq!(
        rows,
        ["#####.....", "##...#####", "..........", "##........"]
    );
    assert_eq!(plainly("A\n").size(), (5, 22));
}

#[test]
fn the_box_is_wide_enough_for_ink_that_hangs_over() {
    // C begins 3 pixels to the left of its place, and ends 3 pixels behind its advance of 2.
    let pixels = plainly("C");
    assert_eq!(pixels.size(), (8, 11));
    assert_eq!(ink(&pixels, 7), "########");
    let pixels = plainly("A\nC");
    assert_eq!(pixels.size(), (8, 22));
    assert_eq!(
        [ink(&pixels, 0), ink(&pixels, 18)],
        ["...#####", "########"],
        "all lines begin at the same place"
    );
}

#[test]
fn a_text_without_ink_is_as_wide_as_its_advances_and_at_least_a_pixel() {
    assert_eq!(plainly("   ").size(), (15, 11));
    assert_eq!(plainly("\n").size(), (1, 22));
    let tiny = drawn("A", font::plain(), 0.001);
    assert_eq!(tiny.size(), (1, 1));
}

#[test]
fn ink_that_covers_a_part_of_a_pixel_is_that_part_of_its_alpha() {
    // At size 11 an A is 5.5 pixels wide, and the second begins in the middle of a pixel.
    let pixels = drawn("AA", font::plain(), 11.0);
    assert_eq!(pixels.size(), (11, 12));
    assert_eq!(row(&pixels, 4), [255; 11]);
    let pixels = drawn("B", font::plain(), 11.0);
    assert_eq!(row(&pixels, 4), [255, 255, 51, 0, 0, 0]);
    // 8.8 pixels up from the baseline at 9.
    assert_eq!(row(&pixels, 0)[0], 204);
}

#[test]
fn a_character_that_the_font_does_not_have_is_its_notdef() {
    let pixels = plainly("Aé");
    assert_eq!(pixels.size(), (10, 11));
    assert_eq!(ink(&pixels, 0), "#####.....");
    assert_eq!(ink(&pixels, 1), "#########.");
}

#[test]
fn glyphs_are_in_the_order_in_which_they_are_seen() {
    // Alef has a pixel of ink and bet two, of three each.
    assert_eq!(ink(&plainly("אב"), 0), "##.#..");
    assert_eq!(ink(&plainly("Aאב"), 0), "#######.#..");
    assert_eq!(ink(&plainly("אבA"), 0), "#######.#..");
    assert_eq!(
        ink(&plainly("א\nA"), 0),
        "#....",
        "a line that is read from right to left begins at the left all the same"
    );
}

/// `f` and `i` with a ligature, and a pair of `f` that stands closer.
const FI: Built<'_> = Built {
    glyphs: "{'f': (102, 300, [box(0, 0, 200, 800)]), 'i': (105, 200, [box(0, 0, 100, 800)]),
              'f_i': (None, 600, [box(0, 0, 500, 800)])}",
    features: "feature liga { sub f i by f_i; } liga; feature kern { pos f f -100; } kern;",
    ..Built::PLAIN
};

#[test]
fn pairs_are_kerned_and_ligatures_are_made_in_a_font_of_every_kind() {
    for outlines in ["ttf", "otf"] {
        for wrapping in ["", "woff", "woff2"] {
            let font = Built {
                outlines,
                wrapping,
                ..FI
            };
            let font = font.bytes();
            let name = format!("{outlines} {wrapping}");
            let seen = |content| ink(&drawn(content, font.clone(), 10.0), 4);
            assert_eq!(seen("f"), "##.", "{name}");
            assert_eq!(seen("ff"), "####.", "{name}");
            assert_eq!(seen("fi"), "#####.", "{name}");
            assert_eq!(seen("if"), "#.##.", "{name}");
            assert_eq!(
                seen("f\u{200C}i"),
                "##.#.",
                "{name}: a joiner that forbids it"
            );
        }
    }
}

#[test]
fn the_kern_table_is_honoured_too() {
    let kern = Built {
        features: "",
        more: "from fontTools.ttLib import newTable\n\
               from fontTools.ttLib.tables._k_e_r_n import KernTable_format_0\n\
               pairs = KernTable_format_0()\n\
               pairs.kernTable, pairs.coverage, pairs.version = {('f', 'f'): -200}, 1, 0\n\
               kern = newTable('kern')\nkern.version, kern.kernTables = 0, [pairs]\n\
               font.font['kern'] = kern",
        ..FI
    };
    assert_eq!(ink(&drawn("ff", kern.bytes(), 10.0), 4), "###.");
}

#[test]
fn letters_that_join_take_the_form_of_their_place() {
    // Beh: alone, at the end, in the middle, at the beginning.
    let font = Built {
        glyphs: "{'beh': (0x628, 500, [box(0, 0, 100, 800)]), 'fina': (None, 500, [box(0, 0, 200, 800)]),
                  'medi': (None, 500, [box(0, 0, 300, 800)]), 'init': (None, 500, [box(0, 0, 400, 800)])}",
        features: "languagesystem arab dflt; feature fina { sub beh by fina; } fina;
                   feature medi { sub beh by medi; } medi; feature init { sub beh by init; } init;",
        ..Built::PLAIN
    };
    let font = font.bytes();
    assert_eq!(ink(&drawn("ب", font.clone(), 10.0), 4), "#....");
    assert_eq!(ink(&drawn("ببب", font, 10.0), 4), "##...###..####.");
}

#[test]
fn a_variable_font_is_drawn_as_its_default() {
    // From its default of 400 to 900 the box grows by half of the em.
    let font = Built {
        glyphs: "{'a': (97, 500, [box(0, 0, 200, 800)])}",
        more: "from fontTools.ttLib.tables.TupleVariation import TupleVariation\n\
               font.setupNameTable({})\n\
               font.setupFvar([('wght', 100, 400, 900, 'Weight')], [])\n\
               wide = TupleVariation({'wght': (0, 1, 1)}, [(0, 0), (0, 0), (500, 0), (500, 0), (0, 0), (500, 0), (0, 0), (0, 0)])\n\
               font.setupGvar({'a': [wide]})",
        ..Built::PLAIN
    };
    assert_eq!(ink(&drawn("aa", font.bytes(), 10.0), 4), "##...##...");
}

#[test]
fn contours_that_lie_over_each_other_are_one_and_holes_are_holes() {
    // The contour of the hole runs the other way.
    let font = Built {
        glyphs: "{'a': (97, 800, [box(0, 0, 500, 800), box(300, 0, 800, 800)]),
                  'o': (111, 800, [box(0, 0, 800, 800), [('moveTo', (200, 200)), ('lineTo', (600, 200)),
                                                         ('lineTo', (600, 600)), ('lineTo', (200, 600))]])}",
        ..Built::PLAIN
    };
    let font = font.bytes();
    assert_eq!(ink(&drawn("a", font.clone(), 10.0), 4), "########");
    let pixels = drawn("o", font, 10.0);
    assert_eq!(ink(&pixels, 0), "########");
    assert_eq!(ink(&pixels, 4), "##....##");
}

/// Round shapes, a slope and a thin stroke.
const ROUND: &str = "{
    'o': (111, 700, [[('moveTo', (650, 350)), ('curveTo', (650, 530), (530, 650), (350, 650)),
                      ('curveTo', (170, 650), (50, 530), (50, 350)), ('curveTo', (50, 170), (170, 50), (350, 50)),
                      ('curveTo', (530, 50), (650, 170), (650, 350))],
                     [('moveTo', (550, 350)), ('curveTo', (550, 200), (450, 120), (350, 120)),
                      ('curveTo', (250, 120), (150, 200), (150, 350)), ('curveTo', (150, 500), (250, 580), (350, 580)),
                      ('curveTo', (450, 580), (550, 500), (550, 350))]]),
    'v': (118, 700, [[('moveTo', (0, 700)), ('lineTo', (90, 700)), ('lineTo', (350, 90)), ('lineTo', (610, 700)),
                      ('lineTo', (700, 700)), ('lineTo', (380, 0)), ('lineTo', (320, 0))]]),
    'l': (108, 100, [box(30, 0, 70, 790)])}";

#[test]
fn curves_are_drawn_as_freetype_draws_them() {
    // Drawn sixteen times as large and made smaller, because at its size FreeType would move outlines to whole pixels.
    let font = Built {
        glyphs: ROUND,
        outlines: "otf",
        ..Built::PLAIN
    };
    let font = font.bytes();
    for size in [20_u8, 50, 200] {
        let ours = drawn("olv", font.clone(), size.into());
        let (width, height) = ours.size();
        let code = format!(
            "from PIL import ImageDraw, ImageFont\n\
             font = ImageFont.truetype(io.BytesIO(data), 16 * {size}, layout_engine=ImageFont.Layout.BASIC)\n\
             im = Image.new('L', (16 * {width}, 16 * {height}))\n\
             ImageDraw.Draw(im).text((0, 16 * round(0.8 * {size})), 'olv', fill=255, font=font, anchor='ls')\n\
             put(im.reduce(16).tobytes())"
        );
        let theirs = python(&code, &font);
        let alpha: Vec<u8> = ours.data.chunks(4).map(|pixel| pixel[3]).collect();
        let error = mean_error(&alpha, &theirs);
        let worst = alpha.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(error < 0.3, "{size}: {error}, {worst:?}");
        assert!(worst <= Some(6), "{size}: {error}, {worst:?}");
    }
}

#[test]
fn a_text_is_transformed_and_drawn_like_any_picture() {
    // A text of 10x11 is turned onto a text, which is drawn twice onto a picture.
    let quarter = Transform {
        rotate: safelight_images::options::Rotation::Quarter,
        ..Transform::default()
    };
    let result = Request::new(&plain(30, 30, [255; 4]))
        .text(text("A", font::plain(), 20.0))
        .text(text("BA", font::plain(), 10.0))
        .transform_image(2, quarter)
        .draw(2, 1, at(0, 16))
        .draw(1, 0, at(0, 0))
        .draw(1, 0, at(15, 0))
        .pixels();
    assert_eq!(result.size(), (30, 30));
    let red = |x, y| result.at(x, y) == [255, 0, 0, 255];
    assert!(red(0, 0) && red(9, 15) && !red(10, 0), "the A");
    // Turned to the right, the line of text runs down, and its foot is on the left.
    assert!(!red(2, 16) && red(3, 16) && red(9, 16), "the B, turned");
    assert!(red(15, 0) && red(24, 15) && !red(25, 0), "the A again");
    let small = Transform {
        width: Some(5),
        height: Some(11),
        fit: Some(Fit::Squeeze),
        ..Transform::default()
    };
    let base = Request::from_text(text("AA", font::plain(), 10.0)).transform(small);
    let pixels = base.pixels();
    assert_eq!(pixels.size(), (5, 11));
    assert_eq!(ink(&pixels, 3), "#####");
}

#[test]
fn glyphs_that_touch_have_no_seam() {
    // Each covers half of the same pixel.
    let font = font::ttf(&[Glyph('A', 5, vec![[0, 0, 5, 80]])]);
    let pixels = drawn("AA", font, 10.0);
    assert_eq!(row(&pixels, 4), [255]);
}
