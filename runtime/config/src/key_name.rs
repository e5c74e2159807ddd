//! Keys as messages show them.

/// Formats a key for a message: quoted when it is not a plain word, and cut when it is long.
pub(super) fn display_key(key: &str) -> String {
    const MAX_CHARS: usize = 64;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
    if key.len() <= MAX_CHARS && !key.is_empty() && key.chars().all(is_plain) {
        return key.to_owned();
    }
    let start: String = key.chars().take(MAX_CHARS).collect();
    let rest = if start.len() < key.len() { "…" } else { "" };
    // Escaped, so that a key cannot control the terminal.
    format!("\"{}{rest}\"", start.escape_debug())
}
