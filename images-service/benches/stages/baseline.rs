//! The kept baseline: the ratios of an earlier run, in a file beside the bench.

use std::{fmt::Write, fs, io, path::PathBuf};

use crate::Outcome;

/// The factor beyond which a stage is marked as slower or faster. Two runs on a busy machine differ by a little less.
const THRESHOLD: f64 = 1.25;

/// Stages and their ratios.
#[derive(Default)]
pub(crate) struct Baseline(Vec<(String, f64)>);

impl Baseline {
    pub(crate) const HEAD: &str =
        "stage                                        × memcpy  baseline    now/then";

    /// Reads the kept baseline, which is empty if there is no file.
    pub(crate) fn read() -> Outcome<Self> {
        let text = match fs::read_to_string(path()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        let line = |line: &str| -> Outcome<(String, f64)> {
            let (name, ratio) = line.rsplit_once('\t').ok_or("a line without a tab")?;
            Ok((name.to_owned(), ratio.parse()?))
        };
        Ok(Self(text.lines().map(line).collect::<Outcome<_>>()?))
    }

    pub(crate) fn push(&mut self, name: String, ratio: f64) {
        self.0.push((name, ratio));
    }

    pub(crate) fn write(&self) -> Outcome<()> {
        let mut text = String::new();
        for (name, ratio) in &self.0 {
            writeln!(text, "{name}\t{ratio:.1}")?;
        }
        Ok(fs::write(path(), text)?)
    }

    /// Formats one stage: its ratio, the kept ratio, and the quotient of both.
    pub(crate) fn row(&self, name: &str, ratio: f64) -> String {
        let then = self.0.iter().find(|(known, _)| known == name);
        let beside = then.map_or_else(
            || "       new".to_owned(),
            |(_, then)| {
                let change = ratio / then;
                let mark = match change {
                    change if change > THRESHOLD => "  slower",
                    change if change < 1.0 / THRESHOLD => "  faster",
                    _ => "",
                };
                format!("{then:>10.1}  {change:>10.2}{mark}")
            },
        );
        format!("{name:<44} {ratio:>8.1}{beside}")
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/stages/baseline.tsv")
}
