//! Where a palette begins: the colours in boxes, of which the worst is split until there are enough.

use super::Seen;

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
    boxes.iter().filter_map(Box::middle).collect()
}

/// Colours near each other.
struct Box<'a> {
    colors: &'a mut [Seen],
    /// The channel along which they differ most.
    channel: usize,
    /// The sum of squared distances from the middle along that channel.
    spread: f32,
}

impl<'a> Box<'a> {
    fn of(colors: &'a mut [Seen]) -> Self {
        let spreads: [f32; 4] = std::array::from_fn(|channel| spread(colors, channel));
        let (channel, spread) = spreads
            .into_iter()
            .enumerate()
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .unwrap_or((0, 0.0));
        Self {
            colors,
            channel,
            spread,
        }
    }

    fn middle(&self) -> Option<Seen> {
        let count = count(self.colors);
        let mean = |channel| mean(self.colors, channel);
        (count > 0.0).then(|| std::array::from_fn(mean))
    }

    /// Its colours below the mean of the channel, and the others; both are there as long as there is any spread.
    fn split(self) -> (Self, Self) {
        let Self {
            colors, channel, ..
        } = self;
        let mean = mean(colors, channel);
        colors.sort_unstable_by(|one, other| one[channel].total_cmp(&other[channel]));
        let at = colors.partition_point(|color| color[channel] < mean);
        let (low, high) = colors.split_at_mut(at);
        (Self::of(low), Self::of(high))
    }
}

fn spread(colors: &[Seen], channel: usize) -> f32 {
    let mean = mean(colors, channel);
    colors
        .iter()
        .map(|color| (color[channel] - mean).powi(2))
        .sum()
}

fn mean(colors: &[Seen], channel: usize) -> f32 {
    let sum: f32 = colors.iter().map(|color| color[channel]).sum();
    sum / count(colors).max(1.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer than a float counts"
)]
const fn count(colors: &[Seen]) -> f32 {
    colors.len() as f32
}
