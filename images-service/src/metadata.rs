//! Metadata of images: reads, filters and writes EXIF.

mod exif;
mod filter;
pub(crate) mod orientation;
mod tiff;
mod tiff_writer;

pub(crate) use self::exif::Exif;
use self::{
    exif::COPYRIGHT,
    tiff::{Field, Order},
    tiff_writer::{Directories, Fields, MAX_SEGMENT_BYTES},
};

/// The metadata that a result keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The EXIF copyright notice, as the file has it.
    pub copyright: Option<Vec<u8>>,
    /// The EXIF that is still true of the result, the notice included: a TIFF structure for one segment of a JPEG.
    pub exif: Option<Vec<u8>>,
}

/// Returns a TIFF structure whose only field is a copyright notice.
pub(crate) fn copyright_exif(notice: &[u8]) -> Vec<u8> {
    let mut text: Vec<u8> = notice.iter().copied().take(MAX_SEGMENT_BYTES).collect();
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
    // The padding is dropped, because nothing follows the value that would have to begin at an even offset.
    tiff.truncate(tiff.len() - padding);
    tiff
}
