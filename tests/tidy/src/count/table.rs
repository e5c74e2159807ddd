//! A count as a text for people.

use std::fmt;

use crate::count::{Circles, Count, CrateCount, Size};
use crate::order::Place;

const COLUMNS: usize = 13;

const HEADER: [&str; COLUMNS] = [
    "crate",
    "folder",
    "rank",
    "source lines",
    "source files",
    "all lines",
    "all files",
    "top modules",
    "top circles",
    "inner circles",
    "file circles",
    "uses",
    "libraries",
];

const LEGEND: &str = "\
source: what libraries and programs are built of, without items and files under cfg(test) or cfg(fuzzing) and modules named `tests`.
all: every Rust file in the crate's folder, so its tests, benches and examples too. Lines are all lines, blank ones and comments too.
top modules: those of the crate's root.
circles: how many, and after the slash the members of the largest. A circle is a set of modules of which each reaches each other by
  imports. An import of an item that a module exports again is also one of the module that holds it. Imports between a module and those
  inside it do not count. top: between the modules of the crate's root, each with all that
  is inside it; inner: the same inside each module, the root too; file: between single files.
uses, libraries: direct dependencies on crates of the workspace, and on others, without those of development.
tests, benches and examples have no rank, and their source is not in the total.
";

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![HEADER.map(str::to_owned)];
        rows.extend(self.crates.iter().map(row));
        rows.push(self.elsewhere());
        rows.push(self.total());
        write_table(f, &rows)?;
        writeln!(f)?;
        if let Some(largest) = self.product().max_by_key(|count| count.source.lines) {
            let lines = largest.source.lines;
            writeln!(
                f,
                "largest crate: {} with {lines} lines of source",
                largest.name
            )?;
        }
        writeln!(f, "packages in Cargo.lock from elsewhere: {}", self.locked)?;
        writeln!(
            f,
            "arrows between crates against the order: {}",
            self.upward.len()
        )?;
        for message in &self.upward {
            writeln!(f, "  {message}")?;
        }
        write!(f, "\n{LEGEND}")
    }
}

impl Count {
    fn product(&self) -> impl Iterator<Item = &CrateCount> {
        self.crates
            .iter()
            .filter(|count| count.place != Place::Free)
    }

    fn elsewhere(&self) -> [String; COLUMNS] {
        let mut row = [const { String::new() }; COLUMNS];
        row[0] = "in no crate".to_owned();
        row[5] = self.elsewhere.lines.to_string();
        row[6] = self.elsewhere.files.to_string();
        row
    }

    fn total(&self) -> [String; COLUMNS] {
        let mut source = Size::default();
        let mut circles = [Circles::default(); 3];
        for count in self.product() {
            source.add(count.source);
            for (sum, one) in circles.iter_mut().zip(count.circles) {
                sum.count += one.count;
                sum.largest = sum.largest.max(one.largest);
            }
        }
        let mut all = self.elsewhere;
        for count in &self.crates {
            all.add(count.all);
        }
        let mut row = [const { String::new() }; COLUMNS];
        row[0] = "total".to_owned();
        row[3..7].clone_from_slice(&sizes(source, all));
        row[8..11].clone_from_slice(&circles.map(circle_text));
        row
    }
}

fn row(count: &CrateCount) -> [String; COLUMNS] {
    let rank = match count.place {
        Place::Rank(rank) => rank.to_string(),
        Place::Free => "free".to_owned(),
        Place::Unknown => "no rank".to_owned(),
    };
    let [source_lines, source_files, all_lines, all_files] = sizes(count.source, count.all);
    let [top, inner, files] = count.circles.map(circle_text);
    [
        count.name.clone(),
        format!("{}/", count.folder),
        rank,
        source_lines,
        source_files,
        all_lines,
        all_files,
        count.top_modules.to_string(),
        top,
        inner,
        files,
        count.uses.to_string(),
        count.libraries.to_string(),
    ]
}

fn sizes(source: Size, all: Size) -> [String; 4] {
    [source.lines, source.files, all.lines, all.files].map(|number| number.to_string())
}

fn circle_text(circles: Circles) -> String {
    if circles.count == 0 {
        return "0".to_owned();
    }
    format!("{}/{}", circles.count, circles.largest)
}

/// The rows with every column as wide as its widest cell: texts to the left, figures to the right.
fn write_table(f: &mut fmt::Formatter<'_>, rows: &[[String; COLUMNS]]) -> fmt::Result {
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            let width = cells.max().unwrap_or_default();
            if column < 3 {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}
