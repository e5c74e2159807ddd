//! Where a palette begins: the colours in boxes, of which the worst is split until there are enough.

use super::{Seen, middle::Middle};

/// The middles of at most so many boxes; none where there are no colours.
pub(super) fn middles(mut colors: Vec<Seen>, most: usize) -> Vec<Seen> {
    let mut boxes = vec![Box::of(&mut colors)];
    while boxes.len() < most {
        let worst = boxes
            .iter()
            .enumerate()
            .filter(|(_, one)| one.spread > 0.0)
            .max_by(|(_, one), (_, other)| one.spread.total_cmp(&other.spread));
        let Some((worst, _)) = worst else { break };
        let (low, high) = boxes.swap_remove(worst).split();
        boxes.extend([low, high]);
    }
    boxes.iter().filter_map(|one| one.middle).collect()
}

/// Colours near each other.
struct Box<'a> {
    colors: &'a mut [Seen],
    middle: Option<Seen>,
    /// The channel along which they differ most.
    channel: usize,
    /// The sum of squared distances from the middle along that channel.
    spread: f32,
}

impl<'a> Box<'a> {
    fn of(colors: &'a mut [Seen]) -> Self {
        let middle = Middle::of(colors).get();
        let spreads = spreads(colors, middle.unwrap_or_default());
        let (channel, spread) = spreads
            .into_iter()
            .enumerate()
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .unwrap_or((0, 0.0));
        Self {
            colors,
            middle,
            channel,
            spread,
        }
    }

    /// Its colours below the middle of the channel, and the others; both are there as long as there is any spread.
    fn split(self) -> (Self, Self) {
        let Self {
            colors,
            middle,
            channel,
            ..
        } = self;
        let middle = middle.unwrap_or_default()[channel];
        colors.sort_unstable_by(|one, other| one[channel].total_cmp(&other[channel]));
        let at = colors.partition_point(|color| color[channel] < middle);
        let (low, high) = colors.split_at_mut(at);
        (Self::of(low), Self::of(high))
    }
}

fn spreads(colors: &[Seen], middle: Seen) -> Seen {
    let mut spreads = [0.0; 4];
    for color in colors {
        for (spread, (value, middle)) in spreads.iter_mut().zip(color.iter().zip(middle)) {
            *spread += (value - middle).powi(2);
        }
    }
    spreads
}
