//! The outcomes as a table in Markdown.

use std::collections::BTreeMap;

use crate::inner::Inner;
use crate::outer::Outcome;

pub(crate) const HEAD: &str = "\
| the inner pipeline is served by | requests | cut | bytes received       | of        | the outer pipeline said |
|---------------------------------|----------|-----|----------------------|-----------|-------------------------|";

/// The row of a batch.
pub(crate) fn row(inner: Inner, outcomes: &[Outcome]) -> String {
    let mut said = BTreeMap::<_, usize>::new();
    for outcome in outcomes {
        *said.entry(outcome.said.as_str()).or_default() += 1;
    }
    let said: Vec<_> = said
        .into_iter()
        .map(|(words, count)| format!("{count} × {words}"))
        .collect();
    format!(
        "| {:<31} | {:>8} | {:>3} | {:<20} | {:<9} | {} |",
        inner.name(),
        outcomes.len(),
        outcomes.iter().filter(|outcome| outcome.is_cut()).count(),
        range(outcomes.iter().map(|outcome| outcome.received)),
        range(outcomes.iter().map(|outcome| outcome.promised)),
        said.join("; ")
    )
}

/// The smallest and the largest of some numbers.
fn range(numbers: impl Iterator<Item = usize> + Clone) -> String {
    let least = numbers.clone().min().unwrap_or_default();
    match numbers.max().unwrap_or_default() {
        most if most == least => least.to_string(),
        most => format!("{least} to {most}"),
    }
}
