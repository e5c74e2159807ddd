//! Detects the format by the first bytes. Names and content types are not consulted.

use image::ImageFormat;

pub(crate) const SVG: &str = "image/svg+xml";

/// A format that is decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    Webp,
    Gif,
    Avif,
    Heic,
}

impl Kind {
    pub(super) const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    Supported(Kind),
    /// A format that is recognised but has no decoder, with its name.
    Unsupported(&'static str),
    Svg,
    Unknown,
}

pub(super) fn sniff(bytes: &[u8]) -> Sniffed {
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => Sniffed::Supported(Kind::Jpeg),
        Ok(ImageFormat::Png) => Sniffed::Supported(Kind::Png),
        Ok(ImageFormat::WebP) => Sniffed::Supported(Kind::Webp),
        Ok(ImageFormat::Gif) => Sniffed::Supported(Kind::Gif),
        Ok(ImageFormat::Tiff) => Sniffed::Unsupported("image/tiff"),
        Ok(_) | Err(_) => sniff_others(bytes),
    }
}

/// Detects the formats that `image` does not know, or that it recognises by too few bytes.
fn sniff_others(bytes: &[u8]) -> Sniffed {
    match bytes {
        [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => Sniffed::Unsupported("image/tiff"),
        // Two letters alone could begin any text, so the reserved fields of a bitmap must be zero.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Sniffed::Unsupported("image/bmp"),
        [b'8', b'B', b'P', b'S', ..] => Sniffed::Unsupported("image/vnd.adobe.photoshop"),
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => {
            Sniffed::Unsupported("image/jxl")
        }
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => {
            Sniffed::Unsupported("image/jp2")
        }
        [0, 0, 1, 0, 1..=255, 0, ..] => Sniffed::Unsupported("image/vnd.microsoft.icon"),
        [_, _, _, _, b'f', b't', b'y', b'p', brands @ ..] => iso_media(bytes, brands),
        _ if is_svg(bytes) => Sniffed::Svg,
        _ => Sniffed::Unknown,
    }
}

/// Tells AVIF and HEIC apart by the brands in the box `ftyp`, which both begin with.
fn iso_media(bytes: &[u8], brands: &[u8]) -> Sniffed {
    let length = bytes
        .first_chunk::<4>()
        .map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let brands = &brands[..length.saturating_sub(8).min(brands.len()).min(256)];
    let has = |any_of: &[&[u8; 4]]| {
        let (brands, _) = brands.as_chunks::<4>();
        brands.iter().any(|brand| any_of.contains(&brand))
    };
    if has(&[b"avif", b"avis"]) {
        Sniffed::Supported(Kind::Avif)
    } else if has(&[
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1",
    ]) {
        Sniffed::Supported(Kind::Heic)
    } else {
        Sniffed::Unknown
    }
}

/// Whether the first element of an XML text is `svg`.
fn is_svg(bytes: &[u8]) -> bool {
    let mut rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    loop {
        rest = rest.trim_ascii_start();
        let after = match rest {
            [b'<', b'?', ..] => after(rest, b"?>"),
            [b'<', b'!', b'-', b'-', ..] => after(rest, b"-->"),
            [b'<', b'!', ..] => after_doctype(rest),
            [b'<', element @ ..] => {
                let name = element.strip_prefix(b"svg:").unwrap_or(element);
                return match name {
                    [b's', b'v', b'g', next, ..] => {
                        next.is_ascii_whitespace() || matches!(next, b'>' | b'/')
                    }
                    _ => false,
                };
            }
            _ => return false,
        };
        let Some(after) = after else {
            return false;
        };
        rest = after;
    }
}

fn after<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(text, end)?;
    Some(&text[at + end.len()..])
}

/// Returns the text after a document type, which may have declarations of its own in brackets.
fn after_doctype(text: &[u8]) -> Option<&[u8]> {
    let (head, rest) = text.split_at(memchr::memchr(b'>', text)? + 1);
    let Some(open) = memchr::memchr(b'[', head) else {
        return Some(rest);
    };
    let inside = &text[open..];
    memchr::memchr_iter(b']', inside)
        .find_map(|at| inside[at + 1..].trim_ascii_start().strip_prefix(b">"))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Sniffed, sniff};

    #[test]
    fn what_is_decoded_here_is_known_by_its_signature() {
        for (bytes, kind) in [
            (&b"\xFF\xD8\xFF\xE0"[..], Kind::Jpeg),
            (b"\x89PNG\r\n\x1A\n", Kind::Png),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Kind::Webp),
            (b"GIF87a", Kind::Gif),
            (b"GIF89a", Kind::Gif),
            (b"\0\0\0\x1Cftypavif\0\0\0\0mif1miaf", Kind::Avif),
            (b"\0\0\0\x18ftypmif1\0\0\0\0avifmiaf", Kind::Avif),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Kind::Heic),
        ] {
            assert_eq!(sniff(bytes), Sniffed::Supported(kind));
        }
    }

    #[test]
    fn what_is_not_decoded_is_recognised_by_name() {
        for (bytes, name) in [
            (&b"II*\0\x08\0\0\0"[..], "image/tiff"),
            (b"MM\0*\0\0\0\x08", "image/tiff"),
            (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "image/bmp"),
            (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
            (b"\xFF\x0A\xFA", "image/jxl"),
            (b"\0\0\0\x0CJXL \r\n\x87\n", "image/jxl"),
            (b"\0\0\x01\0\x01\0\x10\x10", "image/vnd.microsoft.icon"),
        ] {
            assert_eq!(sniff(bytes), Sniffed::Unsupported(name));
        }
    }

    #[test]
    fn svg_is_found_behind_its_prologue() {
        for text in [
            "<svg>",
            "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "\u{FEFF}<?xml version=\"1.0\"?>\n<!-- > a lamp -->\n<!DOCTYPE svg>\n  <svg\nwidth='1'>",
            "<!DOCTYPE svg PUBLIC 'a' 'b' [\n<!ENTITY a 'x'>\n<!ENTITY b '[y]'> ] ><svg>",
            "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>",
        ] {
            assert_eq!(sniff(text.as_bytes()), Sniffed::Svg, "{text}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for bytes in [
            &b""[..],
            b"\xFF\xD8",
            b"\x89PNG\n\x1A\n",
            b"BMX is a kind of bicycle",
            b"<svgx>",
            b"<html><svg></svg></html>",
            b"<!-- never closed",
            b"<!DOCTYPE svg [<!ENTITY a 'x'><svg>",
            b"<!DOCTYPE html [<!ENTITY a 'x'>]><html>",
            b"<svg:rect>",
            b"\0\0\0\x18ftypmp42\0\0\0\0isomavc1",
            b"\0\0\0\0ftyp",
            b"RIFF\x10\0\0\0WAVEfmt ",
        ] {
            assert_eq!(sniff(bytes), Sniffed::Unknown, "{}", bytes.escape_ascii());
        }
    }
}
