//! Secrets reach the worker and nothing else.

use std::process::Command;

use crate::client::get;
use crate::dev_server::{DevServer, project};
use crate::guests::{self, SAFELIGHT};

const VALUE: &str = "s3cr3t-value";

#[tokio::test]
async fn the_worker_has_the_secret_and_the_log_its_name_alone() {
    let folder = project(
        guests::misbehaving(),
        "[vars]\nTOKEN = \"plain\"\nGREETING = \"hello\"\n",
    );
    let text = format!("TOKEN='{VALUE}'\n");
    std::fs::write(folder.path().join(".dev.vars"), text).unwrap();
    let server = DevServer::start_in(folder.path(), &["--trace".into()]).await;
    let answer = get(server.address, "/env").await;
    assert!(answer.text().contains(&format!("TOKEN={VALUE}\n")));
    assert!(answer.text().contains("GREETING=hello\n"));
    // Errors and traces are about the request.
    let failed = get(server.address, "/panic").await;
    let trace = get(server.address, "/cdn-cgi/safelight/trace").await;
    for shown in [failed.text(), trace.text(), &server.lines().join("\n")] {
        assert!(!shown.contains(VALUE), "{shown}");
    }
    server
        .line(|line| line == "test has the secret TOKEN from .dev.vars")
        .await;
}

#[test]
fn a_secret_file_that_cannot_be_read_is_refused_without_its_content() {
    let folder = project(guests::hello_p2(), "[images]\nbinding = \"IMAGES\"\n");
    let text = format!("OK=1\n{VALUE}\nA=\"{VALUE}\nBINDINGS={VALUE}\nIMAGES={VALUE}\n");
    std::fs::write(folder.path().join(".dev.vars"), text).unwrap();
    let output = Command::new(SAFELIGHT)
        .arg("check")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    for wanted in [
        ".dev.vars:2:1: this line must be NAME=value",
        ".dev.vars:3:1: the value that begins on this line has a quote that is not closed",
        ".dev.vars:4:1: `BINDINGS` uses a name that safelight itself gives",
        "`images.binding` has the same name as `.dev.vars`",
    ] {
        assert!(words.contains(wanted), "{words}");
    }
    assert!(!words.contains(VALUE), "{words}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains(VALUE));
}
