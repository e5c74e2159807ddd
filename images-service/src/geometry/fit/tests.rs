//! The rules of fit and gravity, with the specification's own numbers.

use safelight_protocol::Fit;

use super::{Layout, Padding, Target, layout, padding};
use crate::options::{Gravity, Rect, Size};

const EVERY_FIT: [Fit; 8] = [
    Fit::ScaleDown,
    Fit::ScaleUp,
    Fit::Contain,
    Fit::Cover,
    Fit::Crop,
    Fit::AspectCrop,
    Fit::Pad,
    Fit::Squeeze,
];

/// A layout with the canvas that `pad` puts it on.
#[derive(Debug, PartialEq)]
struct Fitted {
    scaled: Size,
    crop: Option<Rect>,
    padding: Option<Padding>,
}

impl Fitted {
    const fn scaled(size: Size) -> Self {
        Self {
            scaled: size,
            crop: None,
            padding: None,
        }
    }

    fn size(&self) -> Size {
        match (self.padding, self.crop) {
            (Some(padding), _) => padding.canvas,
            (None, Some(crop)) => crop.size,
            (None, None) => self.scaled,
        }
    }
}

fn fit(source: (u32, u32), fit: Fit, width: Option<u32>, height: Option<u32>) -> Fitted {
    let target = Target {
        width,
        height,
        fit,
        gravity: Gravity::default(),
    };
    let Layout { scaled, crop } = layout(Size::new(source.0, source.1), target).unwrap();
    let canvas = width.zip(height).filter(|_| fit == Fit::Pad);
    Fitted {
        scaled,
        crop,
        padding: canvas.and_then(|(width, height)| padding(scaled, Size::new(width, height))),
    }
}

fn sizes(source: (u32, u32), kind: Fit, width: u32, height: u32) -> [(u32, u32); 2] {
    let layout = fit(source, kind, Some(width), Some(height));
    [layout.scaled, layout.size()].map(|size| (size.width, size.height))
}

#[test]
fn both_dimensions_scale_crop_and_pad_as_the_fit_says() {
    let wide = (1080, 720);
    for (source, kind, (width, height), scaled, result) in [
        (wide, Fit::ScaleDown, (500, 500), (500, 333), (500, 333)),
        (wide, Fit::ScaleDown, (2000, 2000), wide, wide),
        (wide, Fit::ScaleDown, (2000, 360), (540, 360), (540, 360)),
        (wide, Fit::ScaleUp, (500, 500), wide, wide),
        (wide, Fit::ScaleUp, (2160, 500), wide, wide),
        (wide, Fit::ScaleUp, (2160, 2160), (2160, 1440), (2160, 1440)),
        (wide, Fit::Contain, (2160, 2160), (2160, 1440), (2160, 1440)),
        (wide, Fit::Contain, (500, 500), (500, 333), (500, 333)),
        (wide, Fit::Cover, (500, 500), (750, 500), (500, 500)),
        (wide, Fit::Cover, (1440, 1440), (2160, 1440), (1440, 1440)),
        (wide, Fit::Crop, (1296, 1296), wide, wide),
        (wide, Fit::Crop, (500, 500), (750, 500), (500, 500)),
        ((400, 300), Fit::Crop, (300, 600), (400, 300), (300, 300)),
        ((400, 300), Fit::Crop, (600, 200), (400, 300), (400, 200)),
        (wide, Fit::AspectCrop, (500, 500), (750, 500), (500, 500)),
        (
            (612, 613),
            Fit::AspectCrop,
            (1920, 1120),
            (612, 613),
            (612, 357),
        ),
        (
            (400, 300),
            Fit::AspectCrop,
            (300, 600),
            (400, 300),
            (150, 300),
        ),
        (wide, Fit::Pad, (1080, 1080), wide, (1080, 1080)),
        (wide, Fit::Pad, (500, 500), (500, 333), (500, 500)),
        (wide, Fit::Squeeze, (1080, 540), (1080, 540), (1080, 540)),
    ] {
        assert_eq!(
            sizes(source, kind, width, height),
            [scaled, result],
            "{source:?} {kind} {width}x{height}"
        );
    }
}

#[test]
fn one_dimension_alone_keeps_the_ratio() {
    let source = (400, 300);
    let width = |kind, width| fit(source, kind, Some(width), None);
    let height = |kind, height| fit(source, kind, None, Some(height));
    for (kind, smaller, larger) in [
        (Fit::ScaleDown, (200, 150), (400, 300)),
        (Fit::ScaleUp, (400, 300), (800, 600)),
        (Fit::Contain, (200, 150), (800, 600)),
        (Fit::Cover, (200, 150), (800, 600)),
        (Fit::Crop, (200, 150), (400, 300)),
        (Fit::AspectCrop, (200, 150), (400, 300)),
        (Fit::Pad, (200, 150), (800, 600)),
    ] {
        let scaled = |(width, height)| Fitted::scaled(Size::new(width, height));
        assert_eq!(width(kind, 200), scaled(smaller), "{kind} w=200");
        assert_eq!(width(kind, 800), scaled(larger), "{kind} w=800");
        assert_eq!(height(kind, 150), scaled(smaller), "{kind} h=150");
        assert_eq!(height(kind, 600), scaled(larger), "{kind} h=600");
    }
}

#[test]
fn squeeze_with_one_dimension_keeps_the_other_as_it_is() {
    let source = (400, 300);
    assert_eq!(
        fit(source, Fit::Squeeze, Some(80), None).size(),
        Size::new(80, 300)
    );
    assert_eq!(
        fit(source, Fit::Squeeze, None, Some(80)).size(),
        Size::new(400, 80)
    );
}

#[test]
fn no_dimension_means_no_change() {
    for kind in EVERY_FIT {
        assert_eq!(
            fit((7, 5), kind, None, None),
            Fitted::scaled(Size::new(7, 5)),
            "{kind}"
        );
    }
}

#[test]
fn the_other_side_is_rounded_half_up_and_never_zero() {
    assert_eq!(
        fit((4, 3), Fit::Contain, Some(2), None).size(),
        Size::new(2, 2)
    );
    assert_eq!(
        fit((1000, 1), Fit::Contain, Some(10), None).size(),
        Size::new(10, 1)
    );
    assert_eq!(
        fit((1, 1000), Fit::Pad, Some(10), Some(10)).scaled,
        Size::new(1, 10)
    );
}

#[test]
fn padding_is_centred_and_the_odd_pixel_goes_right_and_down() {
    let padding = |source, width, height| fit(source, Fit::Pad, Some(width), Some(height)).padding;
    let bands = padding((1080, 720), 1080, 1080).unwrap();
    assert_eq!((bands.left, bands.top), (0, 180));
    let odd = padding((2, 2), 2, 5).unwrap();
    assert_eq!(
        odd,
        Padding {
            left: 0,
            top: 1,
            canvas: Size::new(2, 5)
        }
    );
    assert_eq!(padding((2, 2), 4, 4), None, "nothing to fill");
}

fn crop(source: (u32, u32), requested: (u32, u32), gravity: Gravity) -> (u32, u32) {
    let target = Target {
        width: Some(requested.0),
        height: Some(requested.1),
        fit: Fit::Cover,
        gravity,
    };
    let Rect { left, top, .. } = layout(Size::new(source.0, source.1), target)
        .and_then(|layout| layout.crop)
        .unwrap();
    (left, top)
}

#[test]
fn a_remainder_divides_what_is_cropped_away() {
    let gravity = |x, y| Gravity::Remainder { x, y };
    assert_eq!(crop((900, 900), (900, 300), gravity(0.5, 0.33)), (0, 198));
    assert_eq!(crop((900, 900), (900, 300), gravity(0.5, 0.0)), (0, 0));
    assert_eq!(crop((900, 900), (900, 300), gravity(0.5, 1.0)), (0, 600));
    assert_eq!(crop((1080, 720), (500, 500), gravity(0.5, 0.5)), (125, 0));
    assert_eq!(
        crop((5, 2), (2, 2), gravity(0.5, 0.5)),
        (2, 0),
        "1.5 rounds up"
    );
}

#[test]
fn a_box_is_centred_on_its_point_and_stays_inside() {
    let gravity = |x, y| Gravity::BoxCenter { x, y };
    assert_eq!(crop((900, 900), (900, 300), gravity(0.5, 0.33)), (0, 147));
    assert_eq!(crop((900, 900), (900, 300), gravity(0.5, 0.05)), (0, 0));
    assert_eq!(crop((900, 900), (900, 300), gravity(0.5, 0.95)), (0, 600));
    assert_eq!(
        crop((10, 3), (3, 3), gravity(0.5, 0.5)),
        (4, 0),
        "3.5 rounds up"
    );
}

#[test]
fn a_side_beyond_all_numbers_has_no_layout() {
    let target = Target {
        width: Some(12_000),
        height: Some(12_000),
        fit: Fit::Cover,
        gravity: Gravity::default(),
    };
    assert_eq!(layout(Size::new(1, 100_000_000), target), None);
}
