//! Metadata of images: EXIF is read, filtered and written here.

mod exif;
mod filter;
pub(crate) mod orientation;
mod tiff;
mod tiff_writer;

pub(crate) use self::exif::Exif;
use self::{
    exif::COPYRIGHT,
    tiff::{Field, Order},
    tiff_writer::{Directories, Fields},
};

/// What survives of an image besides its pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The EXIF copyright notice, as it stands there.
    pub copyright: Option<Vec<u8>>,
    /// All of EXIF that still holds, which has the notice in it: a TIFF structure for one segment of a JPEG.
    pub exif: Option<Vec<u8>>,
}

/// A TIFF structure whose only field is a copyright notice.
pub(crate) fn copyright_exif(notice: &[u8]) -> Vec<u8> {
    /// A segment of a JPEG has room for 64 KB.
    const MAX_BYTES: usize = 60_000;

    let mut text: Vec<u8> = notice.iter().copied().take(MAX_BYTES).collect();
    if text.last() != Some(&0) {
        text.push(0);
    }
    let padding = match text.len() {
        0..=4 => 0,
        length => length % 2,
    };
    let directories = Directories {
        main: Fields::from([(COPYRIGHT, Field::ascii(&text))]),
        exif: None,
        gps: None,
    };
    let mut tiff = tiff_writer::write(Order::Little, directories);
    // Nothing follows the value that would have to begin at an even offset.
    tiff.truncate(tiff.len() - padding);
    tiff
}
