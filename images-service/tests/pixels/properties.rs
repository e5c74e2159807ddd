//! Properties that hold for every picture.

use proptest::prelude::*;
use safelight_images::{
    Models,
    decode::DecodeLimits,
    image::Image,
    ops::Op,
    options::{Draw, Position, Rect, Rotation, Transform, Trim},
    plan::{Bounds, perform, plan},
};
use safelight_protocol::{Composite, Fit, Flip};

use crate::{
    any::{draw, image, transform},
    request::{Request, png, rgba},
};

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
        let transform = Transform { trim: Trim { border: None, ..transform.trim }, ..transform };
        let bounds = Bounds::new(DecodeLimits::default().area, 12_000);
        let Ok(planned) = plan(&transform, image.size(), bounds, Models::default()) else {
            prop_assert!(Request::new(&png(&image)).transform(transform).try_run().is_err());
            return Ok(());
        };
        prop_assert!(planned.complete);
        let result = Request::new(&png(&image)).transform(transform).pixels();
        prop_assert_eq!(result.size(), (planned.size.width, planned.size.height));
        let by_ops = planned.ops.iter().fold(image.size(), |size, op| op.resulting(size));
        prop_assert_eq!(by_ops, planned.size);
    }

    #[test]
    fn a_crop_by_content_lies_inside_the_picture_and_decides_the_rest(
        image in image(),
        transform in transform(),
    ) {
        let (bounds, models) = (Bounds::new(DecodeLimits::default().area, 12_000), Models::default());
        let Ok(done) = perform(&transform, image.clone(), bounds, models, |_, _| Ok(())) else {
            return Ok(());
        };
        let mut size = image.size();
        for op in &done.ops {
            if let Op::Crop(part) | Op::Resize { part, .. } = op {
                let whole = match op { Op::Resize { scaled, .. } => *scaled, _ => size };
                let Rect { left, top, size: kept } = *part;
                prop_assert!(kept.area() > 0);
                prop_assert!(left + kept.width <= whole.width && top + kept.height <= whole.height);
            }
            size = op.resulting(size);
        }
        prop_assert_eq!(done.image.size(), size);

        // The same transform of what the trims have left.
        let crops = done.ops.iter().take_while(|op| matches!(op, Op::Crop(_)));
        let trims = usize::from(transform.trim.border.is_some()) * 2;
        let left = crops.take(trims).fold(image.size(), |size, op| op.resulting(size));
        let rest = Transform { trim: Trim::default(), ..transform.clone() };
        if transform.trim.border.is_some() && transform.crop_target().is_none() {
            prop_assert_eq!(plan(&rest, left, bounds, models).unwrap().size, size);
        }
    }

    #[test]
    fn a_decision_of_one_frame_applies_to_another(
        image in image(),
        transform in transform(),
        other in any::<[u8; 4]>(),
    ) {
        let (bounds, models) = (Bounds::new(DecodeLimits::default().area, 12_000), Models::default());
        let Ok(done) = perform(&transform, image.clone(), bounds, models, |_, _| Ok(())) else {
            return Ok(());
        };
        let replayed = |frame: Image| done.ops.iter().fold(frame, |frame, op| op.apply(frame, models).unwrap());
        prop_assert!(replayed(image.clone()) == done.image);
        let other = Image::filled(image.size(), image.channels(), other);
        prop_assert_eq!(replayed(other).size(), done.image.size());
    }

    #[test]
    fn any_list_of_steps_gives_one_answer_whatever_it_is(
        images in (image(), image()),
        steps in prop::collection::vec((transform(), 0_usize..2, draw()), 1..4),
    ) {
        let run = || {
            let request = Request::new(&png(&images.0)).overlay(&png(&images.1));
            let all = steps.iter().fold(request, |request, (transform, image, draw)| {
                request.transform_image(*image, transform.clone()).draw(1, 0, *draw)
            });
            all.try_run().map(|encoded| (encoded.facts.width, encoded.facts.height, encoded.image.bytes, encoded.facts.warnings))
        };
        let once = run();
        if let Ok((width, height, bytes, _)) = &once {
            prop_assert_eq!(bytes.len(), *width as usize * *height as usize * 4);
        }
        prop_assert!(once == run());
    }

    #[test]
    fn a_resize_to_its_own_size_is_nothing(image in image(), fit in prop::sample::select(Fit::ALL)) {
        let size = image.size();
        let same = Transform {
            width: Some(size.width),
            height: Some(size.height),
            fit: Some(fit),
            ..Transform::default()
        };
        prop_assert!(Request::new(&png(&image)).transform(same).pixels().data == rgba(&image));
    }

    #[test]
    fn the_same_request_gives_the_same_bytes(image in image(), transform in transform()) {
        let once = || Request::new(&png(&image)).transform(transform.clone()).try_run().map(|encoded| encoded.image.bytes);
        prop_assert!(once() == once());
    }

    #[test]
    fn four_quarters_are_nothing(image in image()) {
        let request = (0..4).fold(Request::new(&png(&image)), |request, _| request.transform(turned(Rotation::Quarter)));
        prop_assert!(request.pixels().data == rgba(&image));
    }

    #[test]
    fn a_quarter_and_three_are_nothing(image in image()) {
        let request = Request::new(&png(&image))
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
        let request = Request::new(&png(&image)).transform(flip.clone()).transform(flip);
        prop_assert!(request.pixels().data == rgba(&image));
    }

    #[test]
    fn an_invisible_overlay_changes_nothing(image in image(), overlay in image(), x in -50_i32..50, y in -50_i32..50) {
        let place = Draw { horizontal: Position::Start(x), vertical: Position::End(y), ..Draw::default() };
        let draw = Draw { opacity: 0.0, ..place };
        let request = Request::new(&png(&image)).overlay(&png(&overlay)).draw(1, 0, draw);
        prop_assert!(request.pixels().data == rgba(&image));
    }

    #[test]
    fn a_drawing_keeps_the_bases_size_and_an_opaque_base_opaque(image in image(), overlay in image(), draw in draw()) {
        let result = Request::new(&png(&image)).overlay(&png(&overlay)).draw(1, 0, draw).pixels();
        prop_assert_eq!(result.size(), (image.size().width, image.size().height));
        let keeps = match draw.composite {
            Composite::Over | Composite::Atop | Composite::Lighter => true,
            Composite::In | Composite::Out | Composite::Xor => false,
        };
        if image.is_opaque() && keeps {
            prop_assert!(result.data.iter().skip(3).step_by(4).all(|alpha| *alpha == 255));
        }
    }

    #[test]
    fn an_opaque_picture_stays_opaque_unless_its_padding_is_not(image in image(), transform in transform()) {
        let transparent_pad = transform.background.is_some_and(|color| color.a != 255);
        let transparent = transparent_pad || transform.border.color.a != 255 || transform.segment.is_some();
        if let (true, false, Ok(result)) = (
            image.is_opaque(),
            transparent,
            Request::new(&png(&image)).transform(transform).try_run(),
        ) {
            prop_assert!(result.image.bytes.iter().skip(3).step_by(4).all(|alpha| *alpha == 255));
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
        let _either = Request::new(&[signature, &noise].concat()).try_run();
    }
}
