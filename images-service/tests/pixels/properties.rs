//! What holds for every picture.

use proptest::prelude::*;
use safelight_images::{
    Limits,
    geometry::Size,
    image::{Channels, Image},
    plan::{Bounds, plan},
    request::{Color, Draw, Gravity, Position, Rotation, Transform},
};
use safelight_protocol::{Fit, Flip};

use crate::request::{Request, png, rgba};

fn image() -> impl Strategy<Value = Image> {
    let size = (1_u32..40, 1_u32..40);
    let channels = prop_oneof![Just(Channels::Rgb), Just(Channels::Rgba)];
    (size, channels).prop_flat_map(|((width, height), channels)| {
        let size = Size::new(width, height);
        prop::collection::vec(any::<u8>(), size.bytes(channels))
            .prop_map(move |data| Image::new(size, channels, data).unwrap())
    })
}

fn fit() -> impl Strategy<Value = Fit> {
    prop::sample::select(vec![
        Fit::ScaleDown,
        Fit::ScaleUp,
        Fit::Contain,
        Fit::Cover,
        Fit::Crop,
        Fit::AspectCrop,
        Fit::Pad,
        Fit::Squeeze,
    ])
}

fn gravity() -> impl Strategy<Value = Gravity> {
    let point = (0.0..=1.0, 0.0..=1.0);
    (any::<bool>(), point).prop_map(|(remainder, (x, y))| match remainder {
        true => Gravity::Remainder { x, y },
        false => Gravity::BoxCenter { x, y },
    })
}

prop_compose! {
    fn transform()(
        width in prop::option::of(1_u32..80),
        height in prop::option::of(1_u32..80),
        fit in prop::option::of(fit()),
        gravity in gravity(),
        flip in prop::option::of(prop::sample::select(vec![Flip::Horizontal, Flip::Vertical, Flip::Both])),
        rotate in prop::sample::select(vec![Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters]),
        background in prop::option::of(any::<[u8; 4]>()),
    ) -> Transform {
        let background = background.map(|[r, g, b, a]| Color { r, g, b, a });
        Transform { width, height, fit, gravity, flip, rotate, background }
    }
}

fn turned(rotate: Rotation) -> Transform {
    Transform {
        rotate,
        ..Transform::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn the_size_is_the_one_that_was_planned(image in image(), transform in transform()) {
        let bounds = Bounds::new(&Limits::default(), 12_000);
        let planned = plan(&transform, image.size(), bounds).unwrap();
        let result = Request::of(&png(&image)).transform(transform).pixels();
        prop_assert_eq!(result.size(), (planned.size.width, planned.size.height));
        let by_ops = planned.ops.iter().fold(image.size(), |size, op| op.resulting(size));
        prop_assert_eq!(by_ops, planned.size);
    }

    #[test]
    fn the_same_request_gives_the_same_bytes(image in image(), transform in transform()) {
        let once = || Request::of(&png(&image)).transform(transform.clone()).pixels().data;
        prop_assert!(once() == once());
    }

    #[test]
    fn four_quarters_are_nothing(image in image()) {
        let request = (0..4).fold(Request::of(&png(&image)), |request, _| request.transform(turned(Rotation::Quarter)));
        prop_assert!(request.pixels().data == rgba(&image));
    }

    #[test]
    fn a_quarter_and_three_are_nothing(image in image()) {
        let request = Request::of(&png(&image))
            .transform(turned(Rotation::ThreeQuarters))
            .transform(turned(Rotation::Quarter));
        prop_assert!(request.pixels().data == rgba(&image));
    }

    #[test]
    fn every_mirror_undoes_itself(
        image in image(),
        axes in prop::sample::select(vec![Flip::Horizontal, Flip::Vertical, Flip::Both]),
    ) {
        let flip = Transform { flip: Some(axes), ..Transform::default() };
        let request = Request::of(&png(&image)).transform(flip.clone()).transform(flip);
        prop_assert!(request.pixels().data == rgba(&image));
    }

    #[test]
    fn an_invisible_overlay_changes_nothing(image in image(), overlay in image(), x in -50_i32..50, y in -50_i32..50) {
        let draw = Draw { opacity: 0.0, horizontal: Position::Start(x), vertical: Position::End(y) };
        let request = Request::of(&png(&image)).overlay(&png(&overlay)).draw(1, 0, draw);
        prop_assert!(request.pixels().data == rgba(&image));
    }

    #[test]
    fn a_drawing_keeps_the_bases_size_and_an_opaque_base_opaque(
        image in image(),
        overlay in image(),
        opacity in 0.0_f32..=1.0,
        x in -50_i32..50,
    ) {
        let draw = Draw { opacity, horizontal: Position::Start(x), vertical: Position::Center };
        let result = Request::of(&png(&image)).overlay(&png(&overlay)).draw(1, 0, draw).pixels();
        prop_assert_eq!(result.size(), (image.size().width, image.size().height));
        if image.is_opaque() {
            prop_assert!(result.data.iter().skip(3).step_by(4).all(|alpha| *alpha == 255));
        }
    }

    #[test]
    fn an_opaque_picture_stays_opaque_unless_its_padding_is_not(image in image(), transform in transform()) {
        let transparent_pad = transform.background.is_some_and(|color| color.a != 255);
        if image.is_opaque() && !transparent_pad {
            let result = Request::of(&png(&image)).transform(transform).pixels();
            prop_assert!(result.data.iter().skip(3).step_by(4).all(|alpha| *alpha == 255));
        }
    }

    #[test]
    fn noise_behind_any_signature_is_never_more_than_an_error(
        signature in prop::sample::select(vec![
            &b"\xFF\xD8\xFF\xE0"[..],
            b"\x89PNG\r\n\x1A\n",
            b"RIFF\xFF\0\0\0WEBPVP8 ",
            b"RIFF\xFF\0\0\0WEBPVP8L",
            b"RIFF\xFF\0\0\0WEBPVP8X",
            b"GIF89a",
            b"\0\0\0\x1Cftypavif\0\0\0\0avifmif1miaf\0\0",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let _either = Request::of(&[signature, &noise].concat()).try_run();
    }
}
