//! Which file a path means, or to which other path it leads: the platform's table of HTML addresses.

use safelight_config::{HtmlHandling, NotFoundHandling};

/// What a path comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    /// This file is it.
    File(String),
    /// There is nothing, which this page says, with a status of its own or as if it were there.
    Page { file: String, is_error: bool },
    /// Another path is the right one.
    Redirect(String),
}

/// How paths are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handling {
    pub(super) html: HtmlHandling,
    pub(super) not_found: NotFoundHandling,
}

impl Handling {
    /// What a decoded path means, if anything, where `exists` knows the files.
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

/// A path that is only looked up to see what it serves leads nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redirects {
    Followed,
    Skipped,
}

/// One cell of the table: the first that holds decides.
enum Step {
    /// If there is this file, it answers.
    Serve(String),
    /// If there is this file and the other path would serve it, go there.
    Redirect { file: String, to: String },
}

/// The cells for a path, by how it ends, then by what holds for every path.
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
        _ => serve(&page),
    });
    steps.push(match html {
        HtmlHandling::DropTrailingSlash => serve(&index),
        _ => redirect(&index, &folder),
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

/// How a path ends, with what stands before.
enum End<'a> {
    Index(&'a str),
    IndexPage(&'a str),
    Slash(&'a str),
    Page(&'a str),
    Other,
}

impl<'a> End<'a> {
    fn of(path: &'a str) -> Self {
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
    match End::of(p) {
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
    match End::of(p) {
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
    match End::of(p) {
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
