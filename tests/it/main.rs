//! End-to-end tests: the real program, a real second process, real guests, a real socket.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod assets;
mod bindings;
mod bodies;
mod broken_uploads;
mod browser;
mod cf_images;
mod client;
mod config;
mod crowds;
mod deadlines;
mod dev_server;
mod early_answers;
mod echo;
mod examples;
mod failures;
mod faults;
#[path = "../../images-service/tests/fonts/font.rs"]
mod font;
mod gallery;
mod guests;
mod hello;
mod hosts;
mod http2;
mod image_codes;
mod image_urls;
mod loops;
mod option_matrix;
mod outbound;
mod pixel_settings;
mod private_addresses;
mod processes;
mod public_buckets;
mod r2;
mod r2_command;
mod secrets;
mod services;
mod slow_reader;
mod stand_in;
mod start;
mod strangers;
mod supervision;
mod texts;
mod trace;
mod url_jpegs;
mod url_options;
