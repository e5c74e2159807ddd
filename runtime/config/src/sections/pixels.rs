//! The keys of `safelight` for pixels: approximations, decoders, budgets and confinement.

use std::str::FromStr;

use safelight_protocol::UnknownWordError;
use safelight_protocol::settings::{
    MAX_MEMORY_BUDGET_MB, MAX_MEMORY_TOTAL_MB, MAX_TIME_BUDGET_MS, MIN_MEMORY_TOTAL_MB,
    PixelSettings,
};

use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;

/// Reads one of the keys. An error leaves the default.
pub(super) fn read(
    settings: &mut PixelSettings,
    field: &Item<'_>,
    diagnostics: &mut Diagnostics<'_>,
) {
    match field.key {
        "strict" => set(&mut settings.strict, field.boolean(diagnostics)),
        "avif_input" => set(&mut settings.avif_input, field.boolean(diagnostics)),
        "time_budget_ms" => {
            let ms = field.whole_number(diagnostics, 1..=MAX_TIME_BUDGET_MS);
            set(&mut settings.time_budget_ms, ms);
        }
        "memory_budget_mb" => {
            let megabytes = field.whole_number(diagnostics, 1..=MAX_MEMORY_BUDGET_MB);
            set(&mut settings.memory_budget_mb, megabytes);
        }
        "memory_total_mb" => {
            let megabytes =
                field.whole_number(diagnostics, MIN_MEMORY_TOTAL_MB..=MAX_MEMORY_TOTAL_MB);
            set(&mut settings.memory_total_mb, megabytes.map(Some));
        }
        "jpeg_decoder" => set(&mut settings.jpeg_decoder, word(field, diagnostics)),
        "sandbox" => set(&mut settings.sandbox, word(field, diagnostics)),
        _ => {}
    }
}

/// Reads one word of a closed set.
fn word<T: FromStr<Err = UnknownWordError>>(
    field: &Item<'_>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<T> {
    match field.text(diagnostics)?.parse() {
        Ok(word) => Some(word),
        Err(UnknownWordError { allowed }) => {
            let words = allowed.join(" or ");
            let error = ConfigError::BadValue(format!("must be {words}"));
            field.refuse(diagnostics, error);
            None
        }
    }
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}
