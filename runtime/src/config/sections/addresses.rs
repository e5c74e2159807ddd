//! `safelight.allowed_addresses`: addresses that may be reached for fonts although they are not public.

use safelight_outgoing::Exception;

use crate::config::error::Mistake;
use crate::config::item::{Findings, Item};

pub(super) fn read(item: &Item<'_>, found: &mut Findings<'_>) -> Vec<Exception> {
    let mut addresses = Vec::new();
    for text in item.texts(found).unwrap_or_default() {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(error) => {
                let text: String = text.escape_debug().take(64).collect();
                item.refuse(found, Mistake::NotOneOf(format!("\"{text}\" is {error}")));
            }
        }
    }
    addresses
}
