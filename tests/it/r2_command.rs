//! `safelight r2`: the buckets of a config from the command line, also while a server uses them.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::client::{get, post};
use crate::dev_server::{DevServer, project};
use crate::guests::{self, SAFELIGHT};

const BUCKET: &str = "[[r2_buckets]]\nbinding = \"BUCKET\"\nbucket_name = \"photos\"\n";

fn command(project: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(SAFELIGHT);
    command.arg("r2").args(arguments).arg("--dir").arg(project);
    command
}

fn r2(project: &Path, arguments: &[&str]) -> Output {
    command(project, arguments).output().unwrap()
}

/// Returns the standard output of a command, and asserts that it succeeded.
#[track_caller]
fn said(output: &Output) -> &str {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {words}", output.status);
    std::str::from_utf8(&output.stdout).unwrap()
}

/// Returns the standard error of a command, and asserts that it exited with 1.
#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn objects_go_in_and_out_and_are_listed_and_deleted() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let file = path.join("cat.jpg");
    let large: Vec<u8> = (0..3_000_000_u32)
        .map(|number| number.to_le_bytes()[0])
        .collect();
    std::fs::write(&file, &large).unwrap();
    let file = file.to_str().unwrap();
    let put = r2(
        path,
        &[
            "put",
            "photos/a/cat.jpg",
            file,
            "--content-type",
            "image/jpeg",
        ],
    );
    assert_eq!(said(&put), "stored photos/a/cat.jpg, 3.0 MB\n");
    std::fs::write(file, "small").unwrap();
    said(&r2(path, &["put", "photos/b\n", file]));
    assert_eq!(
        said(&r2(path, &["list", "photos"])),
        "   3.0 MB  a/cat.jpg\n      5 B  b\\n\n"
    );
    assert_eq!(
        said(&r2(path, &["list", "photos", "--prefix", "b"])),
        "      5 B  b\\n\n"
    );
    let copy = path.join("copy");
    said(&r2(
        path,
        &["get", "photos/a/cat.jpg", copy.to_str().unwrap()],
    ));
    assert!(std::fs::read(&copy).unwrap() == large, "the bytes differ");
    assert_eq!(said(&r2(path, &["get", "photos/b\n", "-"])), "small");
    assert_eq!(
        said(&r2(path, &["delete", "photos/b\n"])),
        "deleted photos/b\\n\n"
    );
    // The state is kept out of the repository.
    assert_eq!(
        std::fs::read_to_string(path.join(".safelight/.gitignore")).unwrap(),
        "*\n"
    );
}

#[test]
fn a_command_that_cannot_succeed_says_so_and_leaves_no_file() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let words = refused(&r2(path, &["list", "pictures"]));
    assert!(
        words.contains("no bucket pictures; it has photos"),
        "{words}"
    );
    let copy = path.join("copy");
    let words = refused(&r2(path, &["get", "photos/x", copy.to_str().unwrap()]));
    assert!(
        words.contains("photos/x") && words.contains("10007"),
        "{words}"
    );
    let file = path.join("file");
    std::fs::write(&file, "hello").unwrap();
    let words = refused(&r2(path, &["put", "photos/", file.to_str().unwrap()]));
    assert!(words.contains("photos/ names no key"), "{words}");
    std::fs::remove_file(file).unwrap();
    assert_eq!(said(&r2(path, &["list", "photos"])), "");
    let left: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_fault_of_a_file_is_told_as_the_files() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let file = path.join("file");
    std::fs::write(&file, "hello").unwrap();
    said(&r2(path, &["put", "photos/x", file.to_str().unwrap()]));
    let into_nothing = path.join("none/copy");
    let into_nothing = into_nothing.to_str().unwrap();
    for (command, name, cause) in [
        (
            ["put", "photos/y", "/nowhere/file"],
            "read /nowhere/file",
            "No such file",
        ),
        (["put", "photos/y", "/"], "read /", "no regular file"),
        // A file that cannot be read once it is open, and one that is longer than it says.
        (
            ["put", "photos/y", "/proc/self/mem"],
            "read /proc/self/mem",
            "Input/output error",
        ),
        (
            ["put", "photos/y", "/proc/self/status"],
            "read /proc/self/status",
            "changed its length",
        ),
        (
            ["put", "photos/y", "/dev/null"],
            "read /dev/null",
            "no regular file",
        ),
        (
            ["get", "photos/x", into_nothing],
            into_nothing,
            "No such file",
        ),
        (
            ["get", "photos/x", path.to_str().unwrap()],
            path.to_str().unwrap(),
            "directory",
        ),
    ] {
        let words = refused(&r2(path, &command));
        assert!(words.contains(name) && words.contains(cause), "{words}");
        assert!(
            !words.contains("(10") && !words.contains("bucket"),
            "{words}"
        );
    }
    // A pipe without a reader is an error as well.
    let mut command = command(path, &["get", "photos/x", "-"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let words = refused(&command.stdout(writer).output().unwrap());
    assert!(
        words.contains("write standard output") && words.contains("roken pipe"),
        "{words}"
    );
}

#[test]
fn a_link_is_not_replaced_by_what_is_read() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let file = path.join("cat.jpg");
    std::fs::write(&file, "cat").unwrap();
    said(&r2(path, &["put", "photos/k", file.to_str().unwrap()]));
    let link = path.join("link");
    std::os::unix::fs::symlink("cat.jpg", &link).unwrap();
    let words = refused(&r2(path, &["get", "photos/k", link.to_str().unwrap()]));
    assert!(
        words.contains("what is there is no regular file"),
        "{words}"
    );
    assert!(words.contains("link"), "{words}");
    assert!(link.is_symlink());
}

#[test]
fn buckets_that_are_gone_with_each_run_are_refused() {
    let extra = format!("{BUCKET}\n[safelight.storage]\nstate = \"memory\"\n");
    let project = project(Path::new("w.wasm"), &extra);
    let path = project.path();
    let file = path.join("file");
    std::fs::write(&file, "hello").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        &["put", "photos/x", file][..],
        &["get", "photos/x", "-"],
        &["list", "photos"],
        &["delete", "photos/x"],
    ] {
        let words = refused(&r2(path, arguments));
        assert!(
            words.contains("safelight.storage.state") && words.contains("memory"),
            "{words}"
        );
    }
    let state = path.join("state");
    let state = state.to_str().unwrap();
    said(&r2(path, &["put", "photos/x", file, "--persist-to", state]));
    let got = r2(path, &["get", "photos/x", "-", "--persist-to", state]);
    assert_eq!(said(&got), "hello");
}

#[test]
fn deleting_what_is_not_there_is_no_error_but_is_said() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let deleted = r2(project.path(), &["delete", "photos/x"]);
    assert_eq!(said(&deleted), "photos/x: no such key\n");
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut put = command(path, &["put", "photos/x", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    put.stdin.take().unwrap().write_all(&large).unwrap();
    let put = put.wait_with_output().unwrap();
    assert_eq!(said(&put), "stored photos/x, 12.0 MB\n");
    let got = r2(path, &["get", "photos/x", "-"]);
    assert!(
        got.status.success() && got.stdout == large,
        "the bytes differ"
    );
}

#[tokio::test]
async fn a_server_and_the_command_line_share_the_buckets() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let extra = format!("{BUCKET}\n[safelight.storage]\nstate = \"{state}\"\n");
    let server = DevServer::start(guests::bucket(), &extra).await;
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let file = path.join("file");
    std::fs::write(&file, "from the command line").unwrap();
    let put = [
        "put",
        "photos/k",
        file.to_str().unwrap(),
        "--persist-to",
        state,
    ];
    said(&r2(path, &put));
    assert_eq!(
        get(server.address, "/get?key=k").await.text(),
        "from the command line"
    );
    post(server.address, "/put?key=k", "from the worker").await;
    let got = r2(path, &["get", "photos/k", "-", "--persist-to", state]);
    assert_eq!(said(&got), "from the worker");
}

#[test]
fn standard_input_is_not_read_for_a_bucket_that_is_not_there() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let file = path.join("file");
    std::fs::write(&file, "hello").unwrap();
    let mut input = File::open(&file).unwrap();
    let mut put = command(path, &["put", "pictures/x", "-"]);
    let put = put.stdin(input.try_clone().unwrap()).output().unwrap();
    let words = refused(&put);
    assert!(
        words.contains("no bucket pictures; it has photos"),
        "{words}"
    );
    assert_eq!(input.stream_position().unwrap(), 0);
}

#[test]
fn why_a_transfer_failed_is_told_though_the_bucket_cannot_be_closed() {
    let project = project(Path::new("w.wasm"), BUCKET);
    let path = project.path();
    let long = format!("photos/{}", "x".repeat(1025));
    let mut put = command(path, &["put", &long, "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = put.stdin.take().unwrap();
    // The value is larger than a pipe's buffer, so the command reads it and the bucket is open.
    input.write_all(&[0; 1_000_000]).unwrap();
    let runs = path.join(".safelight/state/v1/r2/photos/runs");
    let run = std::fs::read_dir(runs).unwrap().next().unwrap();
    let run = run.unwrap().path();
    std::fs::remove_file(&run).unwrap();
    // A folder cannot be removed as a file.
    std::fs::create_dir(run).unwrap();
    drop(input);
    let words = refused(&put.wait_with_output().unwrap());
    assert!(
        words.contains("store photos/") && words.contains("(10020)"),
        "{words}"
    );
}

#[tokio::test]
async fn a_server_that_ends_in_order_leaves_nothing_to_look_for() {
    let state = tempfile::tempdir().unwrap();
    let extra = format!(
        "{BUCKET}\n[safelight.storage]\nstate = \"{}\"\n",
        state.path().display()
    );
    let mut server = DevServer::start(guests::bucket(), &extra).await;
    post(server.address, "/put?key=k", "one").await;
    post(server.address, "/put?key=k", "two").await;
    let folder = state.path().join("v1/r2/photos");
    let count = |name: &str| std::fs::read_dir(folder.join(name)).unwrap().count();
    assert_eq!(count("runs"), 1);
    server.signal("INT");
    assert!(server.ended().await.success());
    assert_eq!((count("runs"), count("blobs")), (0, 1));
}
