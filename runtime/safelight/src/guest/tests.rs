//! Tests: the kinds of `main`, and the component that a build command must produce.

use std::fs;
use std::path::Path;
use std::time::Duration;

use safelight_config::{AllowedHosts, Build, Config, Dev, ImageUrlsConfig, Limits, Storage};
use safelight_net::Deadlines;
use safelight_protocol::settings::PixelSettings;
use tempfile::TempDir;

use super::{Kind, build, kind};

fn folder(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    dir
}

fn config(dir: &TempDir, main: &str, command: Option<&str>) -> Config {
    let dir = dir.path();
    Config {
        file: dir.join("wrangler.toml"),
        dir: dir.to_path_buf(),
        environment: None,
        name: "test".into(),
        main: Some(dir.join(main)),
        vars: Vec::new(),
        secrets: Vec::new(),
        bindings: Vec::new(),
        assets: None,
        workers: Vec::new(),
        storage: Storage::default(),
        dev: Dev::default(),
        allowed_hosts: AllowedHosts::default(),
        redact_query: Vec::new(),
        deadlines: Deadlines::default(),
        pixels: PixelSettings::default(),
        limits: Limits {
            cpu: Duration::from_secs(1),
            memory_bytes: 1 << 20,
            ..Limits::default()
        },
        build: command.map(|command| Build {
            command: command.into(),
            cwd: dir.to_path_buf(),
        }),
        faults: Vec::new(),
        image_urls: ImageUrlsConfig::default(),
    }
}

/// The message, with `DIR` for the test's own folder.
fn message(dir: &TempDir, main: &str, command: Option<&str>) -> String {
    let error = build(&config(dir, main, command)).unwrap_err();
    error
        .to_string()
        .replace(dir.path().to_str().unwrap(), "DIR")
}

#[test]
fn a_component_is_taken_as_it_is() {
    let dir = folder(&["w.wasm"]);
    assert_eq!(
        build(&config(&dir, "w.wasm", None)).unwrap(),
        Some(dir.path().join("w.wasm"))
    );
    assert_eq!(
        message(&dir, "gone.wasm", None),
        "`main` is DIR/gone.wasm, which does not exist"
    );
}

#[test]
fn a_rust_source_belongs_to_the_nearest_crate_above_it() {
    let dir = folder(&[
        "Cargo.toml",
        "a/Cargo.toml",
        "a/src/deep/lib.rs",
        "b/src/lib.rs",
        "a/root.rs",
    ]);
    let crate_of = |main: &str| match kind(&dir.path().join(main)) {
        Ok(Kind::Crate(folder)) => folder,
        other => panic!("{other:?}"),
    };
    assert_eq!(crate_of("a/src/deep/lib.rs"), dir.path().join("a"));
    assert_eq!(crate_of("a/root.rs"), dir.path().join("a"));
    assert_eq!(crate_of("b/src/lib.rs"), dir.path());
    assert_eq!(crate_of("a"), dir.path().join("a"));
    assert_eq!(
        message(&dir, "a/src", None),
        "there is no Cargo.toml for DIR/a/src"
    );
    assert_eq!(
        message(&dir, "src/lib.rs", None),
        "`main` is DIR/src/lib.rs, which does not exist"
    );
}

#[test]
fn javascript_is_refused_by_name() {
    let dir = folder(&["index.ts", "notes.txt"]);
    assert_eq!(
        message(&dir, "index.ts", None),
        "DIR/index.ts is JavaScript or TypeScript, and such workers are not supported yet"
    );
    assert_eq!(
        message(&dir, "notes.txt", None),
        "`main` is DIR/notes.txt; it can be a component (.wasm), a Rust source (.rs) or the folder of a Cargo.toml"
    );
}

#[test]
fn a_build_command_runs_in_its_folder_and_makes_main() {
    let dir = folder(&["in.txt"]);
    let component = build(&config(
        &dir,
        "out.wasm",
        Some("cp in.txt out.wasm && true"),
    ))
    .unwrap()
    .unwrap();
    assert_eq!(component, dir.path().join("out.wasm"));
    assert!(Path::exists(&component));
}

#[test]
fn a_build_command_that_does_not_deliver_is_named() {
    let dir = folder(&["index.js"]);
    assert_eq!(
        message(&dir, "out.wasm", Some("exit 3")),
        "`build.command` failed: exit 3"
    );
    assert_eq!(
        message(&dir, "out.wasm", Some("true")),
        "`build.command` did not make DIR/out.wasm: true"
    );
    assert_eq!(
        message(&dir, "index.js", Some("true")),
        "with a `build.command`, `main` must be the .wasm file that it makes, but is DIR/index.js: true"
    );
    let mut config = config(&dir, "out.wasm", Some("true"));
    config.build.as_mut().unwrap().cwd = dir.path().join("gone");
    assert!(
        build(&config)
            .unwrap_err()
            .to_string()
            .ends_with("gone, which is no folder")
    );
}
