//! The `transforms` array: the steps of all images, in order.
//!
//! The base is image 0; the k-th overlay part of the form is image k. The array is flat: a drawing that was
//! nested in the client is complete before the command that draws it.

use serde::Serialize;

use crate::{ImageDrawOptions, ImageTransform};

/// Key that names the image which a transform changes.
pub const IMAGE_INDEX: &str = "imageIndex";
/// Key that names the overlay of a draw command, and by which a draw command is recognised.
pub const DRAW_IMAGE_INDEX: &str = "drawImageIndex";
/// Key that names the image which an overlay is drawn onto.
pub const TARGET_IMAGE_INDEX: &str = "targetImageIndex";

/// One element of the `transforms` array, as the client writes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// One `transform()`.
    Transform {
        /// The image that is changed.
        #[serde(rename = "imageIndex")]
        image: usize,
        /// Its options.
        #[serde(flatten)]
        options: Box<ImageTransform>,
    },
    /// One `draw()`.
    Draw {
        /// The overlay.
        #[serde(rename = "drawImageIndex")]
        overlay: usize,
        /// The image that it is drawn onto.
        #[serde(rename = "targetImageIndex")]
        target: usize,
        /// Its options.
        #[serde(flatten)]
        options: ImageDrawOptions,
    },
}

#[cfg(test)]
mod tests {
    use super::Step;
    use crate::{Border, Fit, ImageDrawOptions, ImageTransform, Repeat, Trim};

    #[test]
    fn steps_are_written_flat_and_without_what_was_not_set() {
        let steps = [
            Step::Transform {
                image: 2,
                options: Box::new(ImageTransform::new().width(40).fit(Fit::ScaleDown)),
            },
            Step::Draw {
                overlay: 2,
                target: 1,
                options: ImageDrawOptions::new().top(0).repeat(Repeat::X),
            },
        ];
        assert_eq!(
            serde_json::to_string(&steps).unwrap(),
            r#"[{"imageIndex":2,"width":40.0,"fit":"scale-down"},{"drawImageIndex":2,"targetImageIndex":1,"repeat":"x","top":0.0}]"#
        );
    }

    #[test]
    fn borders_and_trims_have_the_platforms_shapes() {
        let json = |options| serde_json::to_string::<ImageTransform>(&options).unwrap();
        let new = ImageTransform::new;
        assert_eq!(
            json(
                new()
                    .trim(Trim::border())
                    .border(Border::new(3).color("red"))
            ),
            r#"{"trim":{"border":true},"border":{"color":"red","width":3.0}}"#
        );
        assert_eq!(
            json(new().trim(Trim::sides([1.0, 0.0, 0.5, 2.0]))),
            r#"{"trim":{"top":1.0,"right":0.0,"bottom":0.5,"left":2.0}}"#
        );
    }
}
