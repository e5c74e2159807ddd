//! The bindings socket of a dev server, reached by workerd's own clients of R2 and of Images.

use std::fs;

use safelight_harness::{Answer, Builder, Client, DevServer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{WorkerConfig, Workerd};
use crate::{BLUE, TEST_TIMEOUT, plain};

const WRANGLER: &str = r#"
name = "files"
compatibility_date = "2026-09-01"
assets = { directory = "public" }
images = { binding = "IMAGES" }
safelight.image_urls = true
safelight.r2.PHOTOS.public_path = "/photos"

[[r2_buckets]]
binding = "PHOTOS"
bucket_name = "photos"
"#;

/// One socket for all services; the header that workerd injects names each.
const CONFIG: WorkerConfig = WorkerConfig {
    bindings: r#"
        (name = "PHOTOS", r2Bucket = "photos"),
        (name = "NOTHING", r2Bucket = "nothing"),
        (name = "IMAGES", wrapped = (
          moduleName = "cloudflare-internal:images-api",
          innerBindings = [(name = "fetcher", service = "images")],
        )),
      "#,
    services: r#"
    (name = "photos", external = (address = "unix:SOCKET",
      http = (injectRequestHeaders = [(name = "x-emulator-service", value = "r2/photos")]))),
    (name = "nothing", external = (address = "unix:SOCKET",
      http = (injectRequestHeaders = [(name = "x-emulator-service", value = "r2/nothing")]))),
    (name = "images", external = (address = "unix:SOCKET",
      http = (injectRequestHeaders = [(name = "x-emulator-service", value = "images/IMAGES")]))),
"#,
    script: include_str!("bindings_socket.js"),
};

/// workerd with a worker whose bindings lead to the bindings socket of a dev server.
pub(crate) struct Running {
    workerd: Workerd,
    pub(crate) server: DevServer,
    _folder: TempDir,
}

impl Running {
    async fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("wrangler.toml"), WRANGLER).unwrap();
        fs::create_dir(folder.path().join("public")).unwrap();
        Self::with(folder, arguments, &CONFIG).await
    }

    /// Serves the worker of `folder`, and runs workerd with the worker `worker`.
    pub(crate) async fn with(folder: TempDir, arguments: &[&str], worker: &WorkerConfig) -> Self {
        let socket = folder.path().join("bindings.sock");
        let builder = DevServer::builder(folder.path())
            .program(env!("CARGO_BIN_EXE_safelight"))
            .argument(format!("--bindings-socket={}", socket.display()));
        let builder = arguments.iter().fold(builder, Builder::argument);
        let server = builder.start().await.unwrap();
        Self {
            workerd: Workerd::with(TempDir::new().unwrap(), worker, &socket),
            server,
            _folder: folder,
        }
    }

    /// The answer of an action of workerd's worker.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Answer {
        let client = Client::new(self.workerd.address, TEST_TIMEOUT);
        let answer = client.post(path, body.to_string()).await.unwrap();
        assert!(answer.is_whole(), "{path}: {:?}", answer.broken);
        answer
    }

    async fn run(&self, path: &str, body: &Value) -> (u16, Vec<u8>) {
        let answer = self.ask(path, body).await;
        (answer.status.as_u16(), answer.body)
    }

    /// The answer of an action that succeeds, as JSON.
    pub(crate) async fn json(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask(path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_str(answer.text()).unwrap()
    }
}

#[tokio::test]
async fn objects_are_stored_listed_read_in_parts_and_deleted() {
    let running = Running::start(&[]).await;
    let put = running
        .json("/put", &json!({ "key": "a/b", "value": "hello" }))
        .await;
    assert_eq!(put["size"], 5);
    assert_eq!(put["etag"], "5d41402abc4b2a76b9719d911017c592");
    let listed = running.json("/list", &json!({ "prefix": "a/" })).await;
    assert_eq!(listed, json!(["a/b"]));
    let (_, part) = running
        .run("/get", &json!({ "key": "a/b", "offset": 1, "length": 3 }))
        .await;
    assert_eq!(part, b"ell");
    let none = running.json("/delete", &json!({ "key": "a/b" })).await;
    assert_eq!(none, json!([]));
    // The same bucket answers clients of the dev server.
    running
        .json("/put", &json!({ "key": "c", "value": "seen" }))
        .await;
    let seen = running.server.get("/photos/c").await.unwrap();
    assert_eq!(seen.text(), "seen");
}

#[tokio::test]
async fn a_large_object_goes_in_and_out_whole() {
    let running = Running::start(&[]).await;
    let large = running
        .json("/large", &json!({ "bytes": 15_000_000 }))
        .await;
    assert_eq!(
        large,
        json!({ "stored": 15_000_000, "read": 15_000_000, "same": true })
    );
}

#[tokio::test]
async fn an_upload_in_parts_is_one_object() {
    let running = Running::start(&[]).await;
    let parts = running.json("/parts", &json!({ "key": "whole" })).await;
    assert_eq!(parts["size"], 5 * 1024 * 1024 + 4);
}

#[tokio::test]
async fn pictures_go_the_same_way() {
    let running = Running::start(&[]).await;
    let picture = json!({ "base": plain(30, 20, BLUE) });
    let (status, pixels) = running.run("/picture", &picture).await;
    assert_eq!(status, 200);
    assert_eq!(pixels.len(), 3 * 2 * 4);
    assert!(pixels.chunks_exact(4).all(|pixel| pixel == BLUE));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_an_error_and_not_an_absent_object() {
    let running = Running::start(&[]).await;
    let (status, text) = running.run("/nothing", &json!({})).await;
    let text = String::from_utf8(text).unwrap();
    assert_eq!(status, 500, "{text}");
    assert!(text.contains("10006"), "{text}");
}

#[tokio::test]
async fn faults_and_integrity_are_those_of_every_hop() {
    let running = Running::start(&["--fault=PHOTOS:corrupt=400,nth=2"]).await;
    running
        .json("/put", &json!({ "key": "k", "value": "x".repeat(1_000) }))
        .await;
    let (status, text) = running.run("/get", &json!({ "key": "k" })).await;
    let text = String::from_utf8(text).unwrap();
    assert_eq!(status, 500, "{text}");
    let is_altered = |line: &str| line.contains("was altered on its way");
    running.server.wait_for_line(is_altered).await.unwrap();
}
