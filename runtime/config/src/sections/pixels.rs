//! The keys of `safelight` for pixels: approximations, decoders, and what one request may cost.

use safelight_protocol::settings::{
    JpegDecoder, MAX_MEMORY_BUDGET_MB, MAX_TIME_BUDGET_MS, PixelSettings,
};

use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};

/// Reads one of the keys; what is wrong leaves the default.
pub(super) fn read(settings: &mut PixelSettings, field: &Item<'_>, found: &mut Diagnostics<'_>) {
    match field.key {
        "strict" => set(&mut settings.strict, field.boolean(found)),
        "avif_input" => set(&mut settings.avif_input, field.boolean(found)),
        "time_budget_ms" => {
            let ms = field.whole_number(found, 1..=MAX_TIME_BUDGET_MS);
            set(&mut settings.time_budget_ms, ms);
        }
        "memory_budget_mb" => {
            let megabytes = field.whole_number(found, 1..=MAX_MEMORY_BUDGET_MB);
            set(&mut settings.memory_budget_mb, megabytes);
        }
        _ => set(&mut settings.jpeg_decoder, decoder(field, found)),
    }
}

fn decoder(field: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<JpegDecoder> {
    let decoder = field.text(found)?.parse();
    if decoder.is_err() {
        let names: Vec<_> = JpegDecoder::ALL.iter().map(|name| name.as_str()).collect();
        let names = names.join(" or ");
        field.refuse(found, ConfigError::NotOneOf(format!("must be {names}")));
    }
    decoder.ok()
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
