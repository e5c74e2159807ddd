//! Static files that need no worker.

use super::{errors, load};
use crate::WorkerFirst;

#[test]
fn files_alone_have_nothing_that_is_for_a_worker() {
    let text = |more: &str| format!("[assets]\ndirectory = 'public'\n{more}");
    let alone = load("wrangler.toml", &text("run_worker_first = false"), None);
    let config = alone.unwrap().config;
    assert_eq!(config.main, None);
    let files = config.assets.unwrap();
    assert_eq!(files.worker_first, WorkerFirst::NoWorker);
    assert_eq!(
        errors(&text("binding = 'ASSETS'\nrun_worker_first = ['/api/*']")),
        "\
wrangler.toml:3:1: `assets.binding` is for a worker, and there is none without `main`
wrangler.toml:4:1: `assets.run_worker_first` is for a worker, and there is none without `main`"
    );
    let ignored = "\
[vars]
A = '1'
[[services]]
binding = 'AUTH'
service = 'auth'
[limits]
cpu_ms = 10
[images]
binding = 'IMAGES'
[[r2_buckets]]
binding = 'KEPT'
bucket_name = 'kept'
[[r2_buckets]]
binding = 'SEEN'
bucket_name = 'seen'
[safelight]
memory_mb = 64
image_urls = false
[safelight.r2.SEEN]
public_path = '/seen'
";
    assert_eq!(
        errors(&text(ignored)),
        "\
wrangler.toml:3:2: `vars` is for a worker, and there is none without `main`
wrangler.toml:5:3: `services` is for a worker, and there is none without `main`
wrangler.toml:8:2: `limits` is for a worker, and there is none without `main`
wrangler.toml:10:2: `images` is for a worker, and there is none without `main`
wrangler.toml:13:1: `r2_buckets[0].binding` is for a worker, and there is none without `main`
wrangler.toml:19:1: `safelight.memory_mb` is for a worker, and there is none without `main`"
    );
    // Errors in them do not also ask for a worker.
    let wrong = "wrangler.toml:1:10: `assets` must be a table, but is a number";
    assert_eq!(errors("assets = 5"), wrong);
}
