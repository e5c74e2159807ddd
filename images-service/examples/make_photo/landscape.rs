//! A lake between mountains, a little after sunset.

use safelight_images::{
    image::{Channels, Image},
    options::Size,
};

use crate::{
    mix,
    noise::{clouds, crests, random, value},
    smooth, to_byte,
};

const WIDTH: u16 = 4000;
const HEIGHT: u16 = 3000;

/// The upper edge of the water, as a fraction of the height from the top, as all heights are.
const SHORE: f32 = 0.62;

/// The position of the sunset, as a fraction of the width from the left.
const SUN: f32 = 0.64;

type Color = [f32; 3];

const ZENITH: Color = [0.07, 0.10, 0.25];
const MIDDLE: Color = [0.33, 0.27, 0.48];
const ROSE: Color = [0.86, 0.47, 0.45];
const GLOW: Color = [1.00, 0.76, 0.42];
const NIGHT: Color = [0.035, 0.045, 0.075];

/// Paints the landscape. The bytes are the same in every run.
pub(crate) fn paint() -> Option<Image> {
    let ranges: Vec<Vec<f32>> = RANGES.iter().map(Range::skyline).collect();
    let firs = Firs::plant();
    let mut data = Vec::with_capacity(usize::from(WIDTH) * usize::from(HEIGHT) * 3);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let color = finish(x, y, scene(x, y, &ranges, &firs));
            data.extend(color.map(to_byte));
        }
    }
    let size = Size::new(WIDTH.into(), HEIGHT.into());
    Image::new(size, Channels::Rgb, data)
}

fn scene(x: u16, y: u16, ranges: &[Vec<f32>], firs: &Firs) -> Color {
    let (u, v) = (
        f32::from(x) / f32::from(WIDTH),
        f32::from(y) / f32::from(HEIGHT),
    );
    if let Some(color) = firs.at(x, v) {
        return color;
    }
    if let Some(color) = meadow(u, v) {
        return color;
    }
    if v < SHORE {
        land(usize::from(x), u, v, ranges)
    } else {
        water(u, v, ranges)
    }
}

/// Returns the colour of the nearest mountain at a point, or of the sky.
fn land(column: usize, u: f32, v: f32, ranges: &[Vec<f32>]) -> Color {
    let near = RANGES.iter().zip(ranges).rev();
    for (range, skyline) in near {
        let top = skyline.get(column).copied().unwrap_or(1.0);
        if v > top {
            return range.slope(u, v, top);
        }
    }
    sky(u, v)
}

fn sky(u: f32, v: f32) -> Color {
    let height = (v / SHORE).clamp(0.0, 1.0);
    let upper = mix(ZENITH, MIDDLE, height / 0.55);
    let mut color = mix(upper, ROSE, smooth(0.45, 0.98, height));
    let (dx, dy) = ((u - SUN) * 1.5, (height - 0.93) * 1.15);
    let distance = (dx * dx + dy * dy).sqrt();
    color = mix(color, GLOW, (-distance * 3.4).exp() * 1.05);
    for (channel, warmth) in color.iter_mut().zip([0.16, 0.10, 0.03]) {
        *channel += warmth * (-distance * 9.0).exp();
    }
    veiled(u, v, height, distance, color)
}

/// Adds clouds: long drifts, dark above and lit from below where the sun still reaches them.
fn veiled(u: f32, v: f32, height: f32, distance: f32, sky: Color) -> Color {
    let drift = clouds(u * 3.0, v * 11.0, 3, 40) * 0.35;
    let here = |v: f32| clouds(u * 5.0 + drift, v * 19.0 + drift, 7, 11);
    let thick = here(v);
    let cover =
        smooth(0.52, 0.74, thick) * smooth(0.02, 0.25, height) * (1.0 - smooth(0.9, 1.0, height));
    // A cloud that gets thinner downwards shows its lit belly.
    let belly = ((thick - here(v + 0.008)) * 7.0 + 0.25).clamp(0.0, 1.0);
    let shade = mix([0.19, 0.17, 0.31], [0.42, 0.30, 0.42], height);
    let lit = mix(
        [0.93, 0.47, 0.45],
        [1.0, 0.73, 0.47],
        (-distance * 2.2).exp() * 1.3,
    );
    let cloud = mix(shade, lit, belly * (0.25 + (-distance * 1.6).exp()));
    let mut color = mix(sky, cloud, cover * 0.9);
    let dark = (1.0 - height * 2.2).max(0.0) * (1.0 - cover);
    let star = star(u, v) * dark;
    for channel in &mut color {
        *channel += star;
    }
    color
}

/// A few early stars.
fn star(u: f32, v: f32) -> f32 {
    let (x, y) = (u * 120.0, v * 90.0);
    let (column, row) = (whole(x), whole(y));
    if random(column, row, 71) < 0.93 {
        return 0.0;
    }
    let (dx, dy) = (
        x - x.floor() - 0.2 - 0.6 * random(column, row, 72),
        y - y.floor() - 0.2 - 0.6 * random(column, row, 73),
    );
    let size = 0.02 + 0.03 * random(column, row, 74);
    (-(dx * dx + dy * dy) / (size * size)).exp() * 0.8
}

/// One chain of mountains.
struct Range {
    /// The mean height of its skyline.
    at: f32,
    /// The amplitude of its peaks.
    relief: f32,
    /// The number of peaks along the picture's width.
    peaks: f32,
    /// The share of haze in its colour, from 0 to 1.
    haze: f32,
    seed: u32,
}

const RANGES: [Range; 4] = [
    Range {
        at: 0.49,
        relief: 0.20,
        peaks: 3.1,
        haze: 0.86,
        seed: 101,
    },
    Range {
        at: 0.535,
        relief: 0.15,
        peaks: 4.3,
        haze: 0.66,
        seed: 202,
    },
    Range {
        at: 0.585,
        relief: 0.11,
        peaks: 5.2,
        haze: 0.40,
        seed: 303,
    },
    Range {
        at: 0.617,
        relief: 0.055,
        peaks: 7.5,
        haze: 0.17,
        seed: 404,
    },
];

impl Range {
    fn skyline(&self) -> Vec<f32> {
        (0..WIDTH)
            .map(|x| {
                let u = f32::from(x) / f32::from(WIDTH);
                let broad = clouds(u * self.peaks, 0.5, 3, self.seed);
                let jagged = crests(u * self.peaks * 2.7, 3.5, 8, self.seed + 50);
                self.at - self.relief * (broad * 1.2 + jagged * 0.45 - 0.75)
            })
            .collect()
    }

    /// Rock and wood, lit from the side of the sun and lost in the air towards the valley.
    fn slope(&self, u: f32, v: f32, top: f32) -> Color {
        let stretch = 22.0 + 50.0 * (1.0 - self.haze);
        let relief = |u: f32| crests(u * stretch, v * stretch * 0.8, 6, self.seed + 7);
        let step = 0.004 * self.haze + 0.0012;
        let light = ((relief(u) - relief(u + step * (SUN - u).signum())) * 2.6).clamp(-0.5, 0.5);
        let rough = clouds(u * stretch * 9.0, v * stretch * 7.0, 4, self.seed + 9) - 0.5;
        let ground = mix(
            [0.055, 0.065, 0.085],
            [0.15, 0.13, 0.15],
            0.5 + light + rough * 0.7,
        );
        let warm = (-(u - SUN).abs() * 3.2).exp();
        let air = mix([0.34, 0.31, 0.49], [0.93, 0.60, 0.48], warm * 0.85);
        let depth = smooth(0.0, 0.16, v - top);
        let haze = self.haze * (0.86 + 0.14 * depth) + (1.0 - self.haze) * 0.16 * depth;
        mix(ground, air, haze + light * 0.07 * self.haze)
    }
}

/// Paints the lake: the land mirrored, with ripples that grow towards the viewer.
fn water(u: f32, v: f32, ranges: &[Vec<f32>]) -> Color {
    let depth = v - SHORE;
    let far = 1.0 / (depth + 0.03);
    let ripple = |fine: f32, seed| value(u * 34.0 * fine, far * 7.0 * fine, seed) - 0.5;
    let waves = ripple(1.0, 61) + 0.55 * ripple(2.9, 62) + 0.3 * ripple(7.1, 63);
    let sway = waves * (0.012 + depth * 0.16);
    let mirrored = (SHORE - depth * 0.93 - sway.abs() * 0.55).max(0.0);
    let aside = (u + sway * 0.12).clamp(0.0, 0.9999);
    let column = f32::from(WIDTH) * aside;
    let reflected = land(
        usize::try_from(whole(column)).unwrap_or(0),
        aside,
        mirrored,
        ranges,
    );
    // Water absorbs more light at a steeper angle of view.
    let taken = 0.14 + 0.48 * smooth(0.0, 0.38, depth);
    let mut color = mix(reflected, [0.05, 0.075, 0.12], taken);
    let glint =
        smooth(0.22, 0.5, waves) * (-(u - SUN).abs() * 7.0).exp() * (1.0 - depth * 1.6).max(0.0);
    for (channel, warmth) in color.iter_mut().zip([0.42, 0.26, 0.11]) {
        *channel += glint * warmth;
    }
    mix(color, [0.90, 0.62, 0.52], (-depth * 90.0).exp() * 0.35)
}

/// The near bank, with grass against the water.
fn meadow(u: f32, v: f32) -> Option<Color> {
    let bank = 0.915 - 0.07 * (1.0 - u) * (1.0 - u) + 0.035 * clouds(u * 4.0, 9.0, 4, 81);
    let blade = random(whole(u * 1900.0), 0, 82);
    let lean = value(u * 800.0, v * 30.0, 83);
    let top = bank - 0.011 * blade * blade * (0.6 + lean);
    (v > top).then(|| {
        let tufts = clouds(u * 210.0 + v * 30.0, v * 60.0, 5, 84);
        let light = smooth(0.45, 0.8, tufts) * (1.0 - smooth(0.0, 0.12, v - bank));
        mix(
            NIGHT,
            [0.17, 0.15, 0.12],
            light * 0.9 + (tufts - 0.5) * 0.25,
        )
    })
}

/// Fir trees on the left bank, as dark shapes.
struct Firs {
    /// The trees: the position of the trunk, the top and the foot as fractions, and a seed.
    trees: Vec<(f32, f32, f32, u32)>,
}

impl Firs {
    fn plant() -> Self {
        let trees = (0_u8..17)
            .map(|tree| {
                let number = i32::from(tree);
                let along = f32::from(tree) / 16.0;
                let trunk = along * along * 0.34 + 0.016 * random(number, 1, 91);
                let foot = 0.88 + 0.035 * random(number, 2, 91);
                let height = (0.50 - along * 0.36) * (0.72 + 0.4 * random(number, 3, 91));
                (trunk, foot - height, foot, 500 + u32::from(tree))
            })
            .collect();
        Self { trees }
    }

    fn at(&self, x: u16, v: f32) -> Option<Color> {
        let u = f32::from(x) / f32::from(WIDTH);
        self.trees.iter().find_map(|&(trunk, top, foot, seed)| {
            if u - trunk > 0.09 || trunk - u > 0.09 || v < top || v > foot + 0.05 {
                return None;
            }
            let down = (v - top) / (foot - top);
            let spread = (foot - top) * 0.125;
            // Branches hang in tiers, each wider at its lower end and frayed into needles.
            let tiers = 15.0 + 6.0 * random(0, 0, seed);
            let tier = (down * tiers + 0.7 * value(u * 60.0, down * 7.0, seed)).fract();
            let frayed = 0.45 * value(u * 420.0, v * 300.0, seed)
                + 0.25 * value(u * 1500.0, v * 900.0, seed);
            let reach = spread * down.powf(0.85) * (0.42 + 0.55 * tier + frayed - 0.3);
            let inside = (u - trunk).abs() * 1.333 < reach.max(0.0012);
            inside.then(|| {
                mix(
                    NIGHT,
                    [0.10, 0.10, 0.11],
                    value(u * 700.0, v * 500.0, seed + 1) * 0.6 * frayed,
                )
            })
        })
    }
}

/// Adds the vignette and the grain of a camera.
fn finish(x: u16, y: u16, color: Color) -> Color {
    let (u, v) = (
        f32::from(x) / f32::from(WIDTH) - 0.5,
        f32::from(y) / f32::from(HEIGHT) - 0.5,
    );
    let rim = 1.0 - 0.55 * (u * u + v * v);
    let (column, row) = (i32::from(x), i32::from(y));
    // The sum of four random numbers is nearly normal. Neighbours share two of them, like the grain of film.
    let grain = random(column, row, 1)
        + random(column, row, 2)
        + random(column / 2, row / 2, 3)
        + random((column + 1) / 2, (row + 1) / 2, 4)
        - 2.0;
    let brightness = (color[0] + color[1] + color[2]) / 3.0;
    let strength = 0.048 * (0.55 + 0.9 * brightness.clamp(0.0, 1.0).sqrt());
    color.map(|channel| (channel * rim + grain * strength).clamp(0.0, 1.0))
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole(value: f32) -> i32 {
    value.floor() as i32
}
