//! The memory that requests are admitted with is enough: what each kind of work takes in a real pixel process, beside the
//! estimate of it.

mod files;

use std::fmt::Write as _;

use safelight_images::Limits;
use safelight_protocol::{extension, form};
use serde_json::json;

use self::files::{Kind, file};
use crate::{
    fonts::{FontServer, local},
    form::Form,
    pictures::{noise, png},
    watched::{Watched, memory, soft_limit},
};

const MB: f64 = 1e6;

/// The size of the pictures: large enough that a process's own tables and stacks are small beside them.
const SIZE: [u32; 2] = [2_400, 1_600];

/// The bytes that a request may take besides its estimate, of those that every process has for itself: a hole of the size
/// of a picture, because buffers below 32 MiB lie in the heap, where a freed one has no room for a larger one; and the stacks
/// and tables of its threads.
const HOLE: u64 = 4 * SIZE[0] as u64 * SIZE[1] as u64 + 4_000_000;

/// The memory that one piece of work takes.
struct Measured {
    name: String,
    estimate: u64,
    peak: u64,
}

/// Sends a form to a new process. Returns what the request was admitted with, and what the process took.
async fn measure(name: String, limits: Limits, form: &Form) -> Measured {
    let limits = Limits {
        workers: 1,
        ..limits
    };
    let watched = Watched::start(limits);
    // A request that needs nothing shows what a process may take and takes without one.
    let small = Form::steps(&png(1, 1, [1, 2, 3]), "[]");
    watched.service.post(&small).await.assert_good("image/png");
    let before = watched.processes().into_iter();
    let (used, own) = before
        .filter_map(|pid| Some((pid, soft_limit(pid)?)))
        .min_by_key(|(_, limit)| *limit)
        .unwrap();
    let before = memory(used, "VmSize").unwrap();
    let answer = watched.service.post(form).await;
    assert_eq!(answer.status, 200, "{name}: {:?}", answer.headers);
    Measured {
        name,
        estimate: soft_limit(used).unwrap() - own,
        peak: memory(used, "VmPeak").unwrap() - before,
    }
}

/// Prints all that was measured. Fails if something takes more than its estimate and a hole.
#[expect(
    clippy::print_stdout,
    reason = "the table is for whoever runs the tests with --nocapture"
)]
#[track_caller]
fn assert_enough(all: &[Measured]) {
    let mut table = format!(
        "{:<44} {:>9} {:>9} {:>6}\n",
        "what", "estimate", "peak", "ratio"
    );
    for one in all {
        let [estimate, peak] = [one.estimate, one.peak].map(|bytes| bytes as f64 / MB);
        let ratio = peak / estimate;
        writeln!(
            table,
            "{:<44} {estimate:>6.1} MB {peak:>6.1} MB {ratio:>6.2}",
            one.name
        )
        .unwrap();
    }
    println!("{table}");
    let low: Vec<&str> = all
        .iter()
        .filter(|one| one.peak > one.estimate + HOLE)
        .map(|one| one.name.as_str())
        .collect();
    assert!(low.is_empty(), "too little for {low:?}\n{table}");
}

/// A form of a picture, steps, a format and other parts.
fn form(picture: &[u8], steps: &str, format: &str, parts: &[(&str, &str)]) -> Form {
    let form = Form::transform()
        .file(form::IMAGE, picture)
        .string(form::TRANSFORMS, steps)
        .string(form::OUTPUT_FORMAT, format);
    let parts = parts.iter();
    parts
        .fold(form, |form, (name, value)| form.string(name, value))
        .end()
}

#[tokio::test]
async fn reading_a_file_takes_no_more_than_its_estimate() {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let file = file(kind, SIZE);
        for (what, steps) in [
            ("as it is", "[]"),
            ("reduced", r#"[{"imageIndex":0,"width":100}]"#),
            ("turned", r#"[{"imageIndex":0,"rotate":90}]"#),
        ] {
            let name = format!("read {kind:?}, {what}");
            let form = form(&file, steps, "rgb", &[]);
            all.push(measure(name, Limits::default(), &form).await);
        }
    }
    assert_enough(&all);
}

#[tokio::test]
async fn a_step_takes_no_more_than_its_estimate() {
    let mut all = Vec::new();
    for (kind, file) in [
        ("opaque", file(Kind::Png, SIZE)),
        ("translucent", file(Kind::PngAlpha, SIZE)),
    ] {
        for options in [
            json!({"width": 1200}),
            json!({"width": 4800, "height": 3200, "fit": "squeeze"}),
            json!({"width": 1000, "height": 1000, "fit": "cover"}),
            json!({"width": 1000, "height": 1000, "fit": "cover", "gravity": "auto"}),
            json!({"width": 1000, "height": 1000, "fit": "cover", "gravity": "entropy"}),
            json!({"width": 1000, "height": 1000, "fit": "cover", "gravity": "face"}),
            json!({"width": 3000, "height": 3000, "fit": "pad", "background": "#f008"}),
            json!({"rotate": 90}),
            json!({"rotate": 180}),
            json!({"flip": "h"}),
            json!({"flip": "v"}),
            json!({"blur": 30}),
            json!({"sharpen": 3}),
            json!({"segment": "foreground"}),
            json!({"trim": {"top": 10, "left": 10}}),
            json!({"border": {"color": "red", "width": 100}}),
            json!({"background": "#f00"}),
            json!({"brightness": 1.5, "contrast": 0.5, "gamma": 2, "saturation": 0}),
        ] {
            let mut step = options.clone();
            step["imageIndex"] = json!(0);
            let form = form(&file, &json!([step]).to_string(), "rgba", &[]);
            let name = format!("{kind}: {options}");
            all.push(measure(name, Limits::default(), &form).await);
        }
    }
    assert_enough(&all);
}

#[tokio::test]
async fn drawing_takes_no_more_than_its_estimate() {
    let opaque = file(Kind::Png, SIZE);
    let translucent = file(Kind::PngAlpha, SIZE);
    let tile = png(50, 50, [1, 2, 3]);
    let mut all = Vec::new();
    for (name, overlay, options) in [
        ("over", &translucent, json!({"opacity": 0.5})),
        ("in", &opaque, json!({"composite": "in"})),
        ("xor", &translucent, json!({"composite": "xor"})),
        ("lighter", &opaque, json!({"composite": "lighter"})),
        ("tiles", &tile, json!({"repeat": true})),
    ] {
        let mut step = options;
        step["drawImageIndex"] = json!(1);
        step["targetImageIndex"] = json!(0);
        let form = Form::transform()
            .file(form::IMAGE, &opaque)
            .file(form::DRAW_IMAGE, overlay)
            .string(form::TRANSFORMS, &json!([step]).to_string())
            .string(form::OUTPUT_FORMAT, "rgba")
            .end();
        let name = format!("draw {name}");
        all.push(measure(name, Limits::default(), &form).await);
    }
    let server = FontServer::start().await;
    for (text, size) in [("A", 2000), ("AABBCC", 800), ("אבאב", 1500)] {
        let text = json!({"text": text, "font": {"url": server.url("/plain")}, "size": size});
        let form = Form::transform()
            .string(form::TEXT_INPUT, &text.to_string())
            .string(form::TRANSFORMS, "[]")
            .string(form::OUTPUT_FORMAT, "rgba")
            .end();
        all.push(measure(format!("text of size {size}"), local(), &form).await);
    }
    assert_enough(&all);
}

#[tokio::test]
async fn writing_a_file_takes_no_more_than_its_estimate() {
    let mut all = Vec::new();
    // Noise takes the most codes.
    for (kind, file) in [
        ("noise", noise(SIZE[0], SIZE[1])),
        ("flat", file(Kind::PngAlpha, SIZE)),
    ] {
        let quality = |quality| vec![(form::OUTPUT_QUALITY, quality)];
        let url = |name, value| vec![(extension::CALLER, "url"), (name, value)];
        for (format, parts) in [
            ("image/jpeg", quality("85")),
            ("image/jpeg", quality("100")),
            ("image/jpeg", url(extension::JPEG, "baseline")),
            ("image/png", Vec::new()),
            ("image/png", quality("80")),
            ("image/webp", quality("85")),
            ("image/webp", quality("100")),
            ("image/gif", Vec::new()),
            ("rgb", Vec::new()),
            ("rgba", Vec::new()),
            ("image/png", url(extension::CHOOSE, "json")),
            ("image/png", url(extension::CHOOSE, "auto")),
        ] {
            let words: Vec<&str> = parts.iter().map(|(_, value)| *value).collect();
            let name = format!("write {kind} as {format} {}", words.join(" "));
            let form = form(&file, "[]", format, &parts);
            all.push(measure(name, Limits::default(), &form).await);
        }
    }
    assert_enough(&all);
}

#[tokio::test]
async fn an_animation_takes_no_more_than_its_estimate() {
    let mut all = Vec::new();
    for kind in [Kind::AnimatedGif, Kind::AnimatedWebp] {
        let file = file(kind, [1_200, 800]);
        for (steps, format) in [
            ("[]", "image/gif"),
            ("[]", "image/webp"),
            (r#"[{"imageIndex":0,"width":300}]"#, "image/webp"),
            (r#"[{"imageIndex":0,"width":300}]"#, "image/gif"),
            (r#"[{"imageIndex":0,"blur":5}]"#, "image/gif"),
        ] {
            let name = format!("{kind:?} {steps} as {format}");
            let form = form(&file, steps, format, &[]);
            all.push(measure(name, Limits::default(), &form).await);
        }
    }
    assert_enough(&all);
}

#[tokio::test]
async fn passing_an_svg_on_takes_no_more_than_its_estimate() {
    let mut all = Vec::new();
    let groups = |levels: usize| format!("{}{}", "<g>".repeat(levels), "</g>".repeat(levels));
    for (name, content) in [
        ("nested", groups(500)),
        ("deeply nested", groups(2_000)),
        ("side by side", "<g/>".repeat(50_000)),
        ("attributes", "<rect x='1' y='2' width='3'/>".repeat(6_000)),
        ("text", "<text>a&amp;b</text>".repeat(10_000)),
    ] {
        let svg = format!("<svg xmlns='http://www.w3.org/2000/svg'>{content}</svg>");
        let parts = [(extension::CALLER, "url"), (extension::CHOOSE, "svg")];
        let form = form(svg.as_bytes(), "[]", "image/png", &parts);
        all.push(measure(format!("SVG, {name}"), Limits::default(), &form).await);
    }
    assert_enough(&all);
}
