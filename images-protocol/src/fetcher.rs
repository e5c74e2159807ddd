//! Calls of bindings that answer as a website does: another worker, or a folder of assets.

/// The header by which a call of a service or of assets carries the URL that its caller wrote, scheme and host included.
pub const URL_HEADER: &str = "binding-url";
