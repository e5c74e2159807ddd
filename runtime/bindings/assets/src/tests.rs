//! Requests to a folder of files, and the choice between the files and the worker.

use std::fs;
use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use safelight_hop::Body;
use tempfile::TempDir;

use super::Assets;
use super::site::Site;
use safelight_config::{AssetsConfig, HtmlHandling, NotFoundHandling, WorkerFirst, WorkerRule};

fn config(files: &[(&str, &str)]) -> (TempDir, AssetsConfig) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join("public").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::write(dir.path().join("secret"), "secret").unwrap();
    let config = AssetsConfig {
        directory: dir.path().join("public"),
        html: HtmlHandling::default(),
        not_found: NotFoundHandling::default(),
        worker_first: WorkerFirst::default(),
        navigation: false,
    };
    (dir, config)
}

fn parts(method: &str, path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://any{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

const SITE: &[(&str, &str)] = &[
    ("index.html", "<home>"),
    ("a b.txt", "spaced"),
    ("style.css", "{}"),
    ("data.unknown-kind", "?"),
];

#[tokio::test]
async fn a_file_answers_with_its_kind_its_length_and_its_tag() {
    let (_dir, config) = config(SITE);
    let (assets, _) = Assets::open(&config, &[]).unwrap();
    let response = assets.answer(&parts("GET", "/style.css", &[])).await;
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "text/css; charset=utf-8"),
        ("content-length", "2"),
        // The first half of SHA-256 of `{}`.
        ("etag", "\"44136fa355b3678a1146ad16f7e8649e\""),
        ("cache-control", "public, max-age=0, must-revalidate"),
        ("cf-cache-status", "MISS"),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
    assert_eq!(text(response).await, "{}");
    let again = assets.answer(&parts("GET", "/style.css", &[])).await;
    assert_eq!(header(&again, "cf-cache-status"), "HIT");
    let unknown = assets
        .answer(&parts("GET", "/data.unknown-kind", &[]))
        .await;
    assert_eq!(header(&unknown, "content-type"), "");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_other_methods_are_refused() {
    let (_dir, config) = config(SITE);
    let (assets, _) = Assets::open(&config, &[]).unwrap();
    let head = assets.answer(&parts("HEAD", "/style.css", &[])).await;
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length")),
        (200, "2")
    );
    assert_eq!(text(head).await, "");
    let post = assets.answer(&parts("POST", "/style.css", &[])).await;
    assert_eq!(
        (post.status().as_u16(), header(&post, "allow")),
        (405, "GET, HEAD")
    );
    let nothing = assets.answer(&parts("POST", "/nothing", &[])).await;
    assert_eq!(nothing.status(), 404);
}

#[tokio::test]
async fn a_known_tag_is_answered_without_the_file_and_a_range_with_a_part() {
    let (_dir, config) = config(SITE);
    let (assets, _) = Assets::open(&config, &[]).unwrap();
    let tag = "W/\"44136fa355b3678a1146ad16f7e8649e\"";
    let known = parts("GET", "/style.css", &[("if-none-match", tag)]);
    let known = assets.answer(&known).await;
    assert_eq!(known.status(), 304);
    assert_eq!(text(known).await, "");
    let range = [("range", "bytes=1-")];
    let part = assets.answer(&parts("GET", "/style.css", &range)).await;
    assert_eq!(part.status(), 206);
    assert_eq!(header(&part, "content-range"), "bytes 1-1/2");
    assert_eq!(header(&part, "cache-control"), "");
    assert_eq!(text(part).await, "}");
    let range = [("range", "bytes=2-")];
    let none = assets.answer(&parts("GET", "/style.css", &range)).await;
    assert_eq!(none.status(), 416);
    assert_eq!(header(&none, "content-range"), "bytes */2");
}

#[tokio::test]
async fn a_file_from_before_1970_is_dated_to_1970() {
    let (_dir, config) = config(SITE);
    let file = fs::File::options()
        .write(true)
        .open(config.directory.join("style.css"));
    let time = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    file.unwrap().set_modified(time).unwrap();
    let (assets, _) = Assets::open(&config, &[]).unwrap();
    let response = assets.answer(&parts("GET", "/style.css", &[])).await;
    let date = "Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(header(&response, "last-modified"), date);
    let known = parts("GET", "/style.css", &[("if-modified-since", date)]);
    assert_eq!(assets.answer(&known).await.status(), 304);
}

#[tokio::test]
async fn a_file_has_one_address_and_its_others_lead_there_with_their_query() {
    let (_dir, config) = config(SITE);
    let (assets, _) = Assets::open(&config, &[]).unwrap();
    for (path, to) in [
        ("/index.html?x=1", "/?x=1"),
        ("//style.css", "/style.css"),
        ("/%73tyle.css", "/style.css"),
        ("/%2F/style.css", "/style.css"),
    ] {
        let response = assets.answer(&parts("GET", path, &[])).await;
        assert_eq!(response.status(), 307, "{path}");
        assert_eq!(header(&response, "location"), to, "{path}");
    }
    let spaced = assets.answer(&parts("GET", "/a%20b.txt", &[])).await;
    assert_eq!(text(spaced).await, "spaced");
}

#[tokio::test]
async fn no_path_leaves_the_folder() {
    let (dir, config) = config(SITE);
    std::os::unix::fs::symlink("../secret", config.directory.join("link")).unwrap();
    let (assets, _) = Assets::open(&config, &[]).unwrap();
    let absolute = format!("/{}", dir.path().join("secret").display());
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "/x/%2e%2e/%2e%2e/secret",
        "/.%2e/secret",
        "/..%5csecret",
        "/%252e%252e/secret",
        "/link",
        "/style.css%00",
        "/%00",
        "/style.css/",
        absolute.as_str(),
    ] {
        let response = assets.answer(&parts("GET", path, &[])).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(text(response).await, "", "{path}");
    }
}

#[tokio::test]
async fn a_file_that_changes_has_another_tag() {
    let (_dir, config) = config(SITE);
    let (assets, _) = Assets::open(&config, &[]).unwrap();
    let request = parts("GET", "/style.css", &[]);
    let before = header(&assets.answer(&request).await, "etag").to_owned();
    fs::write(config.directory.join("style.css"), "[longer]").unwrap();
    let after = assets.answer(&request).await;
    assert_ne!(before, header(&after, "etag"));
    assert_eq!(text(after).await, "[longer]");
}

#[tokio::test]
async fn a_missing_file_is_answered_as_the_config_says() {
    let files = [("index.html", "<app>"), ("404.html", "<lost>")];
    let (_dir, mut config) = config(&files);
    for (not_found, status, page) in [
        (NotFoundHandling::None, 404, ""),
        (NotFoundHandling::SinglePageApplication, 200, "<app>"),
        (NotFoundHandling::NearestPage, 404, "<lost>"),
    ] {
        config.not_found = not_found;
        let (assets, _) = Assets::open(&config, &[]).unwrap();
        let response = assets.answer(&parts("GET", "/some/where", &[])).await;
        assert_eq!(response.status(), status, "{not_found:?}");
        assert_eq!(text(response).await, page, "{not_found:?}");
    }
}

/// Returns whether the files answer instead of the worker.
async fn is_of_assets(config: &AssetsConfig, path: &str, headers: &[(&str, &str)]) -> bool {
    let (assets, _) = Assets::open(config, &[]).unwrap();
    let site = Site::new(assets, config);
    site.answer(&parts("GET", path, headers)).await.is_some()
}

#[tokio::test]
async fn the_worker_answers_what_no_file_does() {
    let (_dir, mut config) = config(SITE);
    config.not_found = NotFoundHandling::SinglePageApplication;
    assert!(is_of_assets(&config, "/style.css", &[]).await);
    assert!(is_of_assets(&config, "/index.html", &[]).await);
    assert!(!is_of_assets(&config, "/api", &[]).await);
    let navigate = [("sec-fetch-mode", "navigate")];
    assert!(!is_of_assets(&config, "/api", &navigate).await);
    config.navigation = true;
    assert!(is_of_assets(&config, "/api", &navigate).await);
    assert!(!is_of_assets(&config, "/api", &[("sec-fetch-mode", "cors")]).await);
    config.worker_first = WorkerFirst::Always;
    assert!(!is_of_assets(&config, "/style.css", &navigate).await);
}

#[tokio::test]
async fn rules_say_which_paths_the_worker_gets_first() {
    let (_dir, mut config) = config(SITE);
    let rule = |pattern: &str, is_negative| WorkerRule {
        pattern: pattern.into(),
        is_negative,
    };
    config.worker_first = WorkerFirst::Rules(vec![
        rule("/api/*", false),
        rule("/style.css", false),
        rule("/api/docs/*", true),
    ]);
    for (path, is_assets) in [
        ("/api/x", false),
        ("/style.css", false),
        ("/api/docs/x", true),
        ("/a%20b.txt", true),
        ("/nothing", false),
    ] {
        assert_eq!(is_of_assets(&config, path, &[]).await, is_assets, "{path}");
    }
    config.not_found = NotFoundHandling::SinglePageApplication;
    assert!(is_of_assets(&config, "/nothing", &[]).await);
}
