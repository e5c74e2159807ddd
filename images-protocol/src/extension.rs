//! Parts of a form that the platform does not have. The URL interface uses them for options that the binding lacks.
//!
//! The names of such parts begin with `safelight_`. The platform's clients never send them, and a service that does not
//! know one refuses it by name.

use crate::words;

/// The rule that chooses the format of the result: a [`Choose`]. Without it, the format is the one in `output_format`.
pub const CHOOSE: &str = "safelight_choose";
/// Formats beyond JPEG, PNG and GIF that [`Choose::Auto`] may choose: a comma-separated list of `avif` and `webp`.
pub const ACCEPT: &str = "safelight_accept";
/// The part of the source's metadata that is kept: a [`Metadata`].
pub const METADATA: &str = "safelight_metadata";
/// The caller: a [`Caller`]. The part precedes the pictures, since it decides how many bytes they may have.
pub const CALLER: &str = "safelight_caller";
/// Key of a transform of an overlay: its width as a fraction of the base's, more than 0 and less than 1.
pub const WIDTH_SHARE: &str = "safelight_width";
/// Key of a transform of an overlay: its height as a fraction of the base's, more than 0 and less than 1.
pub const HEIGHT_SHARE: &str = "safelight_height";
/// The scan of a JPEG: a [`JpegScan`].
pub const JPEG: &str = "safelight_jpeg";

/// The header by which a worker's `fetch` requests a transformation of the answer (`cf.image` on the platform): one line
/// of JSON. The runtime removes it, so that it never reaches another host.
pub const CF_IMAGE_HEADER: &str = "safelight-cf-image";

words! {
    /// The rule that chooses the format of the result.
    pub enum Choose {
        /// The format of the source, or the nearest one that every reader knows.
        Source = "source",
        /// The best of those that the client accepts.
        Auto = "auto",
        /// PNG if the result has alpha or the source was PNG or GIF, else JPEG.
        Png = "png",
        /// JPEG if the result is opaque, else PNG, whichever is written fastest.
        Fast = "fast",
        /// No picture: its sizes, as JSON.
        Json = "json",
        /// SVG, which only an SVG can become.
        Svg = "svg",
    }
}

words! {
    /// The part of a source's metadata that a result keeps.
    pub enum Metadata {
        /// All that the format can carry.
        Keep = "keep",
        /// The notice of copyright.
        Copyright = "copyright",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// The caller of a transformation.
    pub enum Caller {
        /// A URL or `cf.image`: sources have the limits of remote ones, and one that could only grow is passed on.
        Url = "url",
    }
}

words! {
    /// The scan of a JPEG.
    pub enum JpegScan {
        /// From top to bottom, once.
        Baseline = "baseline",
    }
}
