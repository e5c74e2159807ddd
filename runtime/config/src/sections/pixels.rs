//! What stands in `safelight` about pixels: what approximates, what is read, what one request may cost.

use std::time::Duration;

use safelight_images::limits::JpegDecoder;

use crate::config::error::Mistake;
use crate::config::item::{Findings, Item};
use crate::pixel_settings::{MEGABYTE, MOST_MEMORY_MB, MOST_TIME_MS, PixelSettings};

/// Reads one of the keys; what is wrong leaves the default.
pub(super) fn read(settings: &mut PixelSettings, field: &Item<'_>, found: &mut Findings<'_>) {
    match field.key {
        "strict" => set(&mut settings.strict, field.boolean(found)),
        "avif_input" => set(&mut settings.avif_input, field.boolean(found)),
        "time_budget_ms" => {
            let ms = field.whole_number(found, 1..=MOST_TIME_MS);
            set(&mut settings.time, ms.map(Duration::from_millis));
        }
        "memory_budget_mb" => {
            let megabytes = field.whole_number(found, 1..=MOST_MEMORY_MB);
            set(
                &mut settings.memory_bytes,
                megabytes.map(|mb| mb * MEGABYTE),
            );
        }
        _ => set(&mut settings.jpeg_decoder, decoder(field, found)),
    }
}

fn decoder(field: &Item<'_>, found: &mut Findings<'_>) -> Option<JpegDecoder> {
    let decoder = JpegDecoder::named(field.text(found)?);
    if decoder.is_none() {
        let names = JpegDecoder::ALL.map(JpegDecoder::as_str).join(" or ");
        field.refuse(found, Mistake::NotOneOf(format!("must be {names}")));
    }
    decoder
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
