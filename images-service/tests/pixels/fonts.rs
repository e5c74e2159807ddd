//! Fonts with tables that nobody writes by hand, built by fontTools: features, CFF, variations, WOFF and WOFF2.

use crate::pillow::python;

/// The parameters of a font to build.
pub(crate) struct Built<'a> {
    /// Python: a dictionary from a glyph's name to its character, advance and contours, with 1000 units of the em.
    pub(crate) glyphs: &'a str,
    /// Features in Adobe's language for them.
    pub(crate) features: &'a str,
    /// `ttf` or `otf`.
    pub(crate) outlines: &'a str,
    /// `woff` or `woff2` to compress it, else nothing.
    pub(crate) wrapping: &'a str,
    /// Python that changes the `FontBuilder` called `font` before it is written.
    pub(crate) more: &'a str,
}

impl Built<'_> {
    /// A TrueType font without features.
    pub(crate) const PLAIN: Self = Self {
        glyphs: "{}",
        features: "",
        outlines: "ttf",
        wrapping: "",
        more: "",
    };

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self {
            glyphs,
            features,
            outlines,
            wrapping,
            more,
        } = self;
        let code = format!(
            "{BUILDER}\nglyphs = {{'.notdef': (None, 500, [box(0, 0, 400, 700)]), **{glyphs}}}\n\
             font = build(glyphs, '{outlines}')\n{more}\n\
             put(written(font, '''{features}''', '{wrapping}'))"
        );
        python(&code, &[])
    }
}

/// A contour is a list of a pen's commands with their points.
const BUILDER: &str = r"
from fontTools.fontBuilder import FontBuilder
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.pens.t2CharStringPen import T2CharStringPen

def box(left, bottom, right, top):
    return [('moveTo', (left, bottom)), ('lineTo', (left, top)), ('lineTo', (right, top)), ('lineTo', (right, bottom))]

def drawn(pen, contours):
    for contour in contours:
        for command, *points in contour:
            getattr(pen, command)(*points)
        pen.closePath()
    return pen

def least(contours):
    return min((point[0] for contour in contours for _, *points in contour for point in points), default=0)

def build(glyphs, outlines):
    font = FontBuilder(1000, isTTF=outlines == 'ttf')
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap({character: name for name, (character, _, _) in glyphs.items() if character})
    if outlines == 'ttf':
        font.setupGlyf({name: drawn(TTGlyphPen(None), ink).glyph() for name, (_, _, ink) in glyphs.items()})
    else:
        drawings = {name: drawn(T2CharStringPen(advance, None), ink) for name, (_, advance, ink) in glyphs.items()}
        font.setupCFF('Test', {}, {name: pen.getCharString() for name, pen in drawings.items()}, {})
    font.setupHorizontalMetrics({name: (advance, least(ink)) for name, (_, advance, ink) in glyphs.items()})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    font.setupPost()
    return font

def written(font, features, wrapping):
    if features:
        addOpenTypeFeaturesFromString(font.font, features)
    font.font.flavor = wrapping or None
    out = io.BytesIO()
    font.font.save(out)
    return out.getvalue()
";
