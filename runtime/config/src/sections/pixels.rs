//! The keys of `safelight` for pixels: approximations, decoders, and budgets of one request.

use safelight_protocol::settings::{
    JpegDecoder, MAX_MEMORY_BUDGET_MB, MAX_TIME_BUDGET_MS, PixelSettings,
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
        "jpeg_decoder" => set(&mut settings.jpeg_decoder, decoder(field, diagnostics)),
        _ => {}
    }
}

fn decoder(field: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<JpegDecoder> {
    let decoder = field.text(diagnostics)?.parse();
    if decoder.is_err() {
        let names: Vec<_> = JpegDecoder::ALL.iter().map(|name| name.as_str()).collect();
        let names = names.join(" or ");
        field.refuse(
            diagnostics,
            ConfigError::BadValue(format!("must be {names}")),
        );
    }
    decoder.ok()
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}
