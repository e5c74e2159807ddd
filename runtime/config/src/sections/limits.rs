//! `limits`: what one request may use.

use std::time::Duration;

use crate::item::{Diagnostics, Item};

/// The platform's own ceiling; a worker that needs more would fail there.
const MOST_CPU_MS: u64 = 300_000;

pub(crate) fn cpu<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    found: &mut Diagnostics<'_>,
) -> Option<Duration> {
    let mut cpu = None;
    for field in item.fields(found, &["cpu_ms", "subrequests"])? {
        match field.key {
            "cpu_ms" => cpu = field.whole_number(found, 1..=MOST_CPU_MS),
            _ => no_effect.push(field),
        }
    }
    cpu.map(Duration::from_millis)
}
