//! Runs worker code locally with its bindings.
