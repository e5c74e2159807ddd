//! Services and static files over the bindings socket, by the `fetch` of workerd's own bindings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use safelight_harness::Answer;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::bindings_socket::Running;
use crate::process::WorkerConfig;

const CONFIG: WorkerConfig = WorkerConfig {
    bindings: r#"
        (name = "SERVICE", service = "callee"),
        (name = "ASSETS", service = "files"),
        (name = "UNKNOWN", service = "unknown"),
      "#,
    services: r#"
    (name = "callee", external = (address = "unix:SOCKET",
      http = (injectRequestHeaders = [(name = "x-emulator-service", value = "service/misbehaving")]))),
    (name = "files", external = (address = "unix:SOCKET",
      http = (injectRequestHeaders = [(name = "x-emulator-service", value = "assets/site")]))),
    (name = "unknown", external = (address = "unix:SOCKET",
      http = (injectRequestHeaders = [(name = "x-emulator-service", value = "service/nobody")]))),
"#,
    script: include_str!("fetchers.js"),
};

/// The guest that the service binding calls.
fn guest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/misbehaving")
}

/// The path of the guest's component.
fn component() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_safelight"))
        .arg("build")
        .arg(guest())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the guest cannot be built");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().last().unwrap().to_owned()
}

/// A site with one file and a binding of the guest.
async fn start() -> Running {
    let folder = TempDir::new().unwrap();
    let main = component();
    let wrangler = format!(
        r#"
name = "site"
main = "{main}"
compatibility_date = "2026-09-01"
assets = {{ directory = "public", binding = "ASSETS" }}
services = [{{ binding = "SERVICE", service = "misbehaving" }}]
"#
    );
    fs::write(folder.path().join("wrangler.toml"), wrangler).unwrap();
    fs::create_dir(folder.path().join("public")).unwrap();
    fs::write(folder.path().join("public/page.txt"), "a file").unwrap();
    let callee = guest();
    let arguments = [callee.to_str().unwrap()];
    Running::with(folder, &arguments, &CONFIG).await
}

async fn fetch(running: &Running, binding: &str, url: &str) -> Answer {
    let asked = json!({ "binding": binding, "url": url });
    running.ask("/fetch", &asked).await
}

#[tokio::test]
async fn a_service_gets_the_request_and_its_answer_comes_back() {
    let running = start().await;
    let url = "http://shop.example:444/host?q=a";
    let host = fetch(&running, "SERVICE", url).await;
    assert_eq!(
        (host.status.as_u16(), host.text()),
        (200, "http shop.example:444 /host?q=a\n")
    );
    let bytes = fetch(&running, "SERVICE", "http://x/bytes?hex=00ff0a").await;
    assert_eq!(bytes.body, [0x00, 0xFF, 0x0A]);
    assert_eq!(
        ["etag", "cache-control", "set-cookie"].map(|name| bytes.header(name)),
        ["\"kept\"", "max-age=7200", "a=b"]
    );
    let status = fetch(&running, "SERVICE", "http://x/status?code=418").await;
    assert_eq!((status.status.as_u16(), status.text()), (418, ""));
    let headers = fetch(&running, "SERVICE", "http://x/headers").await;
    let names: Vec<_> = headers.text().lines().collect();
    assert!(names.contains(&"x-sent"), "{names:?}");
    assert!(!names.contains(&"x-emulator-service"), "{names:?}");
}

#[tokio::test]
async fn a_stream_of_a_megabyte_goes_through_a_service_whole() {
    let running = start().await;
    let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let echoed = running
        .json(
            "/stream",
            &json!({ "url": "http://x/pump", "bytes": sent.len() }),
        )
        .await;
    let sha256: String = Sha256::digest(&sent)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        echoed,
        json!({ "status": 200, "bytes": sent.len(), "sha256": sha256 })
    );
    let is_call = |line: &str| line.contains("SERVICE /pump 200 (1.0 MB in, 1.0 MB out)");
    running.server.wait_for_line(is_call).await.unwrap();
}

#[tokio::test]
async fn files_come_with_their_type_and_a_missing_one_is_a_404() {
    let running = start().await;
    let page = fetch(&running, "ASSETS", "http://any/page.txt").await;
    assert_eq!((page.status.as_u16(), page.text()), (200, "a file"));
    assert_eq!(page.header("content-type"), "text/plain; charset=utf-8");
    assert!(page.header("etag").starts_with('"'), "{page:?}");
    let missing = fetch(&running, "ASSETS", "http://any/none.txt").await;
    assert_eq!((missing.status.as_u16(), missing.text()), (404, ""));
}

#[tokio::test]
async fn a_service_that_does_not_run_is_refused_by_its_name() {
    let running = start().await;
    let refused = fetch(&running, "UNKNOWN", "http://any/").await;
    assert_eq!(
        (refused.status.as_u16(), refused.text()),
        (
            421,
            "no service \"service/nobody\" here; there is: assets/site, images/IMAGES, service/misbehaving\n"
        )
    );
}
