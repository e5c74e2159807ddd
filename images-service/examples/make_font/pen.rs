//! Turns the path of a pen into the contours around its ink.

use std::f64::consts::{PI, TAU};

/// Half the width of the pen, in units of the em. The tip is round.
const HALF: f64 = 46.0;

/// The longest distance between a rounded corner and the beginning of its arc.
const ROUNDING: f64 = 260.0;

/// The angle between two points of an arc. At 300 pixels to the em the polygon differs from the circle by a third of a
/// pixel.
const STEP: f64 = PI / 20.0;

/// A position, or the vector between two.
pub(crate) type Point = (f64, f64);

/// Returns the contours of a letter's ink, clockwise around ink and counterclockwise around the hole of a closed
/// stroke.
pub(crate) fn contours(strokes: &str) -> Vec<Vec<Point>> {
    let strokes = strokes.split('|').map(str::trim);
    strokes
        .filter(|stroke| !stroke.is_empty())
        .flat_map(|stroke| match stroke.strip_suffix('z') {
            Some(corners) => ring(&closed(&points(corners))),
            None => vec![tube(&open(&points(stroke)))],
        })
        .collect()
}

fn points(stroke: &str) -> Vec<Point> {
    let number = |text: &str| text.parse().unwrap_or(f64::NAN);
    let pairs = stroke
        .split_whitespace()
        .filter_map(|at| at.split_once(','));
    pairs.map(|(x, y)| (number(x), number(y))).collect()
}

/// Rounds the corners of an open stroke. An arc may use the whole of the first and the last side, and half of any
/// other.
fn open(corners: &[Point]) -> Vec<Point> {
    let (Some(first), Some(last)) = (corners.first(), corners.last()) else {
        return Vec::new();
    };
    let mut path = vec![*first];
    for (index, corner) in corners.windows(3).enumerate() {
        if let [before, at, after] = *corner {
            let share = |is_end: bool| if is_end { 1.0 } else { 0.5 };
            let left = length(to(before, at)) * share(index == 0);
            let right = length(to(at, after)) * share(index + 3 == corners.len());
            path.extend(rounded([before, at, after], left.min(right)));
        }
    }
    path.push(*last);
    path
}

/// Rounds the corners of a stroke that returns to its first corner, which lies on a side.
fn closed(corners: &[Point]) -> Vec<Point> {
    let all: Vec<Point> = corners.iter().chain(corners.first()).copied().collect();
    let mut path = open(&all);
    path.pop();
    path
}

/// Returns the arc in place of a corner. It takes at most `max` of both sides.
fn rounded([before, at, after]: [Point; 3], max: f64) -> Vec<Point> {
    let (into, out) = (unit(to(before, at)), unit(to(at, after)));
    let turn = (into.0 * out.1 - into.1 * out.0).atan2(into.0 * out.0 + into.1 * out.1);
    let cut = ROUNDING.min(max);
    let radius = cut / (turn / 2.0).tan();
    let start = translated(at, into, -cut);
    let center = translated(start, (-into.1, into.0), radius);
    let spoke = to(center, start);
    arc(center, spoke, turn)
}

/// Returns the points of an arc by `turn` radians that begins at the end of a spoke.
fn arc(center: Point, spoke: Point, turn: f64) -> Vec<Point> {
    let steps = (turn.abs() / STEP).ceil().max(1.0);
    let mut points = Vec::new();
    let mut step = 0.0;
    while step <= steps {
        let (sin, cos) = (turn * step / steps).sin_cos();
        let turned = (spoke.0 * cos - spoke.1 * sin, spoke.0 * sin + spoke.1 * cos);
        points.push(translated(center, turned, 1.0));
        step += 1.0;
    }
    points
}

/// Returns the contour around an open path: along its left side, around its end, back, and around its beginning.
fn tube(path: &[Point]) -> Vec<Point> {
    let path = without_doubles(path);
    if let [dot] = path[..] {
        return arc(dot, (HALF, 0.0), -TAU);
    }
    let back: Vec<Point> = path.iter().rev().copied().collect();
    let mut contour = Vec::new();
    for side in [&path, &back] {
        let beside = beside(side, HALF);
        contour.extend(&beside);
        if let (Some(end), Some(last)) = (side.last(), beside.last()) {
            contour.extend(arc(*end, to(*end, *last), -PI));
        }
    }
    contour
}

/// Returns the contours around a closed path and around the hole in it.
fn ring(path: &[Point]) -> Vec<Vec<Point>> {
    let path = without_doubles(path);
    let back: Vec<Point> = path.iter().rev().copied().collect();
    let around = |path: &[Point]| {
        let whole: Vec<Point> = path
            .last()
            .into_iter()
            .chain(path)
            .chain(path.first())
            .copied()
            .collect();
        let beside = beside(&whole, HALF);
        beside.get(1..beside.len() - 1).unwrap_or_default().to_vec()
    };
    vec![around(&path), around(&back)]
}

fn without_doubles(path: &[Point]) -> Vec<Point> {
    let mut path = path.to_vec();
    path.dedup_by(|a, b| length(to(*a, *b)) < 0.5);
    path
}

/// Returns the path moved to its left by `by`.
fn beside(path: &[Point], by: f64) -> Vec<Point> {
    let at = |index: usize| path.get(index).copied();
    path.iter()
        .enumerate()
        .map(|(index, point)| {
            let before = index.checked_sub(1).and_then(at).unwrap_or(*point);
            let after = at(index + 1).unwrap_or(*point);
            let along = unit(to(before, after));
            translated(*point, (-along.1, along.0), by)
        })
        .collect()
}

fn to(from: Point, to: Point) -> Point {
    (to.0 - from.0, to.1 - from.1)
}

fn translated(point: Point, way: Point, times: f64) -> Point {
    (point.0 + way.0 * times, point.1 + way.1 * times)
}

fn length(way: Point) -> f64 {
    way.0.hypot(way.1)
}

fn unit(way: Point) -> Point {
    (way.0 / length(way), way.1 / length(way))
}
