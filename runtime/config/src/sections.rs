//! The config's sections. Each converts its item to checked types.

use crate::bindings::Binding;
use crate::item::Item;

pub(super) mod assets;
pub(super) mod binding_name;
pub(super) mod build;
pub(super) mod dev;
#[cfg(feature = "echo")]
pub(super) mod echo;
pub(super) mod faults;
pub(super) mod image_urls;
pub(super) mod images;
pub(super) mod limits;
pub(super) mod pixels;
pub(super) mod public_paths;
pub(super) mod r2;
pub(crate) mod safelight;
pub(super) mod services;
pub(super) mod storage;
pub(super) mod vars;
pub(super) mod worker;

/// A binding, with the item that names it.
pub(super) type NamedBinding<'a> = (Item<'a>, Binding);
