//! What is ours and not the platform's: parts of a form by which the URL interface asks for what the binding cannot.
//!
//! The names of such parts begin with `safelight_`. The platform's clients never send them, and a service that does not
//! know one refuses it by name.

use crate::words;

/// How the format of the result is chosen: a [`Choose`]. Without it, it is the one in `output_format`.
pub const CHOOSE: &str = "safelight_choose";
/// Formats beyond JPEG, PNG and GIF that [`Choose::Auto`] may choose: a comma-separated list of `avif` and `webp`.
pub const ACCEPT: &str = "safelight_accept";
/// What of the source's metadata is kept: a [`Metadata`].
pub const METADATA: &str = "safelight_metadata";
/// Who asks: a [`Caller`]. It comes before the pictures, since it decides how many bytes they may have.
pub const CALLER: &str = "safelight_caller";
/// Key of a transform of an overlay: its width as a fraction of the base's, more than 0 and less than 1.
pub const WIDTH_SHARE: &str = "safelight_width";
/// Key of a transform of an overlay: its height as a fraction of the base's, more than 0 and less than 1.
pub const HEIGHT_SHARE: &str = "safelight_height";
/// How a JPEG is written: a [`JpegScan`].
pub const JPEG: &str = "safelight_jpeg";

/// The header by which a worker's `fetch` asks for a transformation of the answer (`cf.image` on the platform): one
/// line of JSON. It is the runtime's alone and never leaves it.
pub const CF_IMAGE_HEADER: &str = "safelight-cf-image";

words! {
    /// How the format of the result is chosen when the caller leaves it open.
    pub enum Choose {
        /// As the source, or the nearest format that every reader knows.
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
    /// What of a source's metadata a result keeps.
    pub enum Metadata {
        /// As much as possible.
        Keep = "keep",
        /// The notice of copyright.
        Copyright = "copyright",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// Who asks for a transformation.
    pub enum Caller {
        /// A URL or `cf.image`: sources have the limits of remote ones, and one that could only grow is passed on.
        Url = "url",
    }
}

words! {
    /// How a JPEG is written.
    pub enum JpegScan {
        /// From top to bottom, once.
        Baseline = "baseline",
    }
}
