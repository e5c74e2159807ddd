//! Which file is read, and what keeps it from being read.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::config::Config;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// The message, with the test's own folder left out.
fn message(dir: &TempDir, file: Option<&Path>) -> String {
    let errors = Config::load(dir.path(), file, None).unwrap_err();
    errors
        .to_string()
        .replace(dir.path().to_str().unwrap(), "DIR")
}

#[test]
fn json_comes_before_jsonc_before_toml() {
    let files = [
        ("wrangler.json", r#"{"main": "json.wasm"}"#),
        ("wrangler.jsonc", r#"{"main": "jsonc.wasm"}"#),
        ("wrangler.toml", "main = 'toml.wasm'"),
    ];
    for first in 0..files.len() {
        let dir = folder(&files[first..]);
        let config = Config::load(dir.path(), None, None).unwrap().config;
        assert_eq!(config.file, dir.path().join(files[first].0));
        let kind = files[first].0.strip_prefix("wrangler.").unwrap();
        assert_eq!(config.main, dir.path().join(format!("{kind}.wasm")));
    }
}

#[test]
fn a_named_file_goes_before_the_search_and_its_folder_is_the_base() {
    let dir = folder(&[("wrangler.toml", "main = 'wrong.wasm'")]);
    fs::create_dir(dir.path().join("sub")).unwrap();
    let file = dir.path().join("sub/mine.toml");
    fs::write(&file, "main = 'right.wasm'").unwrap();
    let config = Config::load(dir.path(), Some(&file), None).unwrap().config;
    assert_eq!(config.main, dir.path().join("sub/right.wasm"));
    assert_eq!(config.dir, dir.path().join("sub"));
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let dir = folder(&[("notes.txt", "main = 'w.wasm'")]);
    assert_eq!(
        message(&dir, None),
        "DIR: there is no wrangler.json, wrangler.jsonc or wrangler.toml here"
    );
    assert_eq!(
        message(&dir, Some(&dir.path().join("notes.txt"))),
        "DIR/notes.txt: the name of a config ends in .json, .jsonc or .toml"
    );
    assert_eq!(
        message(&dir, Some(&dir.path().join("gone.toml"))),
        "DIR/gone.toml: cannot be read: No such file or directory (os error 2)"
    );
    fs::create_dir(dir.path().join("wrangler.toml")).unwrap();
    assert_eq!(message(&dir, None), "DIR/wrangler.toml: not a file");
}

#[test]
fn size_and_encoding_are_bounded() {
    let dir = folder(&[]);
    let file = dir.path().join("wrangler.toml");
    let fits = format!("main = 'w.wasm'\n#{}", "x".repeat((1 << 20) - 17));
    assert_eq!(fits.len(), 1 << 20);
    fs::write(&file, &fits).unwrap();
    assert!(Config::load(dir.path(), None, None).is_ok());
    fs::write(&file, fits + "x").unwrap();
    assert_eq!(
        message(&dir, None),
        "DIR/wrangler.toml: larger than 1048576 bytes"
    );
    fs::write(&file, b"main = '\xff'").unwrap();
    assert_eq!(message(&dir, None), "DIR/wrangler.toml: not UTF-8 text");
}

#[test]
fn secret_files_beside_the_config_are_named_because_they_are_not_read() {
    let dir = folder(&[
        ("wrangler.toml", "main = 'w.wasm'\n[env.staging]"),
        (".dev.vars", "SECRET=1"),
        (".env.staging", "SECRET=2"),
    ]);
    let warnings = |environment| -> Vec<String> {
        let loaded = Config::load(dir.path(), None, environment).unwrap();
        let texts = loaded.warnings.iter().map(ToString::to_string);
        texts
            .map(|text| text.replace(dir.path().to_str().unwrap(), "DIR"))
            .collect()
    };
    let dev_vars =
        "DIR/wrangler.toml: `.dev.vars` is not read yet: the worker runs without its values";
    assert_eq!(warnings(None), [dev_vars]);
    assert_eq!(
        warnings(Some("staging")),
        [
            dev_vars,
            "DIR/wrangler.toml: `.env.staging` is not read yet: the worker runs without its values"
        ]
    );
}
