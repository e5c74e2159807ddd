//! The invariants of docs/invariants.md: each names the tests that hold it.

use crate::map::quoted;
use crate::project::File;

pub const PAGE: &str = "docs/invariants.md";

/// The bullets of the page that name no test, and the tests that are no function and no file of the project.
///
/// A bullet begins with `- ` and ends with the names: (test: `name`, `tests/it/file.rs`).
pub fn unheld(page: &str, files: &[File]) -> Vec<String> {
    let messages = bullets(page).into_iter().flat_map(|bullet| {
        let Some(tests) = tests(&bullet.text) else {
            let form = "(test: `name`, `path/of/a/file`)";
            return vec![format!("{PAGE}:{}: must end with {form}", bullet.line)];
        };
        let unknown = tests.into_iter().filter(|test| !is_known(test, files));
        unknown
            .map(|test| {
                format!(
                    "{PAGE}:{}: no test and no file is named `{test}`",
                    bullet.line
                )
            })
            .collect()
    });
    messages.collect()
}

struct Bullet {
    line: usize,
    text: String,
}

/// A bullet lasts until the next one, an empty line or a heading.
fn bullets(page: &str) -> Vec<Bullet> {
    let mut bullets: Vec<Bullet> = Vec::new();
    let mut is_inside = false;
    for (number, line) in page.lines().enumerate() {
        if let Some(text) = line.strip_prefix("- ") {
            is_inside = true;
            bullets.push(Bullet {
                line: number + 1,
                text: text.to_owned(),
            });
        } else if line.trim().is_empty() || line.starts_with('#') {
            is_inside = false;
        } else if let Some(bullet) = bullets.last_mut().filter(|_| is_inside) {
            bullet.text.push(' ');
            bullet.text.push_str(line.trim());
        }
    }
    bullets
}

/// The names at the end of a bullet, if there are any.
fn tests(bullet: &str) -> Option<Vec<&str>> {
    let bullet = bullet.trim_end_matches('.');
    let (_, names) = bullet.strip_suffix(')')?.rsplit_once("(test: ")?;
    let names: Vec<&str> = quoted(names).collect();
    (!names.is_empty()).then_some(names)
}

fn is_known(test: &str, files: &[File]) -> bool {
    let function = format!("fn {test}(");
    files.iter().any(|file| {
        let is_file = file.path == test;
        is_file || (file.is_rust() && file.text.contains(&function))
    })
}

#[cfg(test)]
mod planted {
    use super::unheld;
    use crate::project::File;

    fn files() -> [File; 2] {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        [
            file(
                "tests/it/faults.rs",
                "async fn a_fault_strikes_once() {}\nfn other() {}",
            ),
            file("docs/faults.md", "fn written() {}"),
        ]
    }

    #[test]
    fn invariants_with_their_tests_are_accepted() {
        let page = "# Invariants\n\n- One. (test: `other`)\n- Two,\n  and more. (test: `a_fault_strikes_once`,\n  `tests/it/faults.rs`).\n\nProse.\n";
        assert_eq!(unheld(page, &files()), Vec::<String>::new());
    }

    #[test]
    fn an_invariant_without_a_test_is_found() {
        let page = "- One. (test: `other`)\n- Two.\n\n- Three (test: other)\n- Four (test: `other`) and more.";
        let form = "must end with (test: `name`, `path/of/a/file`)";
        assert_eq!(
            unheld(page, &files()),
            [2, 4, 5].map(|line| format!("docs/invariants.md:{line}: {form}"))
        );
    }

    #[test]
    fn a_test_that_does_not_exist_is_found() {
        let page = "- One. (test: `other`, `othe`, `written`, `tests/it/gone.rs`)";
        assert_eq!(
            unheld(page, &files()),
            ["othe", "written", "tests/it/gone.rs"]
                .map(|name| format!("docs/invariants.md:1: no test and no file is named `{name}`"))
        );
    }
}
