//! GIF: a palette for every frame. Frames after the first have only the box that changes.

mod change;

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use safelight_protocol::Format;

use self::change::Change;
use super::{
    failed,
    palette::{self, Indexed},
};
use crate::{
    deadline::Deadline,
    error::ServiceError,
    image::{Channels, Image},
    options::{Rect, Size},
    picture::{LoopCount, Picture},
};

/// The lowest alpha of a visible pixel. GIF has no partial transparency.
const MIN_VISIBLE_ALPHA: u8 = 128;

/// Encodes all frames.
pub(super) fn encode(picture: &Picture, deadline: &Deadline) -> Result<Vec<u8>, ServiceError> {
    let size = picture.size();
    let fail = |reason: &dyn std::fmt::Display| failed(Format::Gif, size, reason);
    let [width, height] = sides(size).ok_or_else(|| fail(&"a side has at most 65535 pixels"))?;
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, &[]).map_err(|error| fail(&error))?;
    if picture.is_animated() {
        encoder
            .set_repeat(repeat(picture.loop_count()))
            .map_err(|error| fail(&error))?;
    }
    // A transparent pixel over a visible one requires that the canvas is cleared before.
    let holes = picture
        .frames()
        .any(|frame| pixels(&frame.image).any(|pixel| pixel.is_none()));
    let mut clock = Clock::default();
    let mut before: Option<&Image> = None;
    for frame in picture.frames() {
        deadline.check()?;
        let change = match before {
            Some(before) if !holes => Change::between(before, &frame.image),
            _ => Change::whole(&frame.image),
        };
        let indexed = palette::quantize_with_mask(change.part.size, change.pixels())
            .map_err(|error| fail(&error))?;
        let mut written =
            gif_frame(&indexed, change.part, size).ok_or_else(|| fail(&"too large"))?;
        written.delay = clock.hundredths(frame.delay);
        written.dispose = if holes && picture.is_animated() {
            DisposalMethod::Background
        } else {
            DisposalMethod::Keep
        };
        encoder
            .write_frame(&written)
            .map_err(|error| fail(&error))?;
        before = Some(&frame.image);
    }
    drop(encoder);
    Ok(bytes)
}

fn sides(size: Size) -> Option<[u16; 2]> {
    Some([size.width.try_into().ok()?, size.height.try_into().ok()?])
}

/// Iterates over the pixels of a picture; `None` stands for a transparent one.
fn pixels(image: &Image) -> impl Iterator<Item = Option<[u8; 3]>> + Clone {
    let channels = image.channels();
    image
        .data()
        .chunks_exact(channels.count())
        .map(move |pixel| visible(channels, pixel))
}

fn visible(channels: Channels, pixel: &[u8]) -> Option<[u8; 3]> {
    let there = match channels {
        Channels::Rgb => true,
        Channels::Rgba => pixel[3] >= MIN_VISIBLE_ALPHA,
    };
    there.then(|| [pixel[0], pixel[1], pixel[2]])
}

fn gif_frame(indexed: &Indexed, part: Rect, canvas: Size) -> Option<Frame<'_>> {
    let [width, height] = sides(part.size)?;
    debug_assert!(part.left + part.size.width <= canvas.width, "inside of it");
    let transparent = indexed.colors.iter().position(|color| color[3] == 0);
    Some(Frame {
        width,
        height,
        left: part.left.try_into().ok()?,
        top: part.top.try_into().ok()?,
        transparent: transparent.and_then(|index| index.try_into().ok()),
        palette: Some(
            indexed
                .colors
                .iter()
                .flat_map(|color| [color[0], color[1], color[2]])
                .collect(),
        ),
        buffer: indexed.indices.as_slice().into(),
        ..Frame::default()
    })
}

/// Converts to the stored number, which does not count the first play.
fn repeat(plays: LoopCount) -> Repeat {
    match plays {
        LoopCount::Infinite => Repeat::Infinite,
        LoopCount::Finite(times) => {
            Repeat::Finite(u16::try_from(times.get() - 1).unwrap_or(u16::MAX))
        }
    }
}

/// Rounds delays to hundredths of a second. The errors do not add up.
#[derive(Default)]
struct Clock {
    milliseconds: u64,
    hundredths: u64,
}

impl Clock {
    fn hundredths(&mut self, delay: u32) -> u16 {
        self.milliseconds += u64::from(delay);
        let due = (self.milliseconds + 5) / 10 - self.hundredths;
        self.hundredths += due;
        u16::try_from(due).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn rounded_delays_do_not_add_up_to_another_length() {
        let mut clock = Clock::default();
        let delays: Vec<u16> = (0..6).map(|_| clock.hundredths(33)).collect();
        assert_eq!(delays, [3, 4, 3, 3, 4, 3]);
        assert_eq!(Clock::default().hundredths(u32::MAX), u16::MAX);
    }
}
