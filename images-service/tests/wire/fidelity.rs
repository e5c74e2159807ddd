//! `docs/fidelity.md` is a promise: every cell of its tables is tried on a running service.

mod page;
mod pictures;

use std::collections::BTreeSet;

use safelight_protocol::form;
use serde_json::{Map, Value, json};

use self::page::{Cell, Row, table};
use crate::{
    client::Answer,
    fonts::{FontServer, local},
    form::Form,
    service::Service,
};

#[tokio::test]
async fn every_cell_of_the_transforms_is_true() {
    let service = Service::start();
    for row in table("Transforms") {
        let (with, without) = (row.object(), row.object_without_option());
        for (column, cell) in row.cells() {
            let asked = transformed(&service, column, &with).await;
            let plain = transformed(&service, column, &without).await;
            check(&row, column, cell, &asked, &plain);
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_draws_is_true() {
    let service = Service::start();
    for row in table("Draws") {
        let (with, without) = (row.object(), row.object_without_option());
        for (column, cell) in row.cells() {
            let asked = drawn(&service, column, &with).await;
            let plain = drawn(&service, column, &without).await;
            check(&row, column, cell, &asked, &plain);
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_outputs_is_true() {
    let service = Service::start();
    for row in table("Outputs") {
        let (with, mut without) = (row.object(), row.object_without_option());
        // Every output has a format; the plain one is another.
        without.entry("format").or_insert(json!("image/png"));
        if row.option == "format" && with["format"] == json!("image/png") {
            without.insert("format".to_owned(), json!("image/webp"));
        }
        for (column, cell) in row.cells() {
            let asked = written(&service, column, &with).await;
            let plain = written(&service, column, &without).await;
            check(&row, column, cell, &asked, &plain);
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_inputs_is_true() {
    let service = Service::start();
    for row in table("Inputs") {
        let file = file_in_format(&service, &row.option).await;
        for (column, cell) in row.cells() {
            let (asked, plain) = match column {
                "binding" => (
                    alone(&service, &file).await,
                    alone(&service, &pictures::still()).await,
                ),
                _ => (
                    below(&service, &file).await,
                    below(&service, &pictures::still()).await,
                ),
            };
            check(&row, column, cell, &asked, &plain);
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_texts_is_true() {
    let server = FontServer::start().await;
    let service = Service::with(local());
    for row in table("Texts") {
        let (with, without) = (row.object(), row.object_without_option());
        for (column, cell) in row.cells() {
            let asked = set(&service, column, text(&server, &with, "")).await;
            let plain = set(&service, column, text(&server, &without, &row.option)).await;
            check(&row, column, cell, &asked, &plain);
        }
    }
}

#[test]
fn every_option_of_the_interface_has_a_row() {
    let options = |name: &str| {
        table(name)
            .into_iter()
            .map(|row| row.option)
            .collect::<BTreeSet<_>>()
    };
    let all = |names: &str| {
        let names = names.split_whitespace();
        names.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let transforms = "background blur border brightness contrast dpr fit flip gamma gravity height rotate \
        saturation segment sharpen trim upscale width zoom";
    // Names that are options elsewhere, or nowhere.
    let ignored = "anim colour compression draw format metadata onerror quality";
    assert_eq!(
        options("Transforms"),
        all(&format!("{transforms} {ignored}"))
    );
    assert_eq!(
        options("Draws"),
        all("bottom composite left opacity repeat right scale top")
    );
    assert_eq!(options("Texts"), all("color font size text weight"));
    assert_eq!(options("Outputs"), all("anim background format quality"));
}

/// Holds an answer against what the page says of it; `plain` is the answer without the option.
fn check(row: &Row, column: &str, cell: &Cell, asked: &Answer, plain: &Answer) {
    let what = format!("{} in {column}: {cell:?}", row.line);
    let text = String::from_utf8_lossy(&asked.body);
    if let Cell::Refused(code) = cell {
        assert!(!asked.status.is_success(), "{what}");
        assert!(
            text.starts_with(&format!("ERROR {code}: ")),
            "{what}: {text}"
        );
        return;
    }
    assert!(asked.status.is_success(), "{what}: {text}");
    match cell {
        Cell::Approximated => assert!(asked.header("warning").is_some(), "{what}: no Warning"),
        Cell::Done | Cell::FirstFrame => assert!(asked.body != plain.body, "{what}: no effect"),
        Cell::Ignored => {
            let warning = asked.header("warning").unwrap_or_default();
            let names = format!("no option {}; it was ignored", row.option);
            assert!(warning.contains(&names), "{what}: {warning:?}");
            assert!(asked.body == plain.body, "{what}: an effect");
        }
        Cell::Still | Cell::Refused(_) => {}
    }
    // An option that is applied to an animation keeps it one.
    if column == "animation" {
        let kept = pictures::frames(&asked.body) > 1;
        assert_eq!(
            kept,
            matches!(cell, Cell::Done | Cell::Approximated | Cell::Ignored),
            "{what}: frames"
        );
    }
}

/// One transform of the base, of an overlay's overlay, or of an animation.
async fn transformed(service: &Service, column: &str, options: &Map<String, Value>) -> Answer {
    let step = |index: usize| {
        let mut step = options.clone();
        step.insert("imageIndex".to_owned(), json!(index));
        Value::Object(step)
    };
    let form = match column {
        "binding" => base(&pictures::still()).steps(&json!([step(0)]), "image/png"),
        "animation" => base(&pictures::animation()).steps(&json!([step(0)]), "image/webp"),
        _ => nested().steps(
            &json!([step(2), draw(2, 1, &Map::new()), draw(1, 0, &Map::new())]),
            "image/png",
        ),
    };
    form.send(service).await
}

/// One draw onto the base, onto an overlay, or onto an animation.
async fn drawn(service: &Service, column: &str, options: &Map<String, Value>) -> Answer {
    let mark = pictures::mark();
    let form = match column {
        "binding" => base(&pictures::still())
            .overlay(&mark)
            .steps(&json!([draw(1, 0, options)]), "image/png"),
        "animation" => base(&pictures::animation())
            .overlay(&mark)
            .steps(&json!([draw(1, 0, options)]), "image/webp"),
        _ => base(&pictures::still())
            .overlay(&pictures::still())
            .overlay(&mark)
            .steps(
                &json!([draw(2, 1, options), draw(1, 0, &Map::new())]),
                "image/png",
            ),
    };
    form.send(service).await
}

/// Makes the argument of `text()`: the options, and a default text and font unless they are the option under test.
fn text(server: &FontServer, options: &Map<String, Value>, tried: &str) -> Value {
    let mut text = json!({"size": 10});
    if tried != "text" {
        text["text"] = json!("A");
    }
    if tried != "font" {
        text["font"] = json!({"url": "/plain"});
    }
    for (key, value) in options {
        text[key] = value.clone();
    }
    if let Some(path) = text["font"]["url"].as_str() {
        text["font"]["url"] = json!(server.url(path));
    }
    text
}

/// A text as the base, drawn onto an overlay, or onto an animation.
async fn set(service: &Service, column: &str, text: Value) -> Answer {
    let text = text.to_string();
    let form = match column {
        "binding" => Request(Form::transform().string(form::TEXT_INPUT, &text))
            .steps(&json!([]), "image/png"),
        "animation" => Request(
            base(&pictures::animation())
                .0
                .string(form::DRAW_TEXT, &text),
        )
        .steps(&json!([draw(1, 0, &Map::new())]), "image/webp"),
        _ => Request(
            base(&pictures::still())
                .overlay(&pictures::canvas())
                .0
                .string(form::DRAW_TEXT, &text),
        )
        .steps(
            &json!([draw(2, 1, &Map::new()), draw(1, 0, &Map::new())]),
            "image/png",
        ),
    };
    form.send(service).await
}

async fn written(service: &Service, column: &str, options: &Map<String, Value>) -> Answer {
    let picture = match column {
        "binding" => pictures::still(),
        _ => pictures::animation(),
    };
    let mut request = base(&picture);
    request.0 = request.0.string(form::TRANSFORMS, "[]");
    for (key, field) in [
        ("format", form::OUTPUT_FORMAT),
        ("quality", form::OUTPUT_QUALITY),
        ("background", form::BACKGROUND),
        ("anim", form::ANIM),
    ] {
        if let Some(value) = options.get(key) {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            request.0 = request.0.string(field, &text);
        }
    }
    request.send(service).await
}

/// A file of the format that a row names.
async fn file_in_format(service: &Service, name: &str) -> Vec<u8> {
    let format = match name {
        "JPEG" => "image/jpeg",
        "PNG" => "image/png",
        "WebP" => "image/webp",
        "AVIF" => "image/avif",
        foreign => return pictures::foreign(foreign),
    };
    let request = base(&pictures::still()).steps(&json!([{"imageIndex": 0, "flip": "h"}]), format);
    request.send(service).await.body.to_vec()
}

async fn alone(service: &Service, file: &[u8]) -> Answer {
    base(file).steps(&json!([]), "rgba").send(service).await
}

async fn below(service: &Service, file: &[u8]) -> Answer {
    let request = base(&pictures::canvas()).overlay(file);
    request
        .steps(&json!([draw(1, 0, &Map::new())]), "rgba")
        .send(service)
        .await
}

/// A request in the making.
struct Request(Form);

fn base(picture: &[u8]) -> Request {
    Request(Form::transform().file(form::IMAGE, picture))
}

/// A canvas, a picture to be drawn onto it, and one to be drawn onto that.
fn nested() -> Request {
    base(&pictures::canvas())
        .overlay(&pictures::canvas())
        .overlay(&pictures::still())
}

fn draw(overlay: usize, target: usize, options: &Map<String, Value>) -> Value {
    let mut step = options.clone();
    step.insert("drawImageIndex".to_owned(), json!(overlay));
    step.insert("targetImageIndex".to_owned(), json!(target));
    Value::Object(step)
}

impl Request {
    fn overlay(self, picture: &[u8]) -> Self {
        Self(self.0.file(form::DRAW_IMAGE, picture))
    }

    /// WebP is written without loss, so that every effect shows.
    fn steps(self, steps: &Value, format: &str) -> Self {
        let form = self.0.string(form::TRANSFORMS, &steps.to_string());
        let form = form.string(form::OUTPUT_FORMAT, format);
        Self(match format {
            "image/webp" => form.string(form::OUTPUT_QUALITY, "100"),
            _ => form,
        })
    }

    async fn send(self, service: &Service) -> Answer {
        service.post(&self.0.end()).await
    }
}
