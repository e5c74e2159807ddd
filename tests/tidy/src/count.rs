//! The figures of the house rules: circles, arrows, lines, files and dependencies.

mod table;

use std::path::Path;

use crate::TidyError;
use crate::modules::circle::{self, Circle};
use crate::modules::{self, Module};
use crate::order::{self, Place, place};
use crate::project::{File, files, texts};
use crate::workspace::{Crate, Workspace};

/// The figures of a checkout.
pub struct Count {
    /// From the top of the order to the bottom, then those without a rank, then tests, benches and examples.
    crates: Vec<CrateCount>,
    /// Rust files that are in no crate's folder.
    elsewhere: Size,
    /// Arrows against the order, as messages.
    upward: Vec<String>,
    /// Packages of `Cargo.lock` that come from outside the project.
    locked: usize,
}

struct CrateCount {
    name: String,
    folder: String,
    place: Place,
    /// The files that its library and its programs are built of, and their lines without those of tests.
    source: Size,
    /// Every Rust file in its folder.
    all: Size,
    /// Modules of its root.
    top_modules: usize,
    /// The circles of the modules of its root, of the modules inside each module, and of files.
    circles: [Circles; 3],
    /// Direct dependencies, but for those of development: on other crates of the workspace, and on all others.
    uses: usize,
    libraries: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Size {
    files: usize,
    lines: usize,
}

/// The number of circles, and of the members of the largest.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Circles {
    count: usize,
    largest: usize,
}

impl Count {
    pub fn read(root: &Path) -> Result<Self, TidyError> {
        let workspace = Workspace::read(root)?;
        Self::new(&workspace.crates, &files(root)?)
    }

    fn new(crates: &[Crate], files: &[File]) -> Result<Self, TidyError> {
        let counts: Result<Vec<CrateCount>, TidyError> = crates
            .iter()
            .map(|package| CrateCount::new(package, crates, files))
            .collect();
        let mut counts = counts?;
        counts.sort_by_key(|count| match count.place {
            Place::Rank(rank) => (0, rank, count.folder.clone()),
            Place::Unknown => (1, 0, count.folder.clone()),
            Place::Free => (2, 0, count.folder.clone()),
        });
        let lock = files.iter().find(|file| file.path == "Cargo.lock");
        let lines = lock.map(|lock| lock.text.lines()).into_iter().flatten();
        Ok(Self {
            crates: counts,
            elsewhere: Size::count(files, |file| crate_folder(&file.path, crates).is_none()),
            upward: order::upward(crates),
            locked: lines.filter(|line| line.starts_with("source = ")).count(),
        })
    }
}

/// Finds the circles of one level.
type Level = fn(&[Module]) -> Vec<Circle>;

impl CrateCount {
    fn new(package: &Crate, crates: &[Crate], files: &[File]) -> Result<Self, TidyError> {
        let texts = texts(files);
        let mut source = Size::default();
        let mut top_modules = 0;
        let mut circles = [Circles::default(); 3];
        for root in &package.roots {
            let modules = modules::read(root, &texts)?;
            source.add(Size {
                files: modules.len(),
                lines: modules.iter().map(|module| module.lines).sum(),
            });
            let is_top = |module: &&Module| modules::parent(&module.path) == Some("crate");
            top_modules += modules.iter().filter(is_top).count();
            let levels: [Level; 3] = [
                |modules| circle::inside("crate", modules),
                circle::folder_circles,
                circle::file_circles,
            ];
            for (circles, level) in circles.iter_mut().zip(levels) {
                circles.add(&level(&modules));
            }
        }
        let mut names: Vec<&str> = package.uses().collect();
        names.sort_unstable();
        names.dedup();
        let is_here = |name: &&&str| crates.iter().any(|other| other.name == **name);
        let uses = names.iter().filter(is_here).count();
        Ok(Self {
            name: package.name.clone(),
            folder: package.folder.clone(),
            place: place(&package.folder),
            source,
            all: Size::count(files, |file| {
                crate_folder(&file.path, crates) == Some(&package.folder)
            }),
            top_modules,
            circles,
            uses,
            libraries: names.len() - uses,
        })
    }
}

/// The innermost folder of a crate that the path is in.
fn crate_folder<'a>(path: &str, crates: &'a [Crate]) -> Option<&'a String> {
    let folders = crates.iter().map(|package| &package.folder);
    folders
        .filter(|folder| {
            let rest = path.strip_prefix(folder.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        })
        .max_by_key(|folder| folder.len())
}

impl Size {
    fn count(files: &[File], is_counted: impl Fn(&File) -> bool) -> Self {
        let mut size = Self::default();
        for file in files
            .iter()
            .filter(|file| file.is_rust() && is_counted(file))
        {
            size.add(Self {
                files: 1,
                lines: file.text.lines().count(),
            });
        }
        size
    }

    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.lines += other.lines;
    }
}

impl Circles {
    fn add(&mut self, circles: &[Circle]) {
        let members = circles.iter().map(|circle| circle.members.len());
        self.count += circles.len();
        self.largest = self.largest.max(members.max().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
