//! Profiles of grey, of ink and of sixteen bits, and profiles that ask for more than they may.

use safelight_protocol::Format;

use crate::{
    pillow::{self, painted, python, saved},
    request::Request,
};

/// Writes profiles by their tags: `profile(space, pcs, class, {name: content})`.
const MAKER: &str = "\
import struct
def xyz(x, y, z):
    return b'XYZ \\0\\0\\0\\0' + struct.pack('>3i', *[round(v * 65536) for v in (x, y, z)])
def profile(space, pcs, kind, tags):
    start = 132 + 12 * len(tags)
    table, data, places = [], b'', {}
    for name, content in tags:
        if content not in places:
            places[content] = start + len(data)
            data += content + b'\\0' * (-len(content) % 4)
        table.append(name + struct.pack('>2I', places[content], len(content)))
    white = struct.pack('>3i', 63190, 65536, 54061)
    head = struct.pack('>I', start + len(data)) + b'\\0' * 4 + b'\\2\\x40\\0\\0' + kind + space + pcs
    head += struct.pack('>6H', 2026, 1, 1, 0, 0, 0) + b'acsp' + b'\\0' * 28 + white + b'\\0' * 48
    return head + struct.pack('>I', len(tags)) + b''.join(table) + data
# Grey whose numbers are light itself: far darker numbers than those of sRGB for the same grey.
linear = profile(b'GRAY', b'XYZ ', b'mntr', [(b'wtpt', xyz(0.9642, 1, 0.8249)),
    (b'kTRC', b'curv\\0\\0\\0\\0' + struct.pack('>I', 0))])
# Ink in which cyan prints red: four inks, two steps of each, to lightness and two axes of colour.
def lab(c, m, y, k):
    light = 255 * (1 - 0.3 * c) * (1 - 0.3 * m) * (1 - 0.1 * y) * (1 - k)
    return [round(light), 128 + round(60 * (c - m) * (1 - k)), 128 + round(70 * y * (1 - k))]
corners = [lab(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
ramp = bytes(range(256))
lut = b'mft1\\0\\0\\0\\0' + bytes([4, 3, 2, 0]) + struct.pack('>9i', 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
lut += ramp * 4 + bytes(sum(corners, [])) + ramp * 3
press = profile(b'CMYK', b'Lab ', b'prtr', [(b'wtpt', xyz(0.9642, 1, 0.8249)), (b'A2B0', lut)])
";

fn with_profile(mode: &str, profile: &str, arguments: &str) -> Vec<u8> {
    let make = format!("{MAKER}\n{}", painted(mode));
    saved(
        (64, 48),
        &make,
        &format!("{arguments}, icc_profile={profile}"),
    )
}

/// Converts a picture with the colour library of Pillow.
fn converted(image: &[u8], mode: &str) -> Vec<u8> {
    let code = format!(
        "im = Image.open(io.BytesIO(data)).convert('{mode}')\n\
         source = ImageCms.ImageCmsProfile(io.BytesIO(im.info['icc_profile']))\n\
         im = ImageCms.profileToProfile(im, source, ImageCms.createProfile('sRGB'), outputMode='RGB')\n\
         put(im.convert('RGBA').tobytes())"
    );
    python(&code, image)
}

/// Compares our pixels with those of the other library, and asserts that the profile has an effect.
fn assert_honoured(image: &[u8], mode: &str, worst: f64) {
    let encoded = Request::new(image).encoded(Format::Rgba);
    assert!(
        encoded.facts.warnings.is_empty(),
        "{:?}",
        encoded.facts.warnings
    );
    let ours = Request::new(image).pixels();
    let error = ours.mean_error(&converted(image, mode));
    assert!(error < worst, "{mode}: {error}");
    let (_, stored) = pillow::read(image);
    let plain = ours.mean_error(&stored.data);
    assert!(plain > 8.0, "{mode}: the profile changes only {plain}");
}

#[test]
fn a_profile_of_grey_is_honoured() {
    for arguments in ["'PNG'", "'JPEG', quality=98"] {
        assert_honoured(&with_profile("L", "linear", arguments), "L", 1.0);
    }
}

#[test]
fn a_profile_of_grey_leaves_alpha_alone() {
    let make = format!("{MAKER}\n{}\nim = im.convert('LA')", painted("RGBA"));
    let image = saved((64, 48), &make, "'PNG', icc_profile=linear");
    let ours = Request::new(&image).pixels();
    let grey = converted(&image, "L");
    let (_, stored) = pillow::read(&image);
    let triples = ours.data.chunks(4).zip(grey.chunks(4));
    for ((ours, grey), stored) in triples.zip(stored.data.chunks(4)) {
        assert!(ours[0].abs_diff(grey[0]) <= 2, "{ours:?} {grey:?}");
        assert_eq!(ours[3], stored[3]);
    }
}

#[test]
fn a_profile_of_ink_is_honoured() {
    for arguments in ["'JPEG', quality=98", "'JPEG', quality=98, progressive=True"] {
        assert_honoured(&with_profile("CMYK", "press", arguments), "CMYK", 2.0);
    }
}

#[test]
fn sixteen_bits_are_converted_before_they_are_reduced() {
    // These values are equal in eight bits, and differ in sRGB because they are dark.
    let make = format!(
        "{MAKER}\nim = Image.new('I;16', (w, h))\nim.putdata([0, 64, 128, 256, 4096, 32768, 65535])"
    );
    let image = saved((7, 1), &make, "'PNG', icc_profile=linear");
    let ours = Request::new(&image).pixels();
    let values: Vec<u8> = ours.data.chunks(4).map(|pixel| pixel[0]).collect();
    // By the formula of sRGB.
    for (value, expected) in values.iter().zip([0, 3, 6, 13, 71, 188, 255]) {
        assert!(value.abs_diff(expected) <= 1, "{values:?}");
    }
}

#[test]
fn a_profile_of_something_else_is_warned_of() {
    for (mode, profile) in [("RGB", "linear"), ("L", "press")] {
        let encoded = Request::new(&with_profile(mode, profile, "'PNG'")).encoded(Format::Rgba);
        let warned = encoded
            .facts
            .warnings
            .iter()
            .any(|text| text.contains("colour profile"));
        assert!(warned, "{mode} {profile}: {:?}", encoded.facts.warnings);
    }
}

/// Makes the profile `linear` with more tags.
fn linear_with(tags: &str) -> String {
    format!(
        "profile(b'GRAY', b'XYZ ', b'mntr', [(b'wtpt', xyz(0.9642, 1, 0.8249)),\n\
         (b'kTRC', b'curv\\0\\0\\0\\0' + struct.pack('>I', 0))] + {tags})"
    )
}

#[test]
fn texts_and_tags_that_multiply_cost_nothing() {
    let plain = Request::new(&with_profile("L", "linear", "'PNG'")).pixels();
    // Two hundred thousand translations that share a text of two megabytes; and a text that is listed as often.
    let translations = "[(b'cprt', b'mluc\\0\\0\\0\\0' + struct.pack('>2I', 200000, 12)\n\
                        + (b'enGB' + struct.pack('>2I', 2000000, 16)) * 200000)]";
    let listed = "[(b'desc', b'text\\0\\0\\0\\0' + b'x' * 2000000)] * 200000";
    for tags in [translations, listed] {
        let image = with_profile("L", &linear_with(tags), "'PNG'");
        assert!(image.len() < 400_000, "{}", image.len());
        let encoded = Request::new(&image).encoded(Format::Rgba);
        assert!(
            encoded.image.bytes == plain.data,
            "the rest of the profile holds"
        );
        assert!(
            encoded.facts.warnings.is_empty(),
            "{:?}",
            encoded.facts.warnings
        );
    }
}
