//! The metadata of a source, and the part of it that reaches the result.

use safelight_images::options::Extension;
use safelight_protocol::{Format, extension::Metadata};

use crate::{
    pillow::{painted, python, saved},
    request::Request,
};

/// A picture with metadata: its owner, its place, its camera, and an orientation on its side.
fn talkative(arguments: &str) -> Vec<u8> {
    let make = format!(
        "{}\nexif = Image.Exif()\nexif[0x8298] = 'Ada, all rights reserved'\nexif[0x010F] = 'Camera maker'\n\
         exif[0x0112] = 6\nexif.get_ifd(0x8825)[1] = 'N'\nexif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)",
        painted("RGB")
    );
    saved((64, 48), &make, &format!("{arguments}, exif=exif"))
}

/// Every EXIF tag that Pillow finds, and every other thing it knows of the file.
fn known(image: &[u8]) -> String {
    let code = "im = Image.open(io.BytesIO(data)); im.load(); exif = im.getexif()\n\
                tags = dict(exif) | dict(exif.get_ifd(0x8825)) | dict(exif.get_ifd(0x8769))\n\
                extra = sorted(k for k in im.info if k in ('icc_profile', 'xmp', 'comment', 'photoshop'))\n\
                extra += ['density'] if im.info.get('jfif_unit', 0) else []\n\
                put(repr((tags, extra)).encode())";
    String::from_utf8(python(code, image)).unwrap()
}

#[test]
fn jpeg_keeps_the_copyright_notice_and_nothing_else() {
    for arguments in [
        "'JPEG', comment=b'hello', dpi=(300, 300)",
        "'PNG'",
        "'WEBP'",
        "'AVIF'",
    ] {
        let jpeg = Request::new(&talkative(arguments)).encoded(Format::Jpeg);
        assert_eq!(
            known(&jpeg.image.bytes),
            "({33432: 'Ada, all rights reserved'}, [])",
            "{arguments}"
        );
    }
}

#[test]
fn other_formats_keep_nothing() {
    for format in [Format::Png, Format::Webp, Format::Gif, Format::Avif] {
        let image = Request::new(&talkative("'JPEG'")).encoded(format);
        assert_eq!(known(&image.image.bytes), "({}, [])", "{format}");
    }
}

#[test]
fn a_picture_without_a_notice_gets_none() {
    let jpeg = Request::new(&saved((64, 48), &painted("RGB"), "'JPEG'")).encoded(Format::Jpeg);
    assert_eq!(known(&jpeg.image.bytes), "({}, [])");
}

#[test]
fn a_notice_as_short_as_its_own_entry_survives() {
    let make = format!(
        "{}\nexif = Image.Exif()\nexif[0x8298] = 'Ada'",
        painted("RGB")
    );
    let image = saved((64, 48), &make, "'JPEG', exif=exif");
    let jpeg = Request::new(&image).encoded(Format::Jpeg);
    assert_eq!(known(&jpeg.image.bytes), "({33432: 'Ada'}, [])");
}

#[test]
fn all_of_exif_is_kept_where_the_caller_asks_for_it_but_for_what_holds_no_longer() {
    let keep = Extension {
        metadata: Some(Metadata::Keep),
        ..Extension::default()
    };
    for arguments in ["'JPEG', dpi=(300, 300)", "'PNG'", "'WEBP'"] {
        let jpeg = Request::new(&talkative(arguments))
            .extension(keep)
            .encoded(Format::Jpeg);
        // The result is upright, and keeps its place, but neither density nor thumbnail.
        let code = "im = Image.open(io.BytesIO(data)); im.load(); exif = im.getexif()\n\
                    place = dict(exif.get_ifd(0x8825)); tags = dict(exif); tags.pop(0x8825)\n\
                    put(repr((im.size, sorted(tags.items()), place, im.info.get('jfif_unit', 0))).encode())";
        assert_eq!(
            String::from_utf8(python(code, &jpeg.image.bytes)).unwrap(),
            "((48, 64), [(271, 'Camera maker'), (274, 1), (33432, 'Ada, all rights reserved')], \
             {1: 'N', 2: (52.0, 30.0, 0.0)}, 0)",
            "{arguments}"
        );
    }
    let png = Request::new(&talkative("'JPEG'"))
        .extension(keep)
        .encoded(Format::Png);
    assert_eq!(known(&png.image.bytes), "({}, [])");
}

#[test]
fn no_metadata_is_kept_when_the_caller_wants_none() {
    let none = Extension {
        metadata: Some(Metadata::None),
        ..Extension::default()
    };
    let jpeg = Request::new(&talkative("'JPEG'"))
        .extension(none)
        .encoded(Format::Jpeg);
    assert_eq!(known(&jpeg.image.bytes), "({}, [])");
}
