//! What the author of a Rust worker uses.
