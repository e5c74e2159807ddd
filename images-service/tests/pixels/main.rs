//! Pixels from end to end: a request of encoded images in, an encoded image out. Independent decoders and encoders
//! check results on which ours could agree and be wrong.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod animation;
mod any;
mod avif;
mod color;
mod content;
mod decoders;
mod deep;
mod disposal;
mod drawing;
mod encoders;
#[path = "../fonts/font.rs"]
mod font;
mod fonts;
mod heic;
mod hostile;
mod hostile_fonts;
mod hostile_woff;
mod metadata;
mod movie;
mod options;
mod pillow;
mod profiles;
mod properties;
mod request;
mod shrink;
mod text;
mod transforms;
