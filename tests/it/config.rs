//! A config that cannot be served is refused at the start, and the message names the mistake.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::dev_server::project;
use crate::guests::{self, SAFELIGHT};

/// Runs a subcommand in a folder that it must refuse, and returns its words.
fn refusal(arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(SAFELIGHT)
        .args(arguments)
        .arg(folder)
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    words
}

#[test]
fn a_folder_without_config_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let words = refusal(&["dev"], folder.path());
    assert!(words.contains("wrangler.toml"), "{words}");
}

#[test]
fn all_mistakes_of_a_config_are_reported_with_their_lines() {
    let folder = project(guests::hello_p2(), "mian = 1\n[images]\nbinding = 3\n");
    let words = refusal(&["check"], folder.path());
    let words = words.replace(folder.path().to_str().unwrap(), "DIR");
    assert_eq!(
        words,
        "\
error: DIR/wrangler.toml:4:1: `mian` is not a key that is known here; did you mean `main`?
DIR/wrangler.toml:6:11: `images.binding` must be a string, but is a number
"
    );
}

#[test]
fn a_binding_that_does_not_exist_yet_is_named() {
    let folder = project(
        guests::hello_p2(),
        "[[kv_namespaces]]\nbinding = \"CACHE\"\n",
    );
    let words = refusal(&["check"], folder.path());
    let words = words.replace(folder.path().to_str().unwrap(), "DIR");
    assert_eq!(
        words,
        "error: DIR/wrangler.toml:4:3: `kv_namespaces` is a binding that safelight does not have yet\n"
    );
}

#[test]
fn a_missing_main_is_named() {
    let folder = project(Path::new("/nowhere/worker.wasm"), "");
    let words = refusal(&["dev", "--port", "0"], folder.path());
    assert!(words.contains("/nowhere/worker.wasm"), "{words}");
}

#[test]
fn a_main_that_is_text_or_a_core_module_is_refused_by_kind() {
    let folder = tempfile::tempdir().unwrap();
    for (content, kind) in [
        (&b"hello, I am text"[..], "not a WebAssembly file"),
        (b"", "not a WebAssembly file"),
        (
            b"\0asm\x01\0\0\0",
            "core WebAssembly module, not a component",
        ),
    ] {
        let main = folder.path().join("worker.wasm");
        std::fs::write(&main, content).unwrap();
        let project = project(&main, "");
        for command in [&["dev", "--port", "0"][..], &["check"]] {
            let words = refusal(command, project.path());
            assert!(words.contains(kind), "{words}");
        }
    }
}

#[test]
fn a_component_that_is_cut_off_is_refused() {
    let whole = std::fs::read(guests::hello_p2()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("worker.wasm");
    std::fs::write(&main, &whole[..whole.len() / 2]).unwrap();
    let words = refusal(&["check"], project(&main, "").path());
    assert!(words.contains("worker.wasm"), "{words}");
}

#[test]
fn an_import_that_the_host_lacks_is_named() {
    let folder = project(guests::missing_import(), "");
    for command in [&["dev", "--port", "0"][..], &["check"]] {
        let words = refusal(command, folder.path());
        assert!(words.contains("acme:missing/thing"), "{words}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = project(guests::hello_p2(), "");
    let words = refusal(&["dev", "--port", &port], folder.path());
    assert_eq!(
        words.replace(&port, "PORT"),
        "error: port PORT on 127.0.0.1 is taken by another program; choose another with --port\n"
    );
}

#[test]
fn a_good_project_passes_the_check() {
    let folder = project(guests::misbehaving(), "[images]\nbinding = \"IMAGES\"\n");
    let output = Command::new(SAFELIGHT)
        .arg("check")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_folder_is_not_left_out_for_a_config() {
    let folder = project(Path::new("missing.wasm"), "");
    let output = Command::new(SAFELIGHT)
        .args(["dev", "--config", "wrangler.toml", "other"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("cannot be used with"), "{words}");
}
