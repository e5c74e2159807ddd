//! The initial palette by a variant of median cut (Heckbert 1982): the box of colours with the largest sum of squared
//! distances is split at its centroid until there are enough boxes.

use super::{Premultiplied, centroid::Centroid};

/// Returns the centroids of at most `max` boxes; none if there are no colours.
pub(super) fn centroids(mut colors: Vec<Premultiplied>, max: usize) -> Vec<Premultiplied> {
    let mut boxes = vec![Box::new(&mut colors)];
    while boxes.len() < max {
        let worst = boxes
            .iter()
            .enumerate()
            .filter(|(_, one)| one.spread > 0.0)
            .max_by(|(_, one), (_, other)| one.spread.total_cmp(&other.spread));
        let Some((worst, _)) = worst else { break };
        let (low, high) = boxes.swap_remove(worst).split();
        boxes.extend([low, high]);
    }
    boxes.iter().filter_map(|one| one.centroid).collect()
}

/// A box of colours that are near each other.
struct Box<'a> {
    colors: &'a mut [Premultiplied],
    centroid: Option<Premultiplied>,
    /// The channel along which the colours differ most.
    channel: usize,
    /// The sum of squared distances from the centroid along that channel.
    spread: f32,
}

impl<'a> Box<'a> {
    fn new(colors: &'a mut [Premultiplied]) -> Self {
        let centroid = Centroid::new(colors).get();
        let spreads = spreads(colors, centroid.unwrap_or_default());
        let (channel, spread) = spreads
            .into_iter()
            .enumerate()
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .unwrap_or((0, 0.0));
        Self {
            colors,
            centroid,
            channel,
            spread,
        }
    }

    /// Splits the colours at their centroid along the channel. Neither half is empty as long as there is any spread.
    fn split(self) -> (Self, Self) {
        let Self {
            colors,
            centroid,
            channel,
            ..
        } = self;
        let centroid = centroid.unwrap_or_default()[channel];
        colors.sort_unstable_by(|one, other| one[channel].total_cmp(&other[channel]));
        let at = colors.partition_point(|color| color[channel] < centroid);
        let (low, high) = colors.split_at_mut(at);
        (Self::new(low), Self::new(high))
    }
}

fn spreads(colors: &[Premultiplied], centroid: Premultiplied) -> Premultiplied {
    let mut spreads = [0.0; 4];
    for color in colors {
        for (spread, (value, centroid)) in spreads.iter_mut().zip(color.iter().zip(centroid)) {
            *spread += (value - centroid).powi(2);
        }
    }
    spreads
}
