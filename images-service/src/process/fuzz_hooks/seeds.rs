//! The messages that fuzzers begin with.

use std::time::Duration;

use safelight_protocol::{ErrorCode, ImageInfo, info::RasterInfo, settings::Sandbox};

use super::super::{
    confine::Confinement,
    wire::{self, Done, Job, Order, Range, Report, Start},
};
use crate::{
    limits::RequestLimits,
    pipeline::{Facts, PixelLimits, Timings},
};

/// The name of a file of the corpus, and its bytes.
pub(crate) type Seed = (&'static str, Vec<u8>);

/// Returns what pixel processes say about one piece of work each.
pub(crate) fn reports() -> Vec<Seed> {
    let raster = RasterInfo {
        file_size: 70,
        width: 3,
        height: 2,
    };
    let ready = Report::Ready(Confinement {
        missing: vec!["landlock".to_owned()],
    });
    let facts = Some(Box::new(facts()));
    let too_many_pixels = failed(ErrorCode::TooManyPixels);
    let broken = failed(ErrorCode::DecodingFailed);
    let busy = failed(ErrorCode::Busy);
    vec![
        ("ready", all(&[ready])),
        ("unbegun", all(&[done(Done::Healthy)])),
        ("healthy", begun(&[done(Done::Healthy)])),
        ("info", begun(&[info(Some(raster))])),
        ("info-svg", begun(&[info(None)])),
        (
            "transform",
            begun(&[planned(1 << 20), Report::Encoding, made("image/png", facts)]),
        ),
        ("svg", begun(&[planned(1), made("image/svg+xml", None)])),
        ("unknown-type", begun(&[made("text/html", None)])),
        ("failed", begun(&[too_many_pixels])),
        ("retired", begun(&[planned(1), broken])),
        ("refused", begun(&[planned(u64::MAX), busy])),
        ("twice", begun(&[planned(1), planned(1)])),
        ("encoding-first", begun(&[Report::Encoding])),
    ]
}

/// Returns the messages of a process that has begun.
fn begun(reports: &[Report]) -> Vec<u8> {
    [all(&[Report::Begun]), all(reports)].concat()
}

const fn planned(needed: u64) -> Report {
    Report::Planned { needed, held: 1 }
}

const fn done(done: Done) -> Report {
    Report::Done { done, held: 1 }
}

fn failed(code: ErrorCode) -> Report {
    Report::Failed {
        code,
        message: "no \"result\" – at all".to_owned(),
        held: 1,
    }
}

fn made(content_type: &str, facts: Option<Box<Facts>>) -> Report {
    done(Done::Transform {
        length: 9,
        content_type: content_type.to_owned(),
        facts,
    })
}

fn info(raster: Option<RasterInfo>) -> Report {
    done(Done::Info(ImageInfo {
        format: "image/png".to_owned(),
        raster,
    }))
}

fn facts() -> Facts {
    Facts {
        width: 3,
        height: 2,
        source: "image/jpeg 40x30".to_owned(),
        warnings: vec!["a warning".to_owned(), "another – \"one\"".to_owned()],
        timings: Timings {
            decode: Duration::from_millis(7),
            ..Timings::default()
        },
    }
}

/// Returns the same, with the byte that says how both ends leave.
pub(crate) fn run() -> Vec<Seed> {
    let last = [
        ("out-of-memory", vec![1]),
        ("client-left", vec![2]),
        ("killed", vec![4]),
    ];
    let said = reports()
        .into_iter()
        .map(|(name, bytes)| (name, [&[0], bytes.as_slice()].concat()));
    said.chain(last).collect()
}

/// Returns orders about the bytes of an image.
pub(crate) fn orders(image: &[u8]) -> Vec<Seed> {
    let transforms = br#"[{"imageIndex":0,"width":5}]"#;
    let format = b"image/jpeg";
    let range = |start, length| Range { start, length };
    let end = image.len() + transforms.len();
    let begin = || {
        Order::Begin(Job::Transform {
            parts: vec![
                ("image".to_owned(), range(0, image.len())),
                (
                    "transforms".to_owned(),
                    range(image.len(), transforms.len()),
                ),
                ("output_format".to_owned(), range(end, format.len())),
            ],
            fonts: vec![("https://fonts.test/0".to_owned(), range(0, image.len()))],
        })
    };
    let start = Order::Start(Box::new(Start {
        parent: 1,
        sandbox: Sandbox::Require,
        pixels: PixelLimits::default(),
        request: RequestLimits::default(),
        capacities: [1 << 20; 2],
        processors: 2,
        memory: 1 << 30,
    }));
    let info = |start| Order::Begin(Job::Info(range(start, image.len())));
    let health = || Order::Begin(Job::CheckHealth);
    let input = [image, transforms, format].concat();
    let no_order = [&[8, 0, 0, 0], b"no order".as_slice()].concat();
    [
        ("health", all(&[health(), health()])),
        ("info", all(&[info(0)])),
        ("outside", all(&[info(usize::MAX)])),
        ("transform", all(&[begin(), Order::Admit, info(0)])),
        ("refused", all(&[begin(), Order::Refuse, health()])),
        ("start", all(&[start])),
        ("unread", [no_order, all(&[health()])].concat()),
    ]
    .map(|(name, orders)| {
        let length = u16::try_from(orders.len()).unwrap().to_le_bytes();
        (name, [&length, orders.as_slice(), &input].concat())
    })
    .into()
}

fn all(messages: &[impl serde::Serialize]) -> Vec<u8> {
    let encoded = messages
        .iter()
        .map(|message| wire::encode(message).unwrap());
    encoded.collect::<Vec<_>>().concat()
}
