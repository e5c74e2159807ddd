//! Each row of the table of URLs in `docs/fidelity.md` holds for the real program.

use std::collections::BTreeSet;

use image::{Rgb, RgbImage};
use tempfile::TempDir;

use crate::client::{Answer, get};
use crate::dev_server::DevServer;
use crate::guests::repository;

/// Short names of options.
const ALIASES: [(&str, &str); 7] = [
    ("w", "width"),
    ("h", "height"),
    ("g", "gravity"),
    ("q", "quality"),
    ("f", "format"),
    ("face-zoom", "zoom"),
    ("scq", "slow-connection-quality"),
];

/// A row of the table.
struct Row {
    option: String,
    options: String,
    result: String,
}

impl Row {
    /// The options but the one that the row is about.
    fn others(&self) -> String {
        let pairs = self.options.split(',').filter(|pair| {
            let key = pair.split('=').next().unwrap();
            let key = ALIASES
                .iter()
                .find(|(short, _)| *short == key)
                .map_or(key, |(_, full)| *full);
            key.split('.').next().unwrap() != self.option
        });
        pairs.collect::<Vec<_>>().join(",")
    }
}

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(repository().join("docs/fidelity.md")).unwrap();
    let (_, section) = page.split_once("\n## URLs\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, option, options, result, ..] = cells[..] else {
            panic!("{line}");
        };
        Row {
            option: option.trim_matches('`').to_owned(),
            options: options.trim_matches('`').to_owned(),
            result: result.to_owned(),
        }
    };
    rows.map(row).collect()
}

/// A site of one picture, of 60 by 40 pixels and many colours within a white edge.
async fn site() -> (DevServer, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config =
        "name = \"site\"\n[assets]\ndirectory = \"public\"\n[safelight]\nimage_urls = true\n";
    std::fs::write(folder.path().join("wrangler.toml"), config).unwrap();
    let public = folder.path().join("public");
    std::fs::create_dir(&public).unwrap();
    let byte = |number: u32| u8::try_from(number).unwrap();
    let picture = RgbImage::from_fn(60, 40, |x, y| match (x, y) {
        (4..56, 4..36) => Rgb([byte(x * 4), byte(y * 6), byte((x * y) % 200)]),
        _ => Rgb([255; 3]),
    });
    picture.save(public.join("a.png")).unwrap();
    let server = DevServer::start_in(folder.path(), &[]).await;
    (server, folder)
}

async fn ask(server: &DevServer, options: &str) -> Answer {
    // A URL has one option at least.
    let options = match options {
        "" => "format=png-force",
        options => options,
    };
    get(server.address, &format!("/cdn-cgi/image/{options}/a.png")).await
}

#[tokio::test]
async fn every_row_of_the_urls_is_true() {
    let (server, _folder) = site().await;
    for row in rows() {
        let Row {
            option,
            options,
            result,
        } = &row;
        let answer = ask(&server, options).await;
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(code) = result.strip_prefix("refused ") {
            assert!(text.starts_with(&format!("ERROR {code}: ")), "{options}");
            assert!(text.contains(option.as_str()), "{options}: {text}");
            assert_eq!(answer.header("cf-resized"), format!("err={code}"));
            continue;
        }
        assert_eq!(answer.status, 200, "{options}: {text}");
        let warnings = answer.headers.get_all("warning").iter();
        let warnings: Vec<_> = warnings.map(|text| text.to_str().unwrap()).collect();
        let ignored = |warning: &&str| warning.contains("ignored");
        match result.as_str() {
            "ignored" => assert!(
                warnings
                    .iter()
                    .any(|text| ignored(text) && text.contains(option.as_str())),
                "{options}: {warnings:?}"
            ),
            _ => assert!(!warnings.iter().any(ignored), "{options}: {warnings:?}"),
        }
        let plain = ask(&server, &row.others()).await;
        match result.as_str() {
            "done" => assert!(answer.body != plain.body, "{options}: no effect"),
            "approximated" => assert!(!warnings.is_empty(), "{options}: no Warning"),
            "ignored" | "no change" => {
                assert!(answer.body == plain.body, "{options}: another picture");
            }
            other => panic!("{options}: {other}"),
        }
    }
}

#[test]
fn every_option_of_a_url_has_a_row() {
    let named: BTreeSet<_> = rows().into_iter().map(|row| row.option).collect();
    let all = "anim background blur border brightness compression contrast dpr draw fit flip format gamma gravity height \
        metadata onerror quality rotate saturation segment sharpen slow-connection-quality trim upscale wbreakpoints \
        wdesktop width wmobile zoom";
    let all: BTreeSet<_> = all.split_whitespace().map(str::to_owned).collect();
    assert_eq!(named, all);
}
