//! One axis of a scale: its kernel, and the part of the source that it reads.

use std::cmp::Ordering;

use fast_image_resize::FilterType;

/// One axis of a scale.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    /// The length before scaling.
    pub(super) source: u32,
    /// The length after scaling.
    pub(super) scaled: u32,
    /// The start of the kept part after scaling.
    pub(super) start: u32,
    /// The length of the kept part after scaling.
    pub(super) length: u32,
}

impl Axis {
    /// Returns the kernel; `None` if the axis keeps its length.
    pub(super) fn filter(self) -> Option<FilterType> {
        match self.scaled.cmp(&self.source) {
            Ordering::Less => Some(FilterType::Lanczos3),
            Ordering::Equal => None,
            Ordering::Greater => Some(FilterType::CatmullRom),
        }
    }

    /// Returns the kept part in the source's coordinates, never beyond the source's end.
    pub(super) fn kept(self) -> Span {
        if self.start == 0 && self.length == self.scaled {
            return Span::whole(self.source);
        }
        let factor = f64::from(self.source) / f64::from(self.scaled.max(1));
        Span {
            start: f64::from(self.start) * factor,
            length: f64::from(self.length) * factor,
        }
        .within(self.source)
    }

    /// Returns the source's pixels that the kept part depends on, and a few more.
    pub(super) fn needed(self) -> Pixels {
        /// The largest radius of a kernel, in pixels of the shorter axis.
        const REACH: f64 = 3.0;

        let Span { start, length } = self.kept();
        let reach = REACH * (f64::from(self.source) / f64::from(self.scaled.max(1))).max(1.0) + 1.0;
        let first = pixel(start - reach).min(self.source.saturating_sub(1));
        let last = pixel(start + length + reach)
            .saturating_add(1)
            .min(self.source);
        Pixels {
            first,
            length: last - first,
        }
    }
}

/// A run of whole pixels.
#[derive(Clone, Copy)]
pub(super) struct Pixels {
    pub(super) first: u32,
    pub(super) length: u32,
}

impl Pixels {
    pub(super) fn exact(self) -> Span {
        Span {
            start: f64::from(self.first),
            length: f64::from(self.length),
        }
    }
}

/// A stretch of one axis, in fractions of pixels.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: f64,
    pub(super) length: f64,
}

impl Span {
    pub(super) fn whole(length: u32) -> Self {
        Self {
            start: 0.0,
            length: f64::from(length),
        }
    }

    /// Returns the same stretch of an axis from which everything outside of `kept` is removed.
    pub(super) fn after(self, kept: Pixels) -> Self {
        Self {
            start: self.start - f64::from(kept.first),
            ..self
        }
        .within(kept.length)
    }

    /// Shortens the stretch to the axis, which rounding may have exceeded. A sum within the axis can exceed it from
    /// another start nearer to zero, where floats are finer.
    fn within(self, axis: u32) -> Self {
        Self {
            length: self.length.min(f64::from(axis) - self.start),
            ..self
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates: what lies before the first pixel is the first pixel"
)]
fn pixel(at: f64) -> u32 {
    at as u32
}

#[cfg(test)]
mod tests {
    use super::{Axis, Span};

    /// Returns every part of an axis that ends where the axis does, and with it every rounding of its end.
    fn at_the_far_end(longest: u32) -> impl Iterator<Item = Axis> {
        let sides = move || 1..=longest;
        sides().flat_map(move |source| {
            sides().flat_map(move |scaled| {
                (0..scaled).map(move |start| Axis {
                    source,
                    scaled,
                    start,
                    length: scaled - start,
                })
            })
        })
    }

    /// Whether the library accepts a stretch: it refuses one whose end, a sum of floats, exceeds the axis.
    fn is_inside(span: Span, axis: u32) -> bool {
        span.start >= 0.0 && span.length > 0.0 && span.start + span.length <= f64::from(axis)
    }

    #[test]
    fn no_part_ends_beyond_its_axis_nor_beyond_what_is_left_of_it_between_the_passes() {
        for axis in at_the_far_end(160) {
            let Axis {
                source,
                scaled,
                start,
                ..
            } = axis;
            let place = format!("from {start} to the end of {source} scaled to {scaled}");
            assert!(is_inside(axis.kept(), source), "{place}");
            let needed = axis.needed();
            let left = axis.kept().after(needed);
            assert!(
                is_inside(left, needed.length),
                "{place}, after the first pass"
            );
        }
    }
}
