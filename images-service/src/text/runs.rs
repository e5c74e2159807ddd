//! Splits a line into runs of one direction (Unicode Bidirectional Algorithm) and one script, in visual order.

use std::ops::Range;

use harfrust::{Direction, Script, unicode::script};
use unicode_bidi::BidiInfo;

/// Adjacent characters that are shaped together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The bytes of the line.
    pub(super) range: Range<usize>,
    pub(super) direction: Direction,
    /// The script; `None` if every character belongs to all scripts.
    pub(super) script: Option<Script>,
}

/// Returns the runs of a line. The first strong character decides the direction of the line.
pub(super) fn visual_runs(line: &str) -> Vec<Run> {
    let bidi = BidiInfo::new(line, None);
    let mut visual = Vec::new();
    for paragraph in &bidi.paragraphs {
        let (levels, ranges) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for range in ranges {
            let is_rtl = levels.get(range.start).is_some_and(|level| level.is_rtl());
            let direction = match is_rtl {
                true => Direction::RightToLeft,
                false => Direction::LeftToRight,
            };
            let mut runs = by_script(line, range, direction);
            if is_rtl {
                runs.reverse();
            }
            visual.append(&mut runs);
        }
    }
    visual
}

/// Splits at changes of the script. A character of all scripts joins the run before it, or else the one after it.
fn by_script(line: &str, range: Range<usize>, direction: Direction) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut start = range.start;
    let mut current = None;
    for (at, c) in line.get(range.clone()).unwrap_or_default().char_indices() {
        let found = match script(c.into()) {
            Script::COMMON | Script::INHERITED | Script::UNKNOWN => continue,
            found => found,
        };
        let at = range.start + at;
        if current.is_some_and(|current| current != found) {
            runs.push(Run {
                range: start..at,
                direction,
                script: current,
            });
            start = at;
        }
        current = Some(found);
    }
    runs.push(Run {
        range: start..range.end,
        direction,
        script: current,
    });
    runs
}

#[cfg(test)]
mod tests {
    use harfrust::Direction::{LeftToRight, RightToLeft};

    use super::visual_runs;

    fn runs(line: &str) -> Vec<(&str, bool)> {
        let shown = |run: &super::Run| {
            assert!([LeftToRight, RightToLeft].contains(&run.direction));
            (run.direction == RightToLeft, run.range.clone())
        };
        visual_runs(line)
            .iter()
            .map(shown)
            .map(|(is_rtl, range)| (&line[range], is_rtl))
            .collect()
    }

    #[test]
    fn what_is_read_from_right_to_left_stands_in_the_order_in_which_it_is_seen() {
        assert_eq!(
            runs("ab אב cd"),
            [("ab ", false), ("אב", true), (" cd", false)]
        );
        assert_eq!(
            runs("אב cd גד"),
            [(" גד", true), ("cd", false), ("אב ", true)],
            "the first strong character decides for the line"
        );
        assert_eq!(
            runs("אב 12"),
            [("12", false), ("אב ", true)],
            "numbers run from left to right"
        );
    }

    #[test]
    fn a_run_has_one_script_and_takes_what_belongs_to_all_along() {
        assert_eq!(
            runs("1. ab, где! 2"),
            [("1. ab, ", false), ("где! 2", false)]
        );
        assert_eq!(runs("12 + 3"), [("12 + 3", false)]);
        assert_eq!(runs("אבابגד"), [("גד", true), ("اب", true), ("אב", true)]);
        assert!(runs("").is_empty());
    }
}
