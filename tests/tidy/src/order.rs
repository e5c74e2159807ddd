//! The order of crates: each depends on crates below it alone.

use crate::workspace::Crate;

/// The folders of crates from the top to the bottom. A `*` stands for each folder inside, and these are all of one rank.
pub const ORDER: [&str; 15] = [
    "runtime/safelight",
    "runtime/workerd",
    "runtime/worker",
    "runtime/gateway",
    "runtime/delivery",
    "runtime/bindings/*",
    // A binding, which the program has in tests alone.
    "tests/echo",
    "runtime/state",
    "runtime/config",
    "runtime/hop",
    "images-service",
    "outgoing",
    "net",
    "guest-sdk",
    "images-protocol",
];

/// Folders whose crates may depend on anything. No ranked crate depends on them.
const FREE: [&str; 3] = ["tests", "bench", "examples"];

/// The place of a folder in the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The number of ranks above it.
    Rank(usize),
    /// Tests, benches and examples.
    Free,
    Unknown,
}

pub fn place(folder: &str) -> Place {
    if let Some(rank) = ORDER.iter().position(|pattern| is_in(folder, pattern)) {
        return Place::Rank(rank);
    }
    let top = folder.split('/').next().unwrap_or_default();
    if FREE.contains(&top) {
        Place::Free
    } else {
        Place::Unknown
    }
}

/// Returns whether the pattern names the folder.
pub(crate) fn is_in(folder: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(parent) => folder.len() > parent.len() && folder.starts_with(parent),
        None => folder == pattern,
    }
}

/// A dependency between two crates of the workspace.
pub struct Arrow<'a> {
    pub from: &'a Crate,
    pub to: &'a Crate,
}

/// Every dependency between crates of the workspace, but for those of development.
pub fn arrows(crates: &[Crate]) -> impl Iterator<Item = Arrow<'_>> {
    crates.iter().flat_map(move |from| {
        let named = move |name| crates.iter().find(|to| to.name == name);
        from.uses()
            .filter_map(named)
            .map(move |to| Arrow { from, to })
    })
}

/// The arrows that do not point down.
pub fn upward(crates: &[Crate]) -> Vec<String> {
    let messages = arrows(crates).filter_map(|Arrow { from, to }| {
        let why = match (place(&from.folder), place(&to.folder)) {
            (Place::Rank(from), Place::Rank(to)) if to < from => "stands above it",
            (Place::Rank(from), Place::Rank(to)) if to == from => "is of the same rank",
            (Place::Rank(_), Place::Free) => "is for tests, benches or examples",
            (Place::Rank(_) | Place::Free | Place::Unknown, _) => return None,
        };
        Some(format!(
            "{} depends on {}, which {why}",
            title(from),
            title(to)
        ))
    });
    messages.collect()
}

/// The crates in folders that the order does not name.
pub fn unranked(crates: &[Crate]) -> Vec<String> {
    let messages = crates
        .iter()
        .filter(|package| place(&package.folder) == Place::Unknown)
        .map(|package| {
            let free = FREE.join("/, ");
            format!(
                "{} has no rank: name its folder in ORDER, or move it under {free}/",
                title(package)
            )
        });
    messages.collect()
}

fn title(package: &Crate) -> String {
    format!("`{}` ({}/)", package.name, package.folder)
}

#[cfg(test)]
mod planted;
