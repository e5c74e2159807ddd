//! The small workers that the tests run, each built once per test run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The program under test.
pub(crate) const SAFELIGHT: &str = env!("CARGO_BIN_EXE_safelight");

/// The folder of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the crate lies in the repository")
}

/// The component of `tests/guests/misbehaving`.
pub(crate) fn misbehaving() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build("tests/guests/misbehaving"))
}

/// The component of `tests/guests/bucket`.
pub(crate) fn bucket() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build("tests/guests/bucket"))
}

/// The component of `tests/guests/echo`.
pub(crate) fn echo() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build("tests/guests/echo"))
}

/// The component of `tests/guests/hello-p2`, written for WASI 0.2.
pub(crate) fn hello_p2() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build("tests/guests/hello-p2"))
}

/// The component of `tests/guests/missing-import`.
pub(crate) fn missing_import() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build("tests/guests/missing-import"))
}

/// The folder of an example, which is built. Its build may take longer than a server may take to start.
pub(crate) fn example(name: &str) -> PathBuf {
    let folder = format!("examples/{name}");
    build(&folder);
    repository().join(folder)
}

fn build(folder: &str) -> PathBuf {
    let output = Command::new(SAFELIGHT)
        .arg("build")
        .arg(repository().join(folder))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "failed to build {folder}");
    let printed = String::from_utf8(output.stdout).unwrap();
    PathBuf::from(printed.lines().last().unwrap())
}
