//! Pixels from end to end: a request of encoded images in, an encoded image out. Other makes of decoder and encoder
//! are asked where ours could agree with themselves on something wrong.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod animation;
mod color;
mod decoders;
mod disposal;
mod drawing;
mod encoders;
#[path = "../shared/font.rs"]
mod font;
mod fonts;
mod hostile;
mod hostile_fonts;
mod hostile_woff;
mod metadata;
mod movie;
mod pillow;
mod properties;
mod request;
mod text;
mod transforms;
