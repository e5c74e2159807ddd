//! Instances that were ended, by the log: the requests that it blames, and whether they are to blame.

use std::collections::HashSet;
use std::fmt;

/// Ends of instances in the log.
#[derive(Default)]
pub(crate) struct Blames {
    /// Requests whose call hung by a fault, and whose client left. Their work can only be ended.
    explained: u64,
    /// Lines about other ends. This worker never kills an instance.
    pub(crate) unexplained: Vec<String>,
}

/// The texts by which the log reports the end of an instance.
const ENDS: [&str; 4] = [
    "the worker panicked or trapped",
    "used more than its CPU limit",
    "the worker asked for",
    "its work had gone on while nobody waited",
];

impl Blames {
    pub(crate) fn from_log(lines: &[String]) -> Self {
        let hung: HashSet<_> = lines
            .iter()
            .filter(|line| line.contains("FAULT IMAGES:hang"))
            .filter_map(|line| number(line))
            .collect();
        let mut blames = Self::default();
        let is_end = |line: &&String| ENDS.iter().any(|end| line.contains(end));
        for line in lines.iter().filter(is_end) {
            let is_left_over = line.contains(ENDS[3]);
            match number(line).is_some_and(|number| hung.contains(number)) {
                true if is_left_over => blames.explained += 1,
                true | false => blames.unexplained.push(line.clone()),
            }
        }
        blames
    }
}

/// Returns the number of the request in a line.
fn number(line: &str) -> Option<&str> {
    let (number, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    Some(number)
}

impl fmt::Display for Blames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "instances ended while a call hung as it was asked to: {} requests named; for any other reason: {}",
            self.explained,
            self.unexplained.len()
        )
    }
}

#[test]
fn only_a_request_whose_call_hung_may_be_blamed_for_work_that_is_left_over() {
    let end = "the worker had no answer long after the client had left, and was ended: its work had gone on while nobody waited for it";
    let lines = [
        "  [3] FAULT IMAGES:hang applied to IMAGES /transform".to_owned(),
        format!("  [3] {end}"),
        format!("  [4] {end}"),
        "  [3] the worker panicked or trapped (guest timed out)".to_owned(),
    ];
    let blames = Blames::from_log(&lines);
    assert_eq!(blames.explained, 1);
    assert_eq!(blames.unexplained, lines[2..]);
}
