//! Computes a foreground mask by flood fill from the edges, as an approximation without a model.

use crate::{
    image::{Channels, Image},
    options::Size,
};

/// The largest Euclidean distance of a background pixel from the colour of the edge pixel at which its fill began.
const MAX_DISTANCE: i32 = 24;

/// Returns 255 for every pixel that the fill does not reach, with a soft outline.
pub(super) fn foreground_mask(image: &Image) -> Vec<u8> {
    let mut mask = match image.channels() {
        Channels::Rgb => flood_fill(image.data().as_chunks::<3>().0, image.size()),
        Channels::Rgba => flood_fill(image.data().as_chunks::<4>().0, image.size()),
    };
    soften(&mut mask, image.size());
    mask
}

fn flood_fill<const PIXEL: usize>(pixels: &[[u8; PIXEL]], size: Size) -> Vec<u8> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut mask = vec![255; pixels.len()];
    // Pairs of a background pixel and the edge pixel at which its fill began.
    let mut front: Vec<(u32, u32)> = Vec::new();
    let columns = (0..width).flat_map(|x| [x, (height - 1) * width + x]);
    let rows = (1..height.saturating_sub(1)).flat_map(|y| [y * width, y * width + width - 1]);
    for edge in columns.chain(rows) {
        if let (Some(value), Ok(edge)) = (mask.get_mut(edge), u32::try_from(edge)) {
            *value = 0;
            front.push((edge, edge));
        }
    }
    let mut next = Vec::new();
    while !front.is_empty() {
        for (at, edge) in front.drain(..) {
            let (at, color) = (at as usize, pixels[edge as usize]);
            let column = at % width;
            let around = [
                (column > 0).then(|| at - 1),
                (column + 1 < width).then_some(at + 1),
                at.checked_sub(width),
                Some(at + width),
            ];
            for neighbour in around.into_iter().flatten() {
                let Some(value) = mask.get_mut(neighbour).filter(|value| **value > 0) else {
                    continue;
                };
                if let (true, Ok(number)) =
                    (near(color, pixels[neighbour]), u32::try_from(neighbour))
                {
                    *value = 0;
                    next.push((number, edge));
                }
            }
        }
        std::mem::swap(&mut front, &mut next);
    }
    mask
}

fn near<const PIXEL: usize>(one: [u8; PIXEL], other: [u8; PIXEL]) -> bool {
    let square = |(one, other): (u8, u8)| (i32::from(one) - i32::from(other)).pow(2);
    one.into_iter().zip(other).map(square).sum::<i32>() <= MAX_DISTANCE * MAX_DISTANCE
}

/// Applies the kernel (1 2 1)/4 once along both axes. Pixels at the edge are repeated.
fn soften(mask: &mut [u8], size: Size) {
    let width = size.width as usize;
    if width == 0 {
        return;
    }
    let mut previous = mask[..width].to_vec();
    let mut current = previous.clone();
    let mut sums = vec![0_u16; width + 2];
    for start in (0..mask.len()).step_by(width) {
        let (row, rest) = mask[start..].split_at_mut(width);
        current.copy_from_slice(row);
        let next = rest.get(..width).unwrap_or(&current);
        let columns = previous.iter().zip(&current).zip(next);
        for (sum, ((up, middle), down)) in sums[1..].iter_mut().zip(columns) {
            *sum = u16::from(*up) + 2 * u16::from(*middle) + u16::from(*down);
        }
        (sums[0], sums[width + 1]) = (sums[1], sums[width]);
        for (value, sums) in row.iter_mut().zip(sums.windows(3)) {
            let sum = u32::from(sums[0]) + 2 * u32::from(sums[1]) + u32::from(sums[2]);
            *value = u8::try_from((sum + 8) / 16).unwrap_or(255);
        }
        std::mem::swap(&mut previous, &mut current);
    }
}

#[cfg(test)]
mod tests {
    use super::foreground_mask;
    use crate::{
        image::{Channels, Image},
        options::Size,
    };

    /// Returns the mask of a picture with one letter per pixel. `look` gives the colour of each letter.
    fn mask(rows: &[&str], look: fn(char) -> [u8; 3]) -> Vec<Vec<u8>> {
        let size = Size::new(
            u32::try_from(rows[0].len()).unwrap(),
            u32::try_from(rows.len()).unwrap(),
        );
        let data = rows
            .iter()
            .flat_map(|row| row.chars().flat_map(look))
            .collect();
        let image = Image::new(size, Channels::Rgb, data).unwrap();
        foreground_mask(&image)
            .chunks(rows[0].len())
            .map(<[u8]>::to_vec)
            .collect()
    }

    fn two_tones(letter: char) -> [u8; 3] {
        match letter {
            '#' => [200, 30, 30],
            _ => [250, 250, 250],
        }
    }

    #[test]
    fn what_differs_from_the_edges_stays_and_its_outline_is_soft() {
        let rows = [
            ".......", ".......", "..###..", "..###..", "..###..", ".......", ".......",
        ];
        let mask = mask(&rows, two_tones);
        assert_eq!(mask[3], [0, 64, 191, 255, 191, 64, 0]);
        assert_eq!(mask[0], [0; 7]);
        assert_eq!(mask[2][2], 143, "9/16 at the corner");
    }

    #[test]
    fn a_hole_in_the_subject_is_not_reached() {
        let rows = [
            "...........",
            ".#########.",
            ".#########.",
            ".#########.",
            ".####.####.",
            ".#########.",
            ".#########.",
            ".#########.",
            "...........",
        ];
        assert_eq!(mask(&rows, two_tones)[4][5], 255);
    }

    #[test]
    fn a_slow_gradient_is_followed_only_as_far_as_its_edge_colour_allows() {
        // Each pixel is 8 brighter than the one to its left: the fill from 0 reaches 24, and the fill from 88 reaches
        // 64. The rows above and below are edges of their own.
        let data: Vec<u8> = (0..12_u8).flat_map(|x| [x * 8, 0, 0]).collect();
        let rows: Vec<u8> = (0..5)
            .flat_map(|y| match y {
                0 | 4 => vec![255; 36],
                _ => data.clone(),
            })
            .collect();
        let image = Image::new(Size::new(12, 5), Channels::Rgb, rows).unwrap();
        let mask = foreground_mask(&image);
        let middle = [0, 0, 0, 64, 191, 255, 255, 191, 64, 0, 0, 0];
        assert_eq!(mask[24..36], middle);
    }

    #[test]
    fn pictures_without_an_inside_have_no_subject() {
        for (width, height) in [(1, 1), (2, 2), (5, 1), (1, 5), (9, 2)] {
            let image = Image::filled(Size::new(width, height), Channels::Rgba, [7; 4]);
            assert!(foreground_mask(&image).iter().all(|value| *value == 0));
        }
    }
}
