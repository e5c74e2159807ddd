//! The suggestion for a mistyped key.

/// Returns the likeliest of `known` for a mistyped key, if one is likely.
pub(super) fn suggest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    const MAX_BYTES: usize = 40;
    if key.len() > MAX_BYTES {
        return None;
    }
    // `r2-buckets` and `r2Buckets` follow the habits of other config files and are not typing errors.
    let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let plain_key = plain(key);
    known
        .iter()
        .map(|name| (strsim::osa_distance(&plain_key, &plain(name)), *name))
        .filter(|(distance, name)| *distance <= name.len().min(key.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
