//! Mirrors a picture.

use safelight_protocol::Flip;

use crate::image::Image;

/// Mirrors a picture in place.
pub(crate) fn flip(mut image: Image, axes: Flip) -> Image {
    match axes {
        Flip::Horizontal => left_to_right(&mut image),
        Flip::Vertical => top_to_bottom(&mut image),
        Flip::Both => {
            left_to_right(&mut image);
            top_to_bottom(&mut image);
        }
    }
    image
}

fn left_to_right(image: &mut Image) {
    let (stride, pixel) = (image.stride(), image.channels().count());
    if stride == 0 {
        return;
    }
    for row in image.data_mut().chunks_exact_mut(stride) {
        let (mut left, mut right) = (0, stride - pixel);
        while left < right {
            for channel in 0..pixel {
                row.swap(left + channel, right + channel);
            }
            left += pixel;
            right -= pixel;
        }
    }
}

fn top_to_bottom(image: &mut Image) {
    let stride = image.stride();
    let rows = image.size().height as usize;
    let (upper, lower) = image.data_mut().split_at_mut(rows / 2 * stride);
    if stride == 0 {
        return;
    }
    let mirrored = lower.chunks_exact_mut(stride).rev();
    for (above, below) in upper.chunks_exact_mut(stride).zip(mirrored) {
        above.swap_with_slice(below);
    }
}

#[cfg(test)]
mod tests {
    use safelight_protocol::Flip;

    use super::flip;
    use crate::ops::numbered;

    #[test]
    fn each_axis_is_mirrored_by_itself() {
        let flipped = |axes| {
            flip(numbered(3, 2), axes)
                .data()
                .chunks(3)
                .map(|p| p[0])
                .collect::<Vec<_>>()
        };
        assert_eq!(flipped(Flip::Horizontal), [3, 2, 1, 6, 5, 4]);
        assert_eq!(flipped(Flip::Vertical), [4, 5, 6, 1, 2, 3]);
        assert_eq!(flipped(Flip::Both), [6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn a_middle_row_and_column_stay() {
        let flipped = flip(numbered(3, 3), Flip::Both);
        assert_eq!(flipped.data()[4 * 3], 5);
    }
}
