//! The table, row by row, on small sets of files.

use super::{Handling, Intent};
use safelight_config::{HtmlHandling, NotFoundHandling};

const FILES: &[&str] = &[
    "/index.html",
    "/file.html",
    "/folder/index.html",
    "/both.html",
    "/both/index.html",
    "/plain.txt",
    "/404.html",
    "/deep/404.html",
    "/deep/page.html",
];

fn intent(html: HtmlHandling, not_found: NotFoundHandling, path: &str) -> Option<Intent> {
    let exists = |file: &str| FILES.contains(&file);
    Handling { html, not_found }.intent(path, &exists)
}

/// `=` and a file, `>` and a path, or nothing.
fn shown(html: HtmlHandling, path: &str) -> String {
    match intent(html, NotFoundHandling::None, path) {
        Some(Intent::File(file)) => format!("={file}"),
        Some(Intent::Redirect(to)) => format!(">{to}"),
        Some(Intent::Page { file, .. }) => format!("?{file}"),
        None => String::new(),
    }
}

#[test]
fn each_path_comes_to_what_the_table_says() {
    use HtmlHandling::{AutoTrailingSlash, DropTrailingSlash, ForceTrailingSlash, None};
    // path, auto, force, drop, none
    for (path, auto, force, drop, none) in [
        ("/", "=/index.html", "=/index.html", "=/index.html", ""),
        ("/index", ">/", ">/", ">/", ""),
        ("/index.html", ">/", ">/", ">/", "=/index.html"),
        ("/file", "=/file.html", ">/file/", "=/file.html", ""),
        ("/file.html", ">/file", ">/file/", ">/file", "=/file.html"),
        ("/file/", ">/file", "=/file.html", ">/file", ""),
        ("/file/index", ">/file", ">/file/", ">/file", ""),
        ("/file/index.html", ">/file", ">/file/", ">/file", ""),
        (
            "/folder",
            ">/folder/",
            ">/folder/",
            "=/folder/index.html",
            "",
        ),
        ("/folder.html", ">/folder/", ">/folder/", ">/folder", ""),
        (
            "/folder/",
            "=/folder/index.html",
            "=/folder/index.html",
            ">/folder",
            "",
        ),
        ("/folder/index", ">/folder/", ">/folder/", ">/folder", ""),
        (
            "/folder/index.html",
            ">/folder/",
            ">/folder/",
            ">/folder",
            "=/folder/index.html",
        ),
        ("/both", "=/both.html", ">/both/", "=/both.html", ""),
        (
            "/both/",
            "=/both/index.html",
            "=/both/index.html",
            ">/both",
            "",
        ),
        (
            "/plain.txt",
            "=/plain.txt",
            "=/plain.txt",
            "=/plain.txt",
            "=/plain.txt",
        ),
        ("/nothing", "", "", "", ""),
        ("/FILE", "", "", "", ""),
    ] {
        assert_eq!(shown(AutoTrailingSlash, path), auto, "auto {path}");
        assert_eq!(shown(ForceTrailingSlash, path), force, "force {path}");
        assert_eq!(shown(DropTrailingSlash, path), drop, "drop {path}");
        assert_eq!(shown(None, path), none, "none {path}");
    }
}

#[test]
fn a_missing_file_is_the_page_or_the_nearest_404() {
    let page = |not_found, path| intent(HtmlHandling::AutoTrailingSlash, not_found, path);
    assert_eq!(
        page(NotFoundHandling::SinglePageApplication, "/deep/nothing"),
        Some(Intent::Page {
            file: "/index.html".into(),
            is_error: false
        })
    );
    for (path, file) in [
        ("/deep/a/b", "/deep/404.html"),
        ("/deep/nothing", "/deep/404.html"),
        ("/nothing", "/404.html"),
        ("/folder/nothing/", "/404.html"),
    ] {
        assert_eq!(
            page(NotFoundHandling::NearestPage, path),
            Some(Intent::Page {
                file: file.into(),
                is_error: true
            }),
            "{path}"
        );
    }
    assert_eq!(page(NotFoundHandling::None, "/nothing"), None);
}
