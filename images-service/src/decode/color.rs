//! Converts samples of any colour model and profile to 8-bit sRGB.

mod profile;

use std::sync::Arc;

use moxcms::{
    ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformExecutor,
    TransformOptions,
};

use super::{
    error::DecodeError,
    raw::{ColorModel, RawImage, SampleBuffer},
};
use crate::image::{Channels, Image};

/// Converts the frames of a picture to sRGB. The profile is parsed once, and each transform is created once.
pub(super) struct ToSrgb {
    /// The parsed profile, or the reason why it cannot be used. `None` if the file has no profile.
    profile: Option<Result<ColorProfile, String>>,
    /// The transforms created so far, one for each colour model.
    prepared: Vec<(ColorModel, Prepared)>,
}

/// A transform of 8-bit samples; `None` if the samples are sRGB already.
type Prepared = Result<Option<Arc<Transform8BitExecutor>>, String>;

impl ToSrgb {
    /// Creates a converter by the profile. Without one, samples count as sRGB.
    pub(super) fn new(icc: Option<&[u8]>) -> Self {
        Self {
            profile: icc.map(profile::read),
            prepared: Vec::new(),
        }
    }

    /// Converts one frame. A profile that cannot be used gives a warning, and the samples count as sRGB.
    pub(super) fn convert(
        &mut self,
        raw: RawImage,
    ) -> Result<(Image, Option<String>), DecodeError> {
        let RawImage { size, model, .. } = raw;
        let (samples, warning) = match self.by_profile(&raw) {
            Ok(None) => (without_profile(raw), None),
            Ok(Some(converted)) => (converted, None),
            Err(reason) => (
                without_profile(raw),
                Some(format!("colour profile ignored: {reason}")),
            ),
        };
        let image = Image::new(size, model.channels(), samples)
            .ok_or_else(|| DecodeError::broken("it has another size than it claims"))?;
        Ok((image, warning))
    }

    /// Converts by the profile. Returns `None` if there is no profile, or if it is sRGB.
    fn by_profile(&mut self, raw: &RawImage) -> Result<Option<Vec<u8>>, String> {
        let profile = match &self.profile {
            None => return Ok(None),
            Some(Err(reason)) => return Err(reason.clone()),
            Some(Ok(profile)) => profile,
        };
        let pixels = raw.len() / raw.model.count();
        let length = pixels * raw.model.channels().count();
        let samples = match &raw.samples {
            SampleBuffer::Eight(samples) => samples,
            SampleBuffer::Sixteen(samples) => {
                let converted = apply(&*transform_16bit(profile, raw.model)?, samples, length)?;
                return Ok(Some(converted.into_iter().map(to_eight).collect()));
            }
        };
        let known = self
            .prepared
            .iter()
            .position(|(model, _)| *model == raw.model);
        let at = known.unwrap_or_else(|| {
            self.prepared
                .push((raw.model, transform_8bit(profile, raw.model)));
            self.prepared.len() - 1
        });
        let transform = match self.prepared.get(at) {
            Some((_, Ok(Some(transform)))) => transform,
            Some((_, Ok(None))) | None => return Ok(None),
            Some((_, Err(reason))) => return Err(reason.clone()),
        };
        if raw.model == ColorModel::Cmyk {
            let ink: Vec<u8> = samples.iter().map(|paper| 255 - paper).collect();
            return apply(&**transform, &ink, length).map(Some);
        }
        apply(&**transform, samples, length).map(Some)
    }
}

/// Creates a transform of 8-bit samples.
fn transform_8bit(profile: &ColorProfile, model: ColorModel) -> Prepared {
    let layout = layout(profile, model)?;
    let srgb = ColorProfile::new_srgb();
    let transform = profile
        .create_transform_8bit(layout, &srgb, model.target(), TransformOptions::default())
        .map_err(|error| error.to_string())?;
    match model == ColorModel::Rgb && is_srgb(&*transform)? {
        true => Ok(None),
        false => Ok(Some(transform)),
    }
}

/// Creates a transform of 16-bit samples. It is not kept, because no animation has 16 bits.
fn transform_16bit(
    profile: &ColorProfile,
    model: ColorModel,
) -> Result<Arc<moxcms::Transform16BitExecutor>, String> {
    let layout = layout(profile, model)?;
    let srgb = ColorProfile::new_srgb();
    profile
        .create_transform_16bit(layout, &srgb, model.target(), TransformOptions::default())
        .map_err(|error| error.to_string())
}

/// Returns the memory layout of the samples, if the profile describes their colour space.
fn layout(profile: &ColorProfile, model: ColorModel) -> Result<Layout, String> {
    let (space, layout) = model.layout();
    if profile.color_space == space {
        return Ok(layout);
    }
    let found = profile.color_space;
    Err(format!(
        "it describes {found:?}, and the picture is {model:?}"
    ))
}

impl ColorModel {
    /// Returns the colour space that the profile must describe, and the memory layout of the samples.
    const fn layout(self) -> (DataColorSpace, Layout) {
        match self {
            Self::Gray => (DataColorSpace::Gray, Layout::Gray),
            Self::GrayAlpha => (DataColorSpace::Gray, Layout::GrayAlpha),
            Self::Rgb => (DataColorSpace::Rgb, Layout::Rgb),
            Self::Rgba => (DataColorSpace::Rgb, Layout::Rgba),
            Self::Cmyk => (DataColorSpace::Cmyk, Layout::Rgba),
        }
    }

    const fn target(self) -> Layout {
        match self.channels() {
            Channels::Rgb => Layout::Rgb,
            Channels::Rgba => Layout::Rgba,
        }
    }
}

/// Converts samples without a profile: grey is repeated, inverted CMYK is multiplied, 16 bits are rounded to 8.
fn without_profile(raw: RawImage) -> Vec<u8> {
    let samples = match raw.samples {
        SampleBuffer::Eight(samples) => samples,
        SampleBuffer::Sixteen(samples) => samples.into_iter().map(to_eight).collect(),
    };
    match raw.model {
        ColorModel::Rgb | ColorModel::Rgba => samples,
        ColorModel::Gray => samples.iter().flat_map(|gray| [*gray; 3]).collect(),
        ColorModel::GrayAlpha => samples
            .chunks_exact(2)
            .flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]])
            .collect(),
        ColorModel::Cmyk => samples
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]].map(|paper| share(paper, pixel[3])))
            .collect(),
    }
}

/// `a · b / 255`, rounded half up.
fn share(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b);
    u8::try_from((2 * product + 255) / 510).unwrap_or(255)
}

/// `value · 255 / 65535`, rounded half up.
fn to_eight(value: u16) -> u8 {
    u8::try_from((u32::from(value) + 128) / 257).unwrap_or(255)
}

fn apply<T: Copy + Default>(
    transform: &(impl TransformExecutor<T> + ?Sized),
    samples: &[T],
    length: usize,
) -> Result<Vec<T>, String> {
    let mut converted = vec![T::default(); length];
    transform
        .transform(samples, &mut converted)
        .map_err(|error| error.to_string())?;
    Ok(converted)
}

/// Whether a transform is the identity up to its own rounding. Most profiles are sRGB under one of many names. A test
/// of 4,096 colours is surer than a comparison of names, and costs little.
fn is_srgb(transform: &(impl TransformExecutor<u8> + ?Sized)) -> Result<bool, String> {
    let steps = (0..=255_u8).step_by(17);
    let colors: Vec<u8> = steps
        .clone()
        .flat_map(|r| {
            let steps = steps.clone();
            steps
                .clone()
                .flat_map(move |g| steps.clone().flat_map(move |b| [r, g, b]))
        })
        .collect();
    let converted = apply(transform, &colors, colors.len())?;
    Ok(colors
        .iter()
        .zip(&converted)
        .all(|(a, b)| a.abs_diff(*b) <= 1))
}
