//! PNG of every colour type and depth. An APNG gives its default image.

use std::io::Cursor;

use png::{
    BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Limits, Reader, Transformations,
};

use super::{
    error::DecodeError,
    header::Header,
    header_limits::HeaderLimits,
    limits::MAX_CHUNK_BYTES,
    raw::{ColorModel, RawImage, SampleBuffer},
    sniff::Kind,
};
use crate::{image::Channels, metadata::Exif, options::Size};

type File<'a> = Cursor<&'a [u8]>;

pub(super) fn header(bytes: &[u8], limits: HeaderLimits<'_>) -> Result<Header, DecodeError> {
    let mut decoder = decoder(bytes);
    let first = decoder.read_header_info().map_err(decode_error)?;
    let stored = Size::new(first.width, first.height);
    limits.check_size(stored)?;

    let reader = decoder.read_info().map_err(decode_error)?;
    let info = reader.info();
    let transparent = info.trns.is_some() || has_alpha(info.color_type);
    Ok(Header {
        kind: Kind::Png,
        stored,
        frames: 1,
        channels: if transparent {
            Channels::Rgba
        } else {
            Channels::Rgb
        },
        // The samples as bytes, and again as numbers if they have two bytes each.
        memory: stored.area().saturating_mul(match info.bit_depth {
            BitDepth::Sixteen => 2 * 4 * 2,
            BitDepth::One | BitDepth::Two | BitDepth::Four | BitDepth::Eight => 4,
        }),
        shrinks: false,
        icc: info.icc_profile.as_ref().map(|profile| profile.to_vec()),
        exif: Exif::read(info.exif_metadata.as_ref().map(|exif| exif.to_vec())),
    })
}

/// Whether the file has no metadata, no density, no colour space but sRGB, and no bytes after IEND.
pub(super) fn has_no_metadata(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    loop {
        let Some((head, content)) = rest.split_first_chunk::<8>() else {
            return false;
        };
        let [l3, l2, l1, l0, name @ ..] = *head;
        let length = u32::from_be_bytes([l3, l2, l1, l0]) as usize;
        // A checksum follows the content.
        let Some(after) = content.get(length.saturating_add(4)..) else {
            return false;
        };
        rest = after;
        match &name {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"sRGB" => {}
            b"IEND" => return rest.is_empty(),
            _ => return false,
        }
    }
}

pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<RawImage, DecodeError> {
    let mut reader = decoder(bytes).read_info().map_err(decode_error)?;
    let (color, depth) = reader.output_color_type();
    let model = match color {
        ColorType::Grayscale => ColorModel::Gray,
        ColorType::GrayscaleAlpha => ColorModel::GrayAlpha,
        ColorType::Rgb => ColorModel::Rgb,
        ColorType::Rgba => ColorModel::Rgba,
        ColorType::Indexed => return Err(DecodeError::broken("its palette is missing")),
    };
    let length = header.stored.pixels() * model.count() * depth as usize / 8;
    if reader.output_buffer_size() != Some(length) {
        return Err(DecodeError::broken("it has another size than it claims"));
    }
    let mut data = vec![0; length];
    read_whole(&mut reader, &mut data)?;
    Ok(RawImage {
        size: header.stored,
        model,
        samples: match depth {
            BitDepth::Sixteen => {
                let (pairs, _) = data.as_chunks::<2>();
                SampleBuffer::Sixteen(pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
            }
            _ => SampleBuffer::Eight(data),
        },
    })
}

/// Reads the default image, then all chunks up to IEND. A file without IEND is cut short.
fn read_whole(reader: &mut Reader<File<'_>>, data: &mut [u8]) -> Result<(), DecodeError> {
    reader.next_frame(data).map_err(decode_error)?;
    reader.finish().map_err(decode_error)
}

fn decoder(bytes: &[u8]) -> Decoder<File<'_>> {
    let mut options = DecodeOptions::default();
    options.set_ignore_checksums(false);
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits {
        bytes: MAX_CHUNK_BYTES,
    });
    // Palettes, depths below 8 bits and transparent colours are expanded to plain samples.
    decoder.set_transformations(Transformations::EXPAND);
    decoder
}

const fn has_alpha(color: ColorType) -> bool {
    match color {
        ColorType::GrayscaleAlpha | ColorType::Rgba => true,
        ColorType::Grayscale | ColorType::Rgb | ColorType::Indexed => false,
    }
}

fn decode_error(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::LimitsExceeded => DecodeError::Limit(crate::error::ServiceError::new(
            safelight_protocol::ErrorCode::TooManyPixels,
            "the image needs more memory beside its pixels than is allowed",
        )),
        DecodingError::IoError(_) => DecodeError::broken("it is cut short"),
        DecodingError::Format(_) | DecodingError::Parameter(_) => DecodeError::broken(error),
    }
}
