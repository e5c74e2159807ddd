//! The wire of the bindings, on which the guest's SDK, the runtime and the images process agree.
//!
//! Plain values without I/O, so that the crate builds for wasm as well as for the host.
//!
//! | module | holds |
//! |---|---|
//! | [`binding`] | the kinds of bindings, and where a guest finds and calls them |
//! | [`paths`] | paths and prefixes of paths |
//! | [`headers`] | headers that no standard names |
//! | [`form`] | the multipart form that carries one request: field names, boundary, part headers |
//! | [`steps`] | the `transforms` array: the steps of all images, in order |
//! | [`transform`] | the options of one `transform()` |
//! | [`draw`] | the options of one `draw()` |
//! | [`output`] | format and quality of the result |
//! | [`fetch`] | the transformation that a `fetch` requests |
//! | [`info`] | the answer of `/info` |
//! | [`extension`] | parts of the form that the platform does not have |
//! | [`error`] | codes, their HTTP status, and errors on the wire |
//! | [`digest`] | the `Repr-Digest` by which a receiver verifies a body |
//! | [`etag`] | entity tags, and the lists of them in a request's preconditions |
//! | [`fetcher`] | the URL in a call of a service or of assets |
//! | [`settings`] | the settings of the images process |
//! | [`trace`] | transport records of the images process |

#![warn(missing_docs)]

pub mod binding;
pub mod digest;
pub mod draw;
pub mod error;
pub mod etag;
pub mod extension;
pub mod fetch;
pub mod fetcher;
pub mod form;
pub mod headers;
pub mod info;
pub mod output;
pub mod paths;
pub mod settings;
pub mod steps;
pub mod trace;
pub mod transform;

pub use binding::{BINDINGS_HOST, BindingKind};
pub use draw::{Composite, ImageDrawOptions, Repeat};
pub use error::{ErrorCode, ImagesError};
pub use fetch::{Compression, FetchFormat, ImageOptions, OriginAuth, Overlay};
pub use info::ImageInfo;
pub use output::{Format, ImageOutputOptions, NamedQuality, Quality};
pub use paths::{HEALTH_PATH, INFO_PATH, TRACE_PATH, TRANSFORM_PATH};
pub use steps::Step;
pub use transform::{
    Border, BorderTrim, Fit, Flip, Gravity, GravityMode, ImageTransform, Segment, Side, Trim,
    Upscale,
};

/// Implements the text form of a closed set once: `as_str`, `ALL`, `FromStr`, `Display`, `Serialize`. A value with a `cfg`
/// is in the set where that holds.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[doc = $doc:literal])* $(#[default $($default:tt)?])? $(#[cfg($cfg:meta)])? $variant:ident = $text:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $doc])* $(#[default $($default)?])? $(#[cfg($cfg)])? $variant,)+ }

        impl $name {
            /// Every value, in the order of the specification.
            pub const ALL: &'static [Self] = &[$($(#[cfg($cfg)])? Self::$variant,)+];

            /// The word that stands for this value on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($(#[cfg($cfg)])? Self::$variant => $text,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWordError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($(#[cfg($cfg)])? $text => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownWordError { allowed: &[$($(#[cfg($cfg)])? $text,)+] }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

/// A word outside the closed set that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownWordError {
    /// The words of the set.
    pub allowed: &'static [&'static str],
}

impl std::fmt::Display for UnknownWordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "must be one of {}", self.allowed.join(", "))
    }
}

impl std::error::Error for UnknownWordError {}
