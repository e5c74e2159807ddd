//! The page as tables: one row a value.

use std::path::Path;

use serde_json::{Map, Value};

/// One cell of the page: the treatment of an option in one place.
#[derive(Debug)]
pub(super) enum Cell {
    Done,
    Approximated,
    FirstFrame,
    Still,
    /// It says so, and nothing else changes.
    Ignored,
    /// The code.
    Refused(u16),
}

/// One line of a table.
pub(super) struct Row {
    /// The whole line, for messages.
    pub(super) line: String,
    /// The first column, without backquotes.
    pub(super) option: String,
    /// The second column, if it is JSON.
    object: Option<Map<String, Value>>,
    cells: Vec<(&'static str, Cell)>,
}

impl Row {
    pub(super) fn object(&self) -> Map<String, Value> {
        self.object
            .clone()
            .unwrap_or_else(|| panic!("no object in {}", self.line))
    }

    pub(super) fn object_without_option(&self) -> Map<String, Value> {
        let mut object = self.object();
        assert!(
            object.remove(&self.option).is_some(),
            "the option is not in {}",
            self.line
        );
        object
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = (&'static str, &Cell)> {
        self.cells.iter().map(|(column, cell)| (*column, cell))
    }
}

/// All rows of the table under a heading.
pub(super) fn table(heading: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fidelity.md");
    let page = std::fs::read_to_string(path).unwrap();
    let section = page
        .split("\n## ")
        .find_map(|section| section.strip_prefix(heading))
        .unwrap_or_else(|| panic!("no section {heading}"));
    let mut lines = section.lines().filter(|line| line.starts_with('|'));
    let columns: Vec<String> = fields(lines.next().unwrap());
    let rows: Vec<Row> = lines.skip(1).map(|line| row(line, &columns)).collect();
    assert!(!rows.is_empty(), "no rows under {heading}");
    rows
}

fn fields(line: &str) -> Vec<String> {
    let inner = line.trim().trim_matches('|');
    inner
        .split('|')
        .map(|field| field.trim().trim_matches('`').to_owned())
        .collect()
}

fn row(line: &str, columns: &[String]) -> Row {
    let fields = fields(line);
    assert_eq!(fields.len(), columns.len(), "{line}");
    let places = ["binding", "overlay", "animation"];
    let cells = columns.iter().zip(&fields).filter_map(|(column, field)| {
        let place = places.into_iter().find(|place| place == column)?;
        Some((
            place,
            cell(field).unwrap_or_else(|| panic!("{field:?} in {line}")),
        ))
    });
    Row {
        line: line.to_owned(),
        option: fields[0].clone(),
        object: serde_json::from_str(&fields[1]).ok(),
        cells: cells.collect(),
    }
}

fn cell(field: &str) -> Option<Cell> {
    match field {
        "done" => Some(Cell::Done),
        "approximated" => Some(Cell::Approximated),
        "first frame" => Some(Cell::FirstFrame),
        "still" => Some(Cell::Still),
        "ignored" => Some(Cell::Ignored),
        refused => Some(Cell::Refused(
            refused.strip_prefix("refused ")?.parse().ok()?,
        )),
    }
}
