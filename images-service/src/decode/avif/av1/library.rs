//! Decodes AV1 by rav1d. A panic in it ends the process that calls it.

use re_rav1d::dav1d::{
    Decoder, Error, Picture, PixelLayout, PlanarImageComponent, Settings,
    pixel::{MatrixCoefficients, YUVRange},
};

use super::{
    super::super::error::DecodeError,
    ChromaSubsampling, CodedImage, Depth, Range,
    coded::{CodedFormat, Extent},
};
use crate::{error::out_of_memory, options::Size};

/// The reason in the error of a valid stream that rav1d does not support.
const UNKNOWN_CODING: &str = "a coding that no decoder here knows";

/// The number of times that the decoder may answer `Again` before it has a picture.
const MAX_ATTEMPTS: usize = 100;

/// Decodes the first picture, which must have the size that the container claims.
pub(in crate::decode::avif) fn decode(data: &[u8], size: Size) -> Result<CodedImage, DecodeError> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(u32::try_from(size.area()).unwrap_or(u32::MAX));
    settings.set_strict_std_compliance(true);
    let mut decoder = Decoder::with_settings(&settings).map_err(decode_error)?;
    let mut sent = decoder.send_data(data.to_vec(), None, None, None);
    let mut picture = decoder.get_picture();
    // The decoder may answer `Again` several times before it takes all of the data.
    for _ in 0..MAX_ATTEMPTS {
        if sent != Err(Error::Again) || picture.is_ok() {
            break;
        }
        sent = decoder.send_pending_data();
        picture = decoder.get_picture();
    }
    let picture = match (picture, sent) {
        (Ok(picture), _) => picture,
        (Err(Error::Again), Ok(())) => return Err(DecodeError::broken("it has no picture")),
        (Err(Error::Again), Err(error)) | (Err(error), _) => return Err(decode_error(error)),
    };
    if [picture.width(), picture.height()] != [size.width, size.height] {
        return Err(DecodeError::broken("it has another size than it claims"));
    }
    let format = format(&picture, size)?;
    format.filled(|plane, extent| copy(&picture, plane, extent))
}

fn format(picture: &Picture, size: Size) -> Result<CodedFormat, DecodeError> {
    let depth = Depth::ALL
        .into_iter()
        .find(|depth| usize::from(depth.bits()) == picture.bit_depth())
        .ok_or_else(|| DecodeError::broken("it has an unknown depth"))?;
    Ok(CodedFormat {
        size,
        depth,
        subsampling: match picture.pixel_layout() {
            PixelLayout::I400 => ChromaSubsampling::Monochrome,
            PixelLayout::I420 => ChromaSubsampling::Yuv420,
            PixelLayout::I422 => ChromaSubsampling::Yuv422,
            PixelLayout::I444 => ChromaSubsampling::Yuv444,
        },
        matrix: code(picture.matrix_coefficients()),
        range: match picture.color_range() {
            YUVRange::Full => Range::Full,
            YUVRange::Limited => Range::Limited,
        },
    })
}

/// Copies the samples of a plane without the padding of its rows.
fn copy(picture: &Picture, plane: usize, extent: Extent) -> Result<Vec<u8>, DecodeError> {
    const COMPONENTS: [PlanarImageComponent; 3] = [
        PlanarImageComponent::Y,
        PlanarImageComponent::U,
        PlanarImageComponent::V,
    ];
    let missing = || DecodeError::broken("it has fewer samples than pixels");
    let component = *COMPONENTS.get(plane).ok_or_else(missing)?;
    let (stride, _) = picture.plane_data_geometry(component);
    let stored = picture.plane(component);
    let mut samples = Vec::with_capacity(extent.row.saturating_mul(extent.rows));
    for row in stored.chunks(stride.max(1) as usize).take(extent.rows) {
        samples.extend_from_slice(row.get(..extent.row).ok_or_else(missing)?);
    }
    match samples.len() == extent.row.saturating_mul(extent.rows) {
        true => Ok(samples),
        false => Err(missing()),
    }
}

/// Returns the code point of a matrix (CICP, ITU-T H.273).
fn code(matrix: MatrixCoefficients) -> u8 {
    match matrix {
        MatrixCoefficients::Identity => 0,
        MatrixCoefficients::BT709 => 1,
        MatrixCoefficients::Unspecified => 2,
        MatrixCoefficients::Reserved => 3,
        MatrixCoefficients::BT470M => 4,
        MatrixCoefficients::BT470BG => 5,
        MatrixCoefficients::ST170M => 6,
        MatrixCoefficients::ST240M => 7,
        MatrixCoefficients::YCgCo => 8,
        MatrixCoefficients::BT2020NonConstantLuminance => 9,
        MatrixCoefficients::BT2020ConstantLuminance => 10,
        MatrixCoefficients::ST2085 => 11,
        MatrixCoefficients::ChromaticityDerivedNonConstantLuminance => 12,
        MatrixCoefficients::ChromaticityDerivedConstantLuminance => 13,
        MatrixCoefficients::ICtCp => 14,
    }
}

fn decode_error(error: Error) -> DecodeError {
    match error {
        Error::UnsupportedBitstream => DecodeError::Unsupported(UNKNOWN_CODING),
        Error::NotEnoughMemory => DecodeError::Limit(out_of_memory()),
        error => DecodeError::broken(format!("AV1: {error}")),
    }
}
