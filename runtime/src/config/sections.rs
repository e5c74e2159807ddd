//! The config's sections: each takes its value and returns what it means.

mod addresses;
pub(super) mod build;
pub(super) mod dev;
pub(super) mod faults;
pub(super) mod images;
pub(super) mod limits;
pub(crate) mod safelight;
pub(super) mod vars;
pub(super) mod worker;
