//! The plan of one request, which follows from the seed of the soak and the request's number alone.

use std::time::Duration;

use fastrand::Rng;
use safelight_harness::Fault;

/// Sizes of bodies, in bytes.
const MIN_BODY: f64 = 1_000.0;
const MAX_BODY: f64 = 15_000_000.0;
/// The same in whole bytes.
pub(crate) const MAX_BODY_BYTES: u64 = 15_000_000;
/// The worker holds these whole, and 16 requests share its memory.
const MAX_HELD: f64 = 2_000_000.0;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) number: u64,
    pub(crate) route: Route,
    /// The seed of its content.
    pub(crate) seed: u64,
    /// Width and height of the picture, whose pixels have three bytes each.
    pub(crate) size: (u32, u32),
    pub(crate) fault: Option<Fault>,
    pub(crate) sends: Pace,
    pub(crate) reads: Pace,
    pub(crate) leaves: Leaves,
    /// Whether it resets the connection instead of closing it.
    pub(crate) resets: bool,
}

/// The route of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    PassedOn,
    Pumped,
    Careful,
    Echo,
    Copied,
    Noise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Fast,
    /// This many bytes in every tick.
    Slow(usize),
}

/// The event at which the client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    Never,
    /// This many bytes of its upload are sent.
    Sending(usize),
    /// It has waited this long.
    Waiting(Duration),
    /// It has read this many bytes.
    Reading(usize),
}

impl Route {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::PassedOn => "/passed-on",
            Self::Pumped => "/pumped",
            Self::Careful => "/careful",
            Self::Echo => "/echo",
            Self::Copied => "/copied",
            Self::Noise => "/noise",
        }
    }

    /// Returns whether its answer comes from Images.
    pub(crate) fn needs_images(self) -> bool {
        match self {
            Self::PassedOn | Self::Pumped | Self::Careful => true,
            Self::Echo | Self::Copied | Self::Noise => false,
        }
    }
}

impl Plan {
    /// The request of this number.
    pub(crate) fn new(soak: u64, number: u64) -> Self {
        let mut rng = Rng::with_seed(soak.wrapping_mul(1_000_003).wrapping_add(number));
        let route = match rng.u8(..100) {
            0..40 => Route::PassedOn,
            40..60 => Route::Pumped,
            60..75 => Route::Careful,
            75..84 => Route::Echo,
            84..92 => Route::Copied,
            _ => Route::Noise,
        };
        let largest = match route {
            Route::Careful => MAX_HELD,
            _ => MAX_BODY,
        };
        let bytes = MIN_BODY * (largest / MIN_BODY).powf(rng.f64());
        let size = rectangle(bytes, &mut rng);
        let mut plan = Self {
            number,
            route,
            seed: rng.u64(..),
            size,
            fault: None,
            sends: Pace::Fast,
            reads: Pace::Fast,
            leaves: Leaves::Never,
            resets: rng.bool(),
        };
        let bytes = plan.bytes();
        if route.needs_images() && rng.u8(..100) < 25 {
            plan.break_something(bytes, &mut rng);
        }
        if rng.u8(..100) < 15 {
            plan.sends = slow(bytes, &mut rng);
        }
        if rng.u8(..100) < 25 {
            plan.reads = slow(bytes, &mut rng);
        }
        if rng.u8(..100) < 12 && plan.leaves == Leaves::Never {
            plan.leaves = match rng.u8(..3) {
                0 if route != Route::Noise => Leaves::Sending(rng.usize(..bytes)),
                1 => Leaves::Waiting(Duration::from_millis(rng.u64(..60))),
                _ => Leaves::Reading(rng.usize(..bytes)),
            };
        }
        plan
    }

    /// Makes a request without faults and without delays.
    pub(crate) fn plain(number: u64, route: Route) -> Self {
        Self {
            number,
            route,
            seed: number,
            size: (300, 200),
            fault: None,
            sends: Pace::Fast,
            reads: Pace::Fast,
            leaves: Leaves::Never,
            resets: false,
        }
    }

    /// Bytes of its content.
    pub(crate) fn bytes(&self) -> usize {
        self.size.0 as usize * self.size.1 as usize * 3
    }

    /// Returns whether the request must succeed, whatever happens to others.
    pub(crate) fn must_succeed(&self) -> bool {
        !self.route.needs_images() && self.leaves == Leaves::Never
    }

    fn break_something(&mut self, bytes: usize, rng: &mut Rng) {
        let offset = rng.u64(..bytes as u64);
        let pace = u32::try_from(bytes / 100).unwrap_or(u32::MAX).max(8_192);
        let tick = Duration::from_millis(2);
        self.fault = Some(match rng.u8(..100) {
            0..15 => Fault::delay("IMAGES", Duration::from_millis(rng.u64(1..80))),
            15..25 => Fault::slow_reader("IMAGES", pace, tick),
            25..35 => Fault::slow_writer("IMAGES", pace, tick),
            35..55 => Fault::truncate("IMAGES", offset),
            55..70 => Fault::corrupt("IMAGES", offset),
            70..80 => Fault::reset("IMAGES"),
            80..86 => {
                // It lasts as long as its client waits. One that only closes is waited for half a minute longer,
                // which has a test of its own.
                self.resets = true;
                self.leaves = Leaves::Waiting(Duration::from_millis(rng.u64(20..200)));
                Fault::hang("IMAGES")
            }
            86..92 => Fault::error("IMAGES", *one_of(&[9402, 9412, 9516, 9522, 9523], rng)),
            92..96 => Fault::status("IMAGES", *one_of(&[404, 429, 500, 503], rng)),
            96..98 => Fault::crash_pixels("IMAGES"),
            _ => Fault::crash("IMAGES"),
        });
    }
}

/// Returns the sides of a rectangle of about `bytes` bytes.
fn rectangle(bytes: f64, rng: &mut Rng) -> (u32, u32) {
    let pixels = bytes / 3.0;
    let width = (pixels.sqrt() * (0.5 + rng.f64())).floor().max(1.0);
    let height = (pixels / width).floor().max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both are whole numbers between one and some thousands"
    )]
    (width as u32, height as u32)
}

/// A pace at which a body of any size takes between a tenth of a second and a second.
fn slow(bytes: usize, rng: &mut Rng) -> Pace {
    Pace::Slow((bytes / rng.usize(20..200)).max(512))
}

fn one_of<'a, T>(list: &'a [T], rng: &mut Rng) -> &'a T {
    &list[rng.usize(..list.len())]
}
