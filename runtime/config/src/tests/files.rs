//! The choice of the config file, and the errors of reading it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::Config;

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
        assert_eq!(
            config.main.unwrap(),
            dir.path().join(format!("{kind}.wasm"))
        );
    }
}

#[test]
fn a_named_file_goes_before_the_search_and_its_folder_is_the_base() {
    let dir = folder(&[("wrangler.toml", "main = 'wrong.wasm'")]);
    fs::create_dir(dir.path().join("sub")).unwrap();
    let file = dir.path().join("sub/mine.toml");
    fs::write(&file, "main = 'right.wasm'").unwrap();
    let config = Config::load(dir.path(), Some(&file), None).unwrap().config;
    assert_eq!(config.main.unwrap(), dir.path().join("sub/right.wasm"));
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

/// The secrets of an environment as `NAME=value (file)`, and the warnings.
fn secrets(files: &[(&str, &str)], environment: Option<&str>) -> (Vec<String>, Vec<String>) {
    let dir = folder(files);
    let loaded = Config::load(dir.path(), None, environment).unwrap();
    let secrets = loaded.config.secrets.iter();
    let secrets = secrets.map(|secret| {
        let value = secret.value.expose();
        format!("{}={value} ({})", secret.name, secret.file)
    });
    let warnings = loaded.warnings.iter().map(ToString::to_string);
    let warnings = warnings.map(|text| text.replace(dir.path().to_str().unwrap(), "DIR"));
    (secrets.collect(), warnings.collect())
}

const CONFIG: (&str, &str) = ("wrangler.toml", "main = 'w.wasm'\n[env.staging]");

#[test]
fn dev_vars_hold_the_secrets_and_then_no_other_file_does() {
    let files = [
        CONFIG,
        (".dev.vars", "A=1\nB=2\nA=3"),
        (".dev.vars.staging", "A=4"),
        (".env", "C=5"),
    ];
    assert_eq!(
        secrets(&files, None).0,
        ["A=3 (.dev.vars)", "B=2 (.dev.vars)"]
    );
    assert_eq!(
        secrets(&files, Some("staging")).0,
        ["A=4 (.dev.vars.staging)"]
    );
    assert_eq!(
        secrets(&files[..2], Some("staging")).0,
        ["A=3 (.dev.vars)", "B=2 (.dev.vars)"]
    );
}

#[test]
fn env_files_stand_in_for_dev_vars_and_the_later_one_wins() {
    let files = [
        CONFIG,
        (".env", "A=1\nB=1\nC=1\nD=1"),
        (".env.local", "B=2\nC=2\nD=2"),
        (".env.staging", "C=3\nD=3"),
        (".env.staging.local", "D=$A"),
    ];
    let (none, _) = secrets(&files, None);
    assert_eq!(
        none,
        [
            "A=1 (.env)",
            "B=2 (.env.local)",
            "C=2 (.env.local)",
            "D=2 (.env.local)"
        ]
    );
    let (staging, warnings) = secrets(&files, Some("staging"));
    assert_eq!(
        staging,
        [
            "A=1 (.env)",
            "B=2 (.env.local)",
            "C=3 (.env.staging)",
            "D=$A (.env.staging.local)"
        ]
    );
    assert_eq!(
        warnings,
        [
            "DIR/.env.staging.local:1:1: `D` holds a `$`, which is not expanded: the worker sees the value as it stands"
        ]
    );
}

#[test]
fn a_secret_goes_before_a_variable_and_is_shown_by_no_debug_output() {
    let dir = folder(&[
        (
            "wrangler.toml",
            "main = 'w.wasm'\nvars = { A = 'plain', B = 'b' }",
        ),
        (".dev.vars", "A=hidden-value"),
    ]);
    let loaded = Config::load(dir.path(), None, None).unwrap();
    assert_eq!(loaded.config.vars, [("B".to_owned(), "b".to_owned())]);
    assert!(!format!("{loaded:?}").contains("hidden-value"));
}
