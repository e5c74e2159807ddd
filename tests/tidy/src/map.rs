//! The map of crates in ARCHITECTURE.md: a table with a row for each crate, and the crates that it is built of.

use std::collections::BTreeSet;

use crate::workspace::Crate;

/// The form of the table. A row whose package is not a single name in backquotes is not about a crate.
const FORMAT: &str = "\
    the map is the table that begins with these columns, and has a row for each crate of the workspace:\n\
    | folder | package | what it is | uses |\n\
    |---|---|---|---|\n\
    | `runtime/hop/` | `safelight-hop` | what every call has | `safelight-net`, `safelight-protocol` |\n\
    `uses` has every crate of the workspace that the manifest names, but for development dependencies";

const HEADER: [&str; 4] = ["folder", "package", "what it is", "uses"];

/// A row that names a package.
#[derive(PartialEq, Debug)]
struct Row {
    folder: String,
    package: String,
    uses: BTreeSet<String>,
}

/// The differences between the map in `text` and the crates.
pub fn differences(text: &str, crates: &[Crate]) -> Vec<String> {
    let rows = match rows(text) {
        Ok(rows) => rows,
        Err(message) => return vec![format!("{message}: {FORMAT}")],
    };
    let missing = crates
        .iter()
        .filter(|package| rows.iter().all(|row| row.package != package.name))
        .map(|package| {
            let row = Row::from_crate(package, crates);
            format!("`{}` has no row: add `{}`", package.name, row.text())
        });
    let wrong = rows.iter().enumerate().filter_map(|(number, row)| {
        let name = &row.package;
        if rows[..number].iter().any(|above| above.package == *name) {
            return Some(format!("`{name}` has two rows"));
        }
        let Some(package) = crates.iter().find(|package| package.name == *name) else {
            return Some(format!(
                "`{name}` has a row and is no crate of the workspace"
            ));
        };
        let right = Row::from_crate(package, crates);
        (*row != right).then(|| format!("the row of `{name}` must be `{}`", right.text()))
    });
    missing.chain(wrong).collect()
}

impl Row {
    fn from_crate(package: &Crate, crates: &[Crate]) -> Self {
        let is_here = |name: &&str| crates.iter().any(|other| other.name == *name);
        Self {
            folder: package.folder.clone(),
            package: package.name.clone(),
            uses: package.uses().filter(is_here).map(str::to_owned).collect(),
        }
    }

    fn text(&self) -> String {
        let uses: Vec<String> = self.uses.iter().map(|name| format!("`{name}`")).collect();
        format!(
            "| `{}/` | `{}` | … | {} |",
            self.folder,
            self.package,
            uses.join(", ")
        )
    }
}

fn rows(text: &str) -> Result<Vec<Row>, String> {
    let mut lines = text.lines();
    lines
        .find(|line| cells(line).is_some_and(|cells| cells == HEADER))
        .ok_or("no map found")?;
    let table = lines.skip(1).map_while(cells);
    let rows = table.filter_map(|cells| {
        let [folder, package, _, uses] = cells.as_slice() else {
            let count = cells.len();
            return Some(Err(format!(
                "a row of the map has {count} columns: {cells:?}"
            )));
        };
        let package = package.strip_prefix('`')?.strip_suffix('`')?;
        Some(Ok(Row {
            folder: quoted(folder)
                .next()
                .unwrap_or_default()
                .trim_end_matches('/')
                .to_owned(),
            package: package.to_owned(),
            uses: quoted(uses).map(str::to_owned).collect(),
        }))
    });
    rows.collect()
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let line = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(line.split('|').map(str::trim).collect())
}

/// The texts in backquotes.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod planted {
    use super::differences;
    use crate::workspace::{Crate, Kind};

    const MAP: &str = "\
# Architecture

| word | meaning |
|---|---|
| `hop` | one call |

| folder | package | what it is | uses |
|---|---|---|---|
| `runtime/hop/` | `safelight-hop` | what every call has | `safelight-net`, `safelight-protocol` |
| `net/` | `safelight-net` | HTTP | |
| `images-protocol/` | `safelight-protocol` | values | none |
| `examples/` | a workspace of its own | `safelight-sdk` at work | |

After it, `words`.
";

    fn crates() -> Vec<Crate> {
        let mut hop = Crate::planted(
            "safelight-hop",
            "runtime/hop",
            &[
                "safelight-protocol",
                "http",
                "safelight-net",
                "safelight-net",
            ],
        );
        hop.dependencies[3].kind = Kind::Dev;
        vec![
            hop,
            Crate::planted("safelight-net", "net", &[]),
            Crate::planted("safelight-protocol", "images-protocol", &[]),
        ]
    }

    #[test]
    fn a_map_of_the_crates_is_accepted() {
        assert_eq!(differences(MAP, &crates()), Vec::<String>::new());
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let mut crates = crates();
        crates.push(Crate::planted(
            "safelight-config",
            "runtime/config",
            &["safelight-hop"],
        ));
        assert_eq!(
            differences(MAP, &crates),
            [
                "`safelight-config` has no row: add `| `runtime/config/` | `safelight-config` | … | `safelight-hop` |`"
            ]
        );
    }

    #[test]
    fn a_row_without_a_crate_is_found() {
        let mut crates = crates();
        crates[0] = Crate::planted("safelight-hop", "runtime/hop", &["safelight-protocol"]);
        crates.remove(1);
        assert_eq!(
            differences(MAP, &crates),
            [
                "the row of `safelight-hop` must be `| `runtime/hop/` | `safelight-hop` | … | `safelight-protocol` |`",
                "`safelight-net` has a row and is no crate of the workspace",
            ]
        );
    }

    #[test]
    fn a_crate_in_another_folder_is_found() {
        let mut crates = crates();
        crates[1] = Crate::planted("safelight-net", "runtime/net", &[]);
        assert_eq!(
            differences(MAP, &crates),
            ["the row of `safelight-net` must be `| `runtime/net/` | `safelight-net` | … |  |`"]
        );
    }

    #[test]
    fn a_second_row_is_found() {
        let twice = MAP.replace(
            "| `examples/` | a workspace of its own |",
            "| `net/` | `safelight-net` |",
        );
        assert_eq!(
            differences(&twice, &crates()),
            ["`safelight-net` has two rows"]
        );
    }

    #[test]
    fn the_message_for_a_page_without_a_map_shows_the_format() {
        let [message] = differences("| folder | package | what it is |\n", &crates())
            .try_into()
            .unwrap();
        assert!(message.starts_with("no map found: the map is"), "{message}");
        let [message] = differences(&MAP.replace("| HTTP | |", "| HTTP |"), &crates())
            .try_into()
            .unwrap();
        assert!(
            message.starts_with("a row of the map has 3 columns"),
            "{message}"
        );
    }
}
