//! The config of a worker's static files.

use std::path::PathBuf;

/// A folder of files that are served beside the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetsConfig {
    /// The absolute path of the folder (`directory`). If it does not exist, there are no files yet.
    pub directory: PathBuf,
    /// The canonical address of a page (`html_handling`).
    pub html: HtmlHandling,
    /// The response where there is no file (`not_found_handling`).
    pub not_found: NotFoundHandling,
    /// The requests that go to the worker before the files (`run_worker_first`).
    pub worker_first: WorkerFirst,
    /// Whether a browser's navigation prefers the page for what is not found to the worker, as it does on the platform
    /// since the compatibility date 2025-04-01.
    pub navigation: bool,
}

/// The canonical address of a page (`html_handling`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HtmlHandling {
    /// `/a/` for `a/index.html`, and `/a` for `a.html`.
    #[default]
    AutoTrailingSlash,
    /// `/a/` for both files.
    ForceTrailingSlash,
    /// `/a` for both files.
    DropTrailingSlash,
    /// The path of the file, with its extension.
    None,
}

/// The response where there is no file (`not_found_handling`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotFoundHandling {
    /// 404 without a page, or the worker's response.
    #[default]
    None,
    /// `/index.html` with 200.
    SinglePageApplication,
    /// The nearest `404.html`, with 404.
    NearestPage,
}

/// The requests that go to the worker before the files (`run_worker_first`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WorkerFirst {
    /// No request: a file answers where there is one.
    #[default]
    Never,
    /// Every request.
    Always,
    /// The requests whose path matches a rule and no negative rule.
    Rules(Vec<WorkerRule>),
    /// There is no worker: the files answer every request.
    NoWorker,
}

/// One pattern of `run_worker_first`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRule {
    /// The pattern of paths, without the `!`.
    pub pattern: String,
    /// Whether the rule sends its matches to the files.
    pub is_negative: bool,
}

impl WorkerRule {
    /// Whether the rule matches this path of a request. A `*` matches any text.
    pub fn matches(&self, path: &str) -> bool {
        let mut pieces = self.pattern.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::WorkerRule;

    #[test]
    fn a_star_stands_for_anything_and_all_else_for_itself() {
        for (pattern, path, matches) in [
            ("/api", "/api", true),
            ("/api", "/api/", false),
            ("/api/*", "/api/", true),
            ("/api/*", "/api/a/b", true),
            ("/api/*", "/api", false),
            ("/*", "/", true),
            ("/*.html", "/a/b.html", true),
            ("/*.html", "/a/b.html5", false),
            ("/a*a", "/a", false),
            ("/a*a", "/aa", true),
            ("/a*b*c", "/a-b-b-c", true),
            ("/a*b*c", "/acb", false),
            ("/a.c", "/abc", false),
            ("/a**", "/a", true),
        ] {
            let rule = WorkerRule {
                pattern: pattern.into(),
                is_negative: false,
            };
            assert_eq!(rule.matches(path), matches, "{pattern} {path}");
        }
    }
}
