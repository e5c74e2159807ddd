//! The lines of a run until it is ready, whole and in their order.

use std::path::Path;

use crate::dev_server::{DevServer, project};
use crate::guests;
use crate::services::inner;

const FIRST: &str = r#"
workers_dev = true
images = { binding = "IMAGES" }
services = [{ binding = "NEXT", service = "inner" }]

[[safelight.faults]]
binding = "IMAGES"
truncate = 200000
nth = 2
"#;

const INNER: &str = r#"
r2_buckets = [{ binding = "PHOTOS", bucket_name = "photos" }]
safelight.storage.state = "memory"
safelight.r2.PHOTOS.public_path = "/photos"
"#;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_run_says_what_it_has_and_where_it_listens() {
    let first = project(guests::misbehaving(), FIRST);
    std::fs::write(first.path().join(".dev.vars"), "TOKEN=x\n").unwrap();
    let inner = inner(guests::misbehaving(), INNER);
    let socket = first.path().join("bindings.sock");
    let arguments = [
        text(inner.path()).to_owned(),
        "--fault=NEXT:delay=5".to_owned(),
        format!("--bindings-socket={}", text(&socket)),
    ];
    let server = DevServer::start_in(first.path(), &arguments).await;
    let lines = server
        .lines()
        .join("\n")
        .replace(text(first.path()), "FIRST")
        .replace(text(inner.path()), "INNER")
        .replace(&server.address.to_string(), "ADDRESS");
    assert_eq!(
        lines,
        "\
warning: FIRST/wrangler.toml:5:1: `workers_dev` has no effect on a local run
test has the secret TOKEN from .dev.vars
a fault is on: IMAGES:truncate=200000,nth=2
a fault is on: NEXT:delay=5
inner is there for the other workers
warning: the public paths of inner are not served, as test answers the clients of this run
the bindings socket is FIRST/bindings.sock; it has: images/IMAGES, r2/photos, service/inner
test is ready on http://ADDRESS"
    );
}

#[tokio::test]
async fn a_run_without_anything_says_where_it_listens() {
    let server = DevServer::start_bare(guests::misbehaving(), "").await;
    let ready = format!("test is ready on http://{}", server.address);
    assert_eq!(server.lines(), [ready]);
}
