//! The kernel's confinement of a pixel process, tried from inside by a program that confines itself in the same way.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    process::{Command, Output},
};

use tempfile::TempDir;

/// The signal that a filter of system calls ends a process with.
const SIGSYS: i32 = 31;
const REFUSED: &str = "Permission denied (os error 13)";
const NOT_PERMITTED: &str = "Operation not permitted (os error 1)";

/// Runs the program, which tries one thing.
fn attempt(attempt: &str, target: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_safelight-pixels");
    let mut command = Command::new(program);
    command.args([attempt, target]).output().unwrap()
}

/// Runs the program, which tries one thing as an images process with a socket in `folder`.
fn attempt_as_images_process(attempt: &str, target: &str, folder: &TempDir) -> Output {
    let program = env!("CARGO_BIN_EXE_safelight-pixels");
    let mut command = Command::new(program);
    command.args([attempt, target]).arg(folder.path());
    command.output().unwrap()
}

#[track_caller]
fn assert_printed(output: &Output, expected: &str) {
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed.trim_end(), expected, "{:?} {errors}", output.status);
}

#[track_caller]
fn assert_killed(output: &Output) {
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.signal(), Some(SIGSYS), "{printed}");
}

#[test]
fn files_cannot_be_opened_or_created() {
    let folder = TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    assert_printed(&attempt("open", secret.to_str().unwrap()), NOT_PERMITTED);
    assert_printed(&attempt("open", "/etc/passwd"), NOT_PERMITTED);
    let new = folder.path().join("new");
    assert_printed(&attempt("create", new.to_str().unwrap()), NOT_PERMITTED);
    assert!(!new.exists());
}

#[test]
fn the_environment_of_the_parent_cannot_be_read() {
    assert_printed(&attempt("parents-environment", ""), NOT_PERMITTED);
}

#[test]
fn sockets_of_any_kind_end_the_process() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert_killed(&attempt("connect-tcp", &address));
    assert_killed(&attempt("bind-udp", ""));
    assert_killed(&attempt("connect-unix", "/run/nothing"));
}

#[test]
fn no_program_can_be_run() {
    let output = attempt("run", "/bin/true");
    // The C library forks before it executes; the fork is refused already.
    assert_printed(&output, NOT_PERMITTED);
}

#[test]
fn the_parent_cannot_be_killed_and_limits_cannot_be_changed() {
    assert_printed(&attempt("kill-parent", ""), NOT_PERMITTED);
    assert_printed(&attempt("limit", ""), NOT_PERMITTED);
}

#[test]
fn memory_cannot_become_code() {
    assert_printed(&attempt("map-code", ""), NOT_PERMITTED);
}

#[test]
fn threads_and_memory_are_there() {
    assert_printed(&attempt("thread", ""), "done");
    assert_printed(&attempt("allocate", ""), "done");
}

#[test]
fn an_images_process_reads_only_the_files_that_it_needs() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let secret = other.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    let attempt = |what, target: &str| attempt_as_images_process(what, target, &folder);
    assert_printed(&attempt("open", secret.to_str().unwrap()), REFUSED);
    assert_printed(&attempt("open", "/etc/passwd"), REFUSED);
    assert_printed(&attempt("parents-environment", ""), REFUSED);
    let new = other.path().join("new");
    assert_printed(&attempt("create", new.to_str().unwrap()), REFUSED);
    assert_printed(&attempt("open", "/etc/hosts"), "done");
    assert_printed(&attempt("open", "/dev/null"), "done");
}

#[test]
fn an_images_process_runs_no_program_but_its_own_and_signals_no_other_process() {
    let folder = TempDir::new().unwrap();
    let attempt = |what, target: &str| attempt_as_images_process(what, target, &folder);
    assert_printed(&attempt("run", "/bin/true"), REFUSED);
    let own = env!("CARGO_BIN_EXE_safelight-pixels");
    assert_printed(&attempt("run", own), "done");
    assert_printed(&attempt("kill-parent", ""), NOT_PERMITTED);
}

#[test]
fn an_images_process_connects_by_tcp_and_does_not_listen() {
    let folder = TempDir::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let attempt = |what, target: &str| attempt_as_images_process(what, target, &folder);
    assert_printed(&attempt("connect-tcp", &address), "done");
    assert_printed(&attempt("listen-tcp", ""), REFUSED);
}
