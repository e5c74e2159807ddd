//! JPEG: baseline and progressive; grey, colour and CMYK.

mod markers;
mod scaled;

use libjpeg_turbo_rs::{
    DecodeLimits, Decoder as TurboDecoder, JpegError, PixelFormat, ScalingFactor,
};
use zune_jpeg::{
    JpegDecoder as ZuneDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

pub(super) use self::markers::has_no_metadata;
use self::markers::{Coding, Frame};
use super::{
    Options,
    error::DecodeError,
    header::Header,
    header_limits::HeaderLimits,
    raw::{ColorModel, RawImage, SampleBuffer},
    shrink::Shrink,
    sniff::Kind,
};
use crate::{decode::JpegDecoder, image::Channels, metadata::Exif};

pub(super) fn header(bytes: &[u8], limits: HeaderLimits<'_>) -> Result<Header, DecodeError> {
    let frame = markers::frame(bytes)?;
    limits.check_size(frame.size)?;
    let mut decoder = decoder(bytes);
    decoder.decode_headers().map_err(DecodeError::broken)?;
    Ok(Header {
        kind: Kind::Jpeg,
        stored: frame.size,
        frames: 1,
        channels: Channels::Rgb,
        memory: frame.size.area().saturating_mul(cost(&frame)),
        shrinks: matches!(frame.components, 1 | 3),
        icc: decoder.icc_profile(),
        exif: Exif::read(decoder.exif().cloned()),
    })
}

pub(super) fn pixels(
    bytes: &[u8],
    header: &Header,
    options: Options<'_>,
) -> Result<RawImage, DecodeError> {
    let scans = markers::check_complete(bytes)?;
    match options.jpeg {
        JpegDecoder::Turbo if header.shrinks => {
            if scans == 1
                && options.shrink != Shrink::NONE
                && let Some(raw) = scaled::decode(bytes, header.stored, options.shrink)?
            {
                return Ok(raw);
            }
            turbo(bytes, header, options.shrink)
        }
        JpegDecoder::Turbo | JpegDecoder::Zune => zune(bytes, header),
    }
}

/// Decodes with libjpeg-turbo-rs. It is strict by itself: a scan with fewer codes than its picture needs is an error.
fn turbo(bytes: &[u8], header: &Header, shrink: Shrink) -> Result<RawImage, DecodeError> {
    let limits = DecodeLimits {
        max_width: usize::from(u16::MAX),
        max_height: usize::from(u16::MAX),
        max_pixels: header.stored.area(),
        max_scans: MAX_SCANS,
        max_memory: None,
    };
    let mut decoder = TurboDecoder::new_with_limits(bytes, limits).map_err(decode_error)?;
    decoder.set_scale(factor(shrink).map_err(decode_error)?);
    let image = decoder.decode_image().map_err(decode_error)?;
    let model = match image.pixel_format {
        PixelFormat::Grayscale => ColorModel::Gray,
        PixelFormat::Rgb => ColorModel::Rgb,
        _ => return Err(DecodeError::broken("it has other colours than it claims")),
    };
    let size = shrink.reduced(header.stored);
    if [image.width, image.height] != [size.width as usize, size.height as usize] {
        return Err(DecodeError::broken("it has another size than it claims"));
    }
    Ok(RawImage {
        size,
        model,
        samples: SampleBuffer::Eight(image.data),
    })
}

/// Converts eighths to a fraction in its lowest terms, which the library requires.
fn factor(shrink: Shrink) -> Result<ScalingFactor, JpegError> {
    let eighths = shrink.eighths();
    let common = [8, 4, 2, 1]
        .into_iter()
        .find(|n| eighths.is_multiple_of(*n));
    let common = common.unwrap_or(1);
    ScalingFactor::try_new(eighths / common, 8 / common)
}

/// The maximum number of scans. Encoders write far fewer, and the bound limits the time for all of them.
const MAX_SCANS: usize = 1000;

fn decode_error(error: JpegError) -> DecodeError {
    match error {
        JpegError::Unsupported(_) => {
            DecodeError::Unsupported("a coding that no decoder here knows")
        }
        JpegError::UnexpectedEof => DecodeError::broken("it is cut short"),
        error => DecodeError::broken(error),
    }
}

fn zune(bytes: &[u8], header: &Header) -> Result<RawImage, DecodeError> {
    let mut decoder = decoder(bytes);
    decoder.decode_headers().map_err(DecodeError::broken)?;
    let input = decoder.input_colorspace();
    let (model, delivered) = match input {
        Some(ColorSpace::Luma) => (ColorModel::Gray, ColorSpace::Luma),
        Some(ColorSpace::CMYK) => (ColorModel::Cmyk, ColorSpace::CMYK),
        Some(ColorSpace::YCCK) => (ColorModel::Cmyk, ColorSpace::YCCK),
        _ => (ColorModel::Rgb, ColorSpace::RGB),
    };
    decoder.set_options(options().jpeg_set_out_colorspace(delivered));
    let mut samples = decoder.decode().map_err(DecodeError::broken)?;
    if delivered == ColorSpace::YCCK {
        ycck_to_cmyk(&mut samples);
    }
    if samples.len() != header.stored.pixels() * delivered.num_components() {
        return Err(DecodeError::broken("it has another size than it claims"));
    }
    Ok(RawImage {
        size: header.stored,
        model,
        samples: SampleBuffer::Eight(samples),
    })
}

fn decoder(bytes: &[u8]) -> ZuneDecoder<ZCursor<&[u8]>> {
    ZuneDecoder::new_with_options(ZCursor::new(bytes), options())
}

fn options() -> DecoderOptions {
    DecoderOptions::default()
        // In strict mode, the decoder does not fill what it cannot read with grey. zune-jpeg 0.5 still does so where a
        // scan has fewer codes than its picture needs and a marker follows. A file that is cut short has no such
        // marker.
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
}

/// Returns the bytes that decoding takes for every pixel: the planes, a second picture while the colours are converted,
/// and all coefficients of a progressive file.
const fn cost(frame: &Frame) -> u64 {
    let samples = frame.components as u64;
    match frame.coding {
        Coding::Sequential => 4 + samples,
        Coding::Progressive => 4 + samples + samples * 2,
    }
}

/// Converts YCCK to inverted CMYK: Y, Cb and Cr become the complements of red, green and blue.
fn ycck_to_cmyk(samples: &mut [u8]) {
    for pixel in samples.chunks_exact_mut(4) {
        let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let rgb = [
            y + 1.402 * cr,
            y - 0.344_136 * cb - 0.714_136 * cr,
            y + 1.772 * cb,
        ];
        for (channel, value) in pixel.iter_mut().zip(rgb) {
            *channel = 255 - to_byte(value);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
}
