//! Any picture, any transform, any drawing.

use proptest::prelude::*;
use safelight_images::{
    image::{Channels, Image},
    options::{
        Border, BorderTrim, Color, ColorAdjustments, Cuts, Draw, Gravity, Length, Position,
        Rotation, Size, Transform, Trim,
    },
};
use safelight_protocol::{Composite, Fit, Flip, Repeat, Segment, Upscale};

pub(crate) fn image() -> impl Strategy<Value = Image> {
    let size = (1_u32..40, 1_u32..40);
    let channels = prop_oneof![Just(Channels::Rgb), Just(Channels::Rgba)];
    (size, channels).prop_flat_map(|((width, height), channels)| {
        let size = Size::new(width, height);
        // Few colours often make borders.
        let noise = prop_oneof![
            any::<u8>().boxed(),
            prop::sample::select(vec![0_u8, 0, 0, 0, 255]).boxed()
        ];
        prop::collection::vec(noise, channels.bytes(size))
            .prop_map(move |data| Image::new(size, channels, data).unwrap())
    })
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(prop::sample::select(values))
}

fn color() -> impl Strategy<Value = Color> {
    any::<[u8; 4]>().prop_map(|[r, g, b, a]| Color { r, g, b, a })
}

fn length() -> impl Strategy<Value = Option<Length>> {
    prop::option::weighted(
        0.3,
        prop_oneof![
            (0_u32..30).prop_map(Length::Pixels),
            (0.01..0.99).prop_map(Length::Fraction)
        ],
    )
}

prop_compose! {
    fn trim()(
        [top, right, bottom, left, width, height] in [length(), length(), length(), length(), length(), length()],
        border in prop::option::of((prop::option::of(color()), any::<u8>(), 0_u32..5)),
    ) -> Trim {
        let border = border.map(|(color, tolerance, keep)| BorderTrim { color, tolerance, keep });
        Trim { cuts: Cuts { top, right, bottom, left, width, height }, border }
    }
}

fn gravity() -> impl Strategy<Value = Gravity> {
    let point = (0.0..=1.0, 0.0..=1.0);
    prop_oneof![
        point.clone().prop_map(|(x, y)| Gravity::Remainder { x, y }),
        point.prop_map(|(x, y)| Gravity::BoxCenter { x, y }),
        Just(Gravity::Auto),
        Just(Gravity::Entropy),
        Just(Gravity::Face),
    ]
}

prop_compose! {
    fn border()(color in color(), [top, right, bottom, left] in [0_u32..9, 0..9, 0..9, 0..9]) -> Border {
        Border { color, top, right, bottom, left }
    }
}

fn factor() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), 0.01..3.0, 3.0..=255.0]
}

prop_compose! {
    fn adjustments()(
        (brightness, contrast, gamma) in (factor(), factor(), factor()),
        saturation in prop_oneof![Just(0.0).boxed(), factor().boxed()],
    ) -> ColorAdjustments {
        ColorAdjustments { brightness, contrast, gamma, saturation }
    }
}

prop_compose! {
    pub(crate) fn transform()(
        trim in trim(),
        (flip, rotate) in (
            maybe(Flip::ALL.to_vec()),
            prop::sample::select(vec![Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters]),
        ),
        (width, height) in (prop::option::of(1_u32..80), prop::option::of(1_u32..80)),
        (fit, gravity, zoom) in (maybe(Fit::ALL.to_vec()), gravity(), 0.0..=1.0),
        (segment, upscale) in (maybe(Segment::ALL.to_vec()), maybe(Upscale::ALL.to_vec())),
        (background, border) in (prop::option::of(color()), border()),
        adjustments in adjustments(),
        (sharpen, blur) in (0.0..=10.0, prop_oneof![Just(0), 0_u32..20, 0_u32..=250]),
    ) -> Transform {
        Transform {
            trim, flip, rotate, segment, width, height,
            width_share: None,
            height_share: None, fit, gravity, zoom, upscale, background, border, adjustments, sharpen, blur,
        }
    }
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        Just(Position::Center),
        (-50..50).prop_map(Position::Start),
        (-50..50).prop_map(Position::End),
        any::<i32>().prop_map(Position::Start),
    ]
}

prop_compose! {
    pub(crate) fn draw()(
        opacity in 0.0_f32..=1.0,
        composite in prop::sample::select(Composite::ALL),
        repeat in maybe(vec![Repeat::Both, Repeat::X, Repeat::Y]),
        (horizontal, vertical) in (position(), position()),
    ) -> Draw {
        Draw { opacity, composite, repeat, horizontal, vertical }
    }
}
