//! Static files that need no worker.

use super::{errors, load};
use crate::config::WorkerFirst;

#[test]
fn files_alone_have_nothing_that_is_for_a_worker() {
    let text = |more: &str| format!("[assets]\ndirectory = 'public'\n{more}");
    let alone = load("wrangler.toml", &text("run_worker_first = false"), None);
    let config = alone.unwrap().config;
    assert_eq!(config.main, None);
    let files = config.assets.unwrap();
    assert_eq!(files.worker_first, WorkerFirst::Nobody);
    assert_eq!(
        errors(&text("binding = 'ASSETS'\nrun_worker_first = ['/api/*']")),
        "\
wrangler.toml:3:1: `assets.binding` is for a worker, and there is none without `main`
wrangler.toml:4:1: `assets.run_worker_first` is for a worker, and there is none without `main`"
    );
    // What is wrong with them is no reason to ask for a worker.
    let wrong = "wrangler.toml:1:10: `assets` must be a table, but is a number";
    assert_eq!(errors("assets = 5"), wrong);
}
