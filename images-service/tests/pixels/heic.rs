//! HEIC: the files that libheif encodes, as our decoder reads them.

use safelight_images::decode::{DecodeLimits, info};

use crate::{
    pillow::{painted, python, saved},
    request::{Pixels, Request},
};

/// Code that teaches Pillow the format.
const HEIF: &str = "import pillow_heif; pillow_heif.register_heif_opener()";

pub(crate) fn heic(size: (u32, u32), mode: &str, more: &str, arguments: &str) -> Vec<u8> {
    let make = format!("{HEIF}\n{}\n{more}", painted(mode));
    saved(size, &make, &format!("'HEIF', {arguments}"))
}

fn seen_by_libheif(file: &[u8]) -> Pixels {
    let code = format!(
        "{HEIF}\nim = Image.open(io.BytesIO(data)).convert('RGBA')\n\
         for n in im.size: put(n.to_bytes(4, 'big'))\nput(im.tobytes())"
    );
    let told = python(&code, file);
    let side = |at: usize| u32::from_be_bytes(told[at..at + 4].try_into().unwrap());
    Pixels {
        width: side(0),
        height: side(4),
        data: told[8..].to_vec(),
    }
}

#[test]
fn every_kind_is_seen_alike() {
    for mode in ["RGB", "RGBA", "L"] {
        for (arguments, bound) in [
            ("quality=90, chroma=444", 1.0),
            ("quality=90, chroma=420", 1.5),
            ("quality=30, chroma=420", 1.5),
        ] {
            for size in [(97, 61), (256, 192), (640, 480)] {
                let file = heic(size, mode, "", arguments);
                let (ours, theirs) = (Request::new(&file).pixels(), seen_by_libheif(&file));
                assert_eq!(ours.size(), theirs.size(), "{mode} {arguments}");
                let mean = ours.mean_error(&theirs.data);
                assert!(mean < bound, "{mode} {arguments} {size:?}: {mean}");
            }
        }
    }
}

#[test]
fn every_orientation_stands_upright() {
    for orientation in 1..=8 {
        let exif =
            format!("exif = Image.Exif()\nexif[0x0112] = {orientation}\nexif = exif.tobytes()");
        let file = heic((96, 64), "RGB", &exif, "quality=90, chroma=444, exif=exif");
        let (ours, theirs) = (Request::new(&file).pixels(), seen_by_libheif(&file));
        assert_eq!(ours.size(), theirs.size(), "orientation {orientation}");
        let mean = ours.mean_error(&theirs.data);
        assert!(mean < 1.0, "orientation {orientation}: {mean}");
    }
}

#[test]
fn info_tells_what_it_is() {
    let told = info(
        &heic((96, 64), "RGB", "", "quality=50"),
        &DecodeLimits::default(),
    )
    .unwrap();
    assert_eq!(told.format, "image/heic");
    let raster = told.raster.unwrap();
    assert_eq!((raster.width, raster.height), (96, 64));
}
