//! Makes everything but the subject transparent.

mod flood;

use safelight_protocol::ErrorCode;

use crate::{error::ServiceError, image::Image};

/// Multiplies the alpha by a mask of the subject. Colours stay as they are, also at the subject's edge.
///
/// The mask is a model's, or else the part that a flood fill from the edges does not reach.
pub(super) fn segment(
    image: Image,
    model: Option<fn(&Image) -> Vec<u8>>,
) -> Result<Image, ServiceError> {
    let mask = match model {
        Some(model) => model(&image),
        None => flood::foreground_mask(&image),
    };
    if mask.len() != image.size().pixels() {
        return Err(ServiceError::new(
            ErrorCode::Internal,
            format!(
                "a mask of {} pixels for a picture of {}",
                mask.len(),
                image.size()
            ),
        ));
    }
    let mut image = image.into_rgba();
    for (pixel, visible) in image.data_mut().as_chunks_mut::<4>().0.iter_mut().zip(mask) {
        let product = 2 * u32::from(pixel[3]) * u32::from(visible) + 255;
        pixel[3] = u8::try_from(product / 510).unwrap_or(255);
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::segment;
    use crate::{
        image::{Channels, Image},
        options::Size,
    };

    #[test]
    fn a_models_mask_is_multiplied_into_alpha_and_colours_stay() {
        let data = vec![1, 2, 3, 200, 4, 5, 6, 200, 7, 8, 9, 200];
        let image = Image::new(Size::new(3, 1), Channels::Rgba, data).unwrap();
        let masked = segment(image, Some(|_| vec![255, 128, 0])).unwrap();
        assert_eq!(masked.data(), [1, 2, 3, 200, 4, 5, 6, 100, 7, 8, 9, 0]);
    }

    #[test]
    fn a_mask_of_another_size_is_an_error() {
        let image = Image::filled(Size::new(3, 1), Channels::Rgb, [0; 4]);
        assert!(segment(image, Some(|_| vec![255; 2])).is_err());
    }
}
