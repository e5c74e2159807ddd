//! Colour profiles and orientation, by which the displayed picture differs from the stored one.

use safelight_images::{
    decode::{DecodeLimits, info},
    options::Transform,
};

use crate::{
    pillow::{self, painted, python, saved},
    request::Request,
};

/// Python code that swaps the red and the green primary of a profile, so that its effect is obvious.
const SWAPPED: &str = "\
import struct
srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
def swapped(profile):
    profile = bytearray(profile)
    names = {}
    for tag in range(struct.unpack('>I', profile[128:132])[0]):
        at = 132 + tag * 12
        names[bytes(profile[at:at + 4])] = at
    for a, b in ((b'rXYZ', b'gXYZ'),):
        a, b = names[a], names[b]
        profile[a + 4:a + 12], profile[b + 4:b + 12] = profile[b + 4:b + 12], profile[a + 4:a + 12]
    return bytes(profile)
";

fn profiled(mode: &str, profile: &str, arguments: &str) -> Vec<u8> {
    let make = format!("{SWAPPED}\n{}", painted(mode));
    saved(
        (64, 48),
        &make,
        &format!("{arguments}, icc_profile={profile}"),
    )
}

/// Converts a picture with the colour library of Pillow.
fn converted(image: &[u8]) -> Vec<u8> {
    let code = "im = Image.open(io.BytesIO(data)).convert('RGB')\n\
                source = ImageCms.ImageCmsProfile(io.BytesIO(im.info['icc_profile']))\n\
                im = ImageCms.profileToProfile(im, source, ImageCms.createProfile('sRGB'))\n\
                put(im.convert('RGBA').tobytes())";
    python(code, image)
}

#[test]
fn a_profile_is_honoured() {
    for arguments in ["'PNG'", "'WEBP', lossless=True"] {
        let image = profiled("RGB", "swapped(srgb)", arguments);
        let ours = Request::new(&image).pixels();
        let error = ours.mean_error(&converted(&image));
        assert!(error < 0.5, "{arguments}: {error}");
        let (_, stored) = pillow::read(&image);
        assert!(
            ours.mean_error(&stored.data) > 10.0,
            "{arguments}: red and green changed places"
        );
    }
    let image = profiled(
        "RGB",
        "swapped(srgb)",
        "'JPEG', quality=95, subsampling='4:4:4'",
    );
    let error = Request::new(&image).pixels().mean_error(&converted(&image));
    assert!(error < 1.0, "JPEG: {error}");
}

#[test]
fn alpha_is_no_colour_to_a_profile() {
    let image = profiled("RGBA", "swapped(srgb)", "'PNG'");
    let ours = Request::new(&image).pixels();
    let (_, stored) = pillow::read(&image);
    let alpha = |data: &[u8]| data.iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
    assert_eq!(alpha(&ours.data), alpha(&stored.data));
}

#[test]
fn an_srgb_profile_changes_nothing() {
    let image = profiled("RGB", "srgb", "'PNG'");
    let (_, stored) = pillow::read(&image);
    assert!(Request::new(&image).pixels().data == stored.data);
}

#[test]
fn a_profile_that_cannot_be_used_is_warned_of() {
    let image = profiled("RGB", "b'not a profile at all' * 9", "'PNG'");
    let encoded = Request::new(&image).encoded(safelight_protocol::Format::Rgba);
    let (_, stored) = pillow::read(&image);
    assert!(
        encoded.image.bytes == stored.data,
        "the picture is there all the same"
    );
    assert!(
        encoded
            .facts
            .warnings
            .iter()
            .any(|text| text.contains("colour profile")),
        "{:?}",
        encoded.facts.warnings
    );
}

/// A picture of four colours, stored by the orientation, so that it looks the same with every orientation.
fn oriented(tag: u8, arguments: &str) -> Vec<u8> {
    let make = format!(
        "im = Image.new('RGB', (w, h), (255, 0, 0))\n\
         im.paste((0, 255, 0), (w // 2, 0, w, h // 2))\n\
         im.paste((0, 0, 255), (0, h // 2, w // 2, h))\n\
         im.paste((255, 255, 255), (w // 2, h // 2, w, h))\n\
         T = Image.Transpose\n\
         undo = {{2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE,\n\
                 6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}}\n\
         im = im.transpose(undo[{tag}]) if {tag} > 1 else im\n\
         exif = Image.Exif(); exif[0x0112] = {tag}"
    );
    saved((48, 32), &make, &format!("{arguments}, exif=exif"))
}

#[test]
fn every_orientation_ends_upright_in_every_format() {
    for arguments in [
        "'JPEG', quality=95, subsampling='4:4:4'",
        "'PNG'",
        "'WEBP', lossless=True",
    ] {
        for tag in 1..=8 {
            let image = oriented(tag, arguments);
            let raster = info(&image, &DecodeLimits::default())
                .unwrap()
                .raster
                .unwrap();
            assert_eq!(
                (raster.width, raster.height),
                (48, 32),
                "info, {arguments} {tag}"
            );
            let upright = Request::new(&image).pixels();
            assert_eq!(upright.size(), (48, 32), "{arguments} {tag}");
            let corners = [(4, 4), (44, 4), (4, 28), (44, 28)].map(|(x, y)| upright.at(x, y));
            let meant = [
                [255, 0, 0, 255],
                [0, 255, 0, 255],
                [0, 0, 255, 255],
                [255; 4],
            ];
            for (corner, meant) in corners.iter().zip(&meant) {
                let near = corner.iter().zip(meant).all(|(a, b)| a.abs_diff(*b) < 6);
                assert!(near, "{arguments} {tag}: {corners:?}");
            }
        }
    }
}

#[test]
fn width_is_that_of_the_upright_picture() {
    let transform = Transform {
        width: Some(24),
        ..Transform::default()
    };
    let result = Request::new(&oriented(6, "'PNG'"))
        .transform(transform)
        .pixels();
    assert_eq!(result.size(), (24, 16));
}
