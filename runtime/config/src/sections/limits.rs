//! `limits`: the limits of one request.

use std::time::Duration;

use crate::diagnostics::Diagnostics;
use crate::item::Item;

/// Largest limit, in milliseconds: the platform's own.
const MAX_CPU_MS: u64 = 300_000;

pub(crate) fn cpu<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Duration> {
    let mut cpu = None;
    for field in item.fields(diagnostics, &["cpu_ms", "subrequests"])? {
        match field.key {
            "cpu_ms" => cpu = field.whole_number(diagnostics, 1..=MAX_CPU_MS),
            _ => no_effect.push(field),
        }
    }
    cpu.map(Duration::from_millis)
}
