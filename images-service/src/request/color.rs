//! CSS colours: names, hex with `#`, `rgb()` and `hsl()` in both syntaxes.

use csscolorparser::Color as CssColor;

use crate::options::Color;

/// The maximum length of a colour in bytes. The longest sensible one has a third of it.
const MAX_LENGTH: usize = 128;

/// Parses a colour; `None` if the text is none.
pub(super) fn parse(text: &str) -> Option<Color> {
    let text = text.trim();
    if text.len() > MAX_LENGTH || !is_in_grammar(text) {
        return None;
    }
    let [r, g, b, a] = text.parse::<CssColor>().ok()?.to_rgba8();
    Some(Color { r, g, b, a })
}

/// Whether the text is in our grammar. The parser accepts more than we promise, such as hex without `#`.
fn is_in_grammar(text: &str) -> bool {
    if let Some((function, arguments)) = text.split_once('(') {
        let known = ["rgb", "rgba", "hsl", "hsla"];
        return known.iter().any(|name| function.eq_ignore_ascii_case(name))
            && arguments.strip_suffix(')').is_some_and(are_numbers);
    }
    text.starts_with('#') || !text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether every argument begins like a number, which excludes `nan` and `inf`.
fn are_numbers(arguments: &str) -> bool {
    arguments
        .split([',', '/', ' ', '\t', '\n', '\r'])
        .filter(|argument| !argument.is_empty())
        .all(|argument| {
            argument
                .strip_prefix(['+', '-'])
                .unwrap_or(argument)
                .starts_with(|c: char| c.is_ascii_digit() || c == '.')
        })
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn rgba(text: &str) -> Option<[u8; 4]> {
        parse(text).map(|color| [color.r, color.g, color.b, color.a])
    }

    #[test]
    fn every_form_of_the_grammar_is_read() {
        for (text, expected) in [
            ("red", [255, 0, 0, 255]),
            ("RebeccaPurple", [102, 51, 153, 255]),
            ("transparent", [0, 0, 0, 0]),
            ("#abc", [0xAA, 0xBB, 0xCC, 255]),
            ("#abc8", [0xAA, 0xBB, 0xCC, 0x88]),
            ("#a1b2c3", [0xA1, 0xB2, 0xC3, 255]),
            ("#A1B2C380", [0xA1, 0xB2, 0xC3, 0x80]),
            ("rgb(1,2,3)", [1, 2, 3, 255]),
            ("rgb(1 2 3)", [1, 2, 3, 255]),
            ("rgb(1 2 3 / 50%)", [1, 2, 3, 128]),
            ("rgb(1 2 3/0.5)", [1, 2, 3, 128]),
            ("rgba(1, 2, 3, .5)", [1, 2, 3, 128]),
            ("rgb(100% 0% 50%)", [255, 0, 128, 255]),
            ("rgb(-5 300 0)", [0, 255, 0, 255]),
            ("hsl(120, 100%, 50%)", [0, 255, 0, 255]),
            ("hsl(120deg 100% 50% / 25%)", [0, 255, 0, 64]),
            ("hsla(240,100%,50%,0.5)", [0, 0, 255, 128]),
            ("  #fff ", [255, 255, 255, 255]),
        ] {
            assert_eq!(rgba(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_alpha_above_one_is_one() {
        assert_eq!(rgba("rgba(255 255 0 100)"), Some([255, 255, 0, 255]));
    }

    #[test]
    fn what_is_outside_of_the_grammar_is_no_colour() {
        for text in [
            "",
            "fff",
            "a1b2c3",
            "ffff",
            "#ff",
            "#ggg",
            "#",
            "reddish",
            "undefined",
            "rgb(1,2)",
            "rgb(1,2,3",
            "rgb(nan 0 0)",
            "rgb(inf,0,0)",
            "rgb(0 0 0 / -inf)",
            "rgb(from red r g b)",
            "lab(50 0 0)",
            "color(srgb 1 0 0)",
            "url(x)",
        ] {
            assert_eq!(rgba(text), None, "{text}");
        }
    }
}
