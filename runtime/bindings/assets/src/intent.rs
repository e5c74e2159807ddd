//! The file of a path, or the path that it redirects to: the platform's table of HTML addresses.

use safelight_config::{HtmlHandling, NotFoundHandling};

/// The meaning of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    /// The path names this file.
    File(String),
    /// No file has the path. A page answers instead, with the status 404 if `is_error`, and 200 otherwise.
    Page { file: String, is_error: bool },
    /// The path redirects to the canonical one.
    Redirect(String),
}

/// The config of lookups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handling {
    pub(super) html: HtmlHandling,
    pub(super) not_found: NotFoundHandling,
}

impl Handling {
    /// The meaning of a decoded path, if it has one. `exists` tells which files there are.
    pub(super) fn intent(self, path: &str, exists: &impl Fn(&str) -> bool) -> Option<Intent> {
        self.resolve(path, exists, Redirects::Followed)
    }

    fn resolve(
        self,
        path: &str,
        exists: &impl Fn(&str) -> bool,
        redirects: Redirects,
    ) -> Option<Intent> {
        let is_right = |file: &str, to: &str| {
            let serves = |intent| match intent {
                Intent::File(served) | Intent::Page { file: served, .. } => served == file,
                Intent::Redirect(_) => false,
            };
            exists(file)
                && !exists(to)
                && self
                    .resolve(to, exists, Redirects::Skipped)
                    .is_some_and(serves)
        };
        for step in steps(self.html, path) {
            match step {
                Step::Serve(file) if exists(&file) => return Some(Intent::File(file)),
                Step::Redirect { file, to }
                    if redirects == Redirects::Followed && is_right(&file, &to) =>
                {
                    return Some(Intent::Redirect(to));
                }
                Step::Serve(_) | Step::Redirect { .. } => {}
            }
        }
        self.not_found(path, exists)
    }

    fn not_found(self, path: &str, exists: &impl Fn(&str) -> bool) -> Option<Intent> {
        match self.not_found {
            NotFoundHandling::None => None,
            NotFoundHandling::SinglePageApplication => {
                let file = "/index.html".to_owned();
                exists(&file).then_some(Intent::Page {
                    file,
                    is_error: false,
                })
            }
            NotFoundHandling::NearestPage => {
                let mut folder = path;
                while let Some((above, _)) = folder.rsplit_once('/') {
                    let file = format!("{above}/404.html");
                    if exists(&file) {
                        return Some(Intent::Page {
                            file,
                            is_error: true,
                        });
                    }
                    folder = above;
                }
                None
            }
        }
    }
}

/// Whether a lookup follows redirects. The lookup of the target of a redirect does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redirects {
    Followed,
    Skipped,
}

/// One cell of the table. The first matching cell decides.
enum Step {
    /// This file answers if it exists.
    Serve(String),
    /// The path redirects to `to` if `file` exists and `to` serves it.
    Redirect { file: String, to: String },
}

/// The cells for a path: those for its ending, then those for every path.
fn steps(html: HtmlHandling, path: &str) -> Vec<Step> {
    let mut steps = match html {
        HtmlHandling::None => return vec![serve(path)],
        HtmlHandling::AutoTrailingSlash => auto(path),
        HtmlHandling::ForceTrailingSlash => force(path),
        HtmlHandling::DropTrailingSlash => drop_slash(path),
    };
    let (page, index) = (format!("{path}.html"), format!("{path}/index.html"));
    let folder = format!("{path}/");
    steps.push(serve(path));
    steps.push(match html {
        HtmlHandling::ForceTrailingSlash => redirect(&page, &folder),
        HtmlHandling::None | HtmlHandling::AutoTrailingSlash | HtmlHandling::DropTrailingSlash => {
            serve(&page)
        }
    });
    steps.push(match html {
        HtmlHandling::DropTrailingSlash => serve(&index),
        HtmlHandling::None | HtmlHandling::AutoTrailingSlash | HtmlHandling::ForceTrailingSlash => {
            redirect(&index, &folder)
        }
    });
    steps
}

fn serve(file: &str) -> Step {
    Step::Serve(file.to_owned())
}

fn redirect(file: &str, to: &str) -> Step {
    Step::Redirect {
        file: file.to_owned(),
        to: to.to_owned(),
    }
}

/// The ending of a path, with the text before it.
enum End<'a> {
    Index(&'a str),
    IndexPage(&'a str),
    Slash(&'a str),
    Page(&'a str),
    Other,
}

impl<'a> End<'a> {
    fn from_path(path: &'a str) -> Self {
        if let Some(x) = path.strip_suffix("/index") {
            Self::Index(x)
        } else if let Some(x) = path.strip_suffix("/index.html") {
            Self::IndexPage(x)
        } else if let Some(x) = path.strip_suffix('/') {
            Self::Slash(x)
        } else if let Some(x) = path.strip_suffix(".html") {
            Self::Page(x)
        } else {
            Self::Other
        }
    }
}

fn auto(p: &str) -> Vec<Step> {
    match End::from_path(p) {
        End::Index(x) => vec![
            serve(p),
            redirect(&format!("{p}.html"), &format!("{x}/")),
            redirect(&format!("{x}.html"), x),
        ],
        End::IndexPage(x) => vec![
            redirect(p, &format!("{x}/")),
            redirect(&format!("{x}.html"), x),
        ],
        End::Slash(x) => vec![
            serve(&format!("{p}index.html")),
            redirect(&format!("{x}.html"), x),
        ],
        End::Page(x) => vec![
            redirect(p, x),
            redirect(&format!("{x}/index.html"), &format!("{x}/")),
        ],
        End::Other => Vec::new(),
    }
}

fn force(p: &str) -> Vec<Step> {
    match End::from_path(p) {
        End::Index(x) => vec![
            serve(p),
            redirect(&format!("{p}.html"), &format!("{x}/")),
            redirect(&format!("{x}.html"), &format!("{x}/")),
        ],
        End::IndexPage(x) => vec![
            redirect(p, &format!("{x}/")),
            redirect(&format!("{x}.html"), &format!("{x}/")),
        ],
        End::Slash(x) => vec![
            serve(&format!("{p}index.html")),
            serve(&format!("{x}.html")),
        ],
        End::Page(x) => vec![
            redirect(p, &format!("{x}/")),
            serve(p),
            redirect(&format!("{x}/index.html"), &format!("{x}/")),
        ],
        End::Other => Vec::new(),
    }
}

fn drop_slash(p: &str) -> Vec<Step> {
    match End::from_path(p) {
        End::Index("") => vec![
            serve(p),
            redirect("/index.html", "/"),
            redirect(&format!("{p}.html"), ""),
        ],
        End::Index(x) => vec![
            serve(p),
            redirect(&format!("{x}.html"), x),
            redirect(&format!("{p}.html"), x),
        ],
        End::IndexPage("") => vec![redirect(p, "/"), serve(p)],
        End::IndexPage(x) => vec![redirect(p, x), serve(p), redirect(&format!("{x}.html"), x)],
        End::Slash("") => vec![serve("/index.html")],
        End::Slash(x) => vec![
            redirect(&format!("{x}.html"), x),
            redirect(&format!("{x}/index.html"), x),
        ],
        End::Page(x) => vec![redirect(p, x), redirect(&format!("{x}/index.html"), x)],
        End::Other => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
