//! Client hints: the headers that tell the width of the client's window and the speed of its connection.

use http::HeaderMap;
use http::header::USER_AGENT;

/// The headers on which `width=auto` depends.
pub const WIDTH_HEADERS: [&str; 2] = ["sec-ch-viewport-width", "sec-ch-dpr"];
/// The headers on which `slow-connection-quality` depends.
pub const SPEED_HEADERS: [&str; 4] = ["rtt", "save-data", "ect", "downlink"];

/// The options of `width=auto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoWidth {
    /// The widths to choose from, in pixels.
    pub breakpoints: Vec<u32>,
    /// The width for a mobile client without hints.
    pub mobile: u32,
    /// The width for any other client without hints.
    pub desktop: u32,
}

impl Default for AutoWidth {
    fn default() -> Self {
        Self {
            breakpoints: vec![320, 768, 960, 1_200],
            mobile: 768,
            desktop: 1_200,
        }
    }
}

impl AutoWidth {
    /// Maximum number of breakpoints.
    pub const MAX_BREAKPOINTS: usize = 32;

    /// The smallest breakpoint that fills the client's window, or the largest one.
    pub fn width(&self, headers: &HeaderMap) -> u32 {
        let needed = match number(headers, "sec-ch-viewport-width") {
            Some(viewport) => viewport * number(headers, "sec-ch-dpr").unwrap_or(1.0),
            None => {
                let agent = headers
                    .get(USER_AGENT)
                    .and_then(|agent| agent.to_str().ok());
                let is_mobile = agent.is_some_and(|agent| agent.contains("Mobi"));
                return if is_mobile { self.mobile } else { self.desktop };
            }
        };
        let fitting = self
            .breakpoints
            .iter()
            .filter(|width| f64::from(**width) >= needed)
            .min();
        let widest = self.breakpoints.iter().max();
        fitting.or(widest).copied().unwrap_or(self.desktop)
    }
}

/// Whether a hint reports a slow connection.
pub fn is_slow(headers: &HeaderMap) -> bool {
    let is = |name: &str, words: &[&str]| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| words.iter().any(|word| value.eq_ignore_ascii_case(word)))
    };
    number(headers, "rtt").is_some_and(|ms| ms > 150.0)
        || number(headers, "downlink").is_some_and(|megabits| megabits < 5.0)
        || is("save-data", &["on"])
        || is("ect", &["slow-2g", "2g", "3g"])
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    super::pairs::number(headers.get(name)?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{AutoWidth, is_slow};
    use crate::url::tests::headers;

    #[test]
    fn the_width_is_the_smallest_breakpoint_that_fills_the_window() {
        for (hints, expected) in [
            (&[("sec-ch-viewport-width", "300")][..], 320),
            (&[("sec-ch-viewport-width", "320")], 320),
            (&[("sec-ch-viewport-width", "321")], 768),
            (
                &[("sec-ch-viewport-width", "400"), ("sec-ch-dpr", "2")],
                960,
            ),
            (&[("sec-ch-viewport-width", "5000")], 1_200),
            (&[("user-agent", "Mozilla/5.0 (iPhone) Mobile/1 Mobi")], 768),
            (&[("user-agent", "Mozilla/5.0 (X11)")], 1_200),
            (&[("sec-ch-viewport-width", "wide")], 1_200),
            (&[], 1_200),
        ] {
            assert_eq!(
                AutoWidth::default().width(&headers(hints)),
                expected,
                "{hints:?}"
            );
        }
    }

    #[test]
    fn any_hint_makes_a_connection_slow() {
        for (hint, expected) in [
            (("rtt", "151"), true),
            (("rtt", "150"), false),
            (("save-data", "on"), true),
            (("save-data", "off"), false),
            (("ect", "3g"), true),
            (("ect", "slow-2g"), true),
            (("ect", "4g"), false),
            (("downlink", "4.9"), true),
            (("downlink", "5"), false),
        ] {
            assert_eq!(is_slow(&headers(&[hint])), expected, "{hint:?}");
        }
        assert!(!is_slow(&HeaderMap::new()));
    }
}
