//! `onlyIf`: the condition that the current object must meet.

use serde::Deserialize;

use super::bounded_list::BoundedList;
use super::integer;
use super::limits::MAX_CONDITION_ETAGS;

/// A condition in the form of the wire.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Condition {
    etag_matches: Option<BoundedList<EntityTag, MAX_CONDITION_ETAGS>>,
    etag_does_not_match: Option<BoundedList<EntityTag, MAX_CONDITION_ETAGS>>,
    #[serde(deserialize_with = "integer::optional")]
    uploaded_before: Option<i64>,
    #[serde(deserialize_with = "integer::optional")]
    uploaded_after: Option<i64>,
    seconds_granularity: bool,
}

/// An entity tag of a condition.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum EntityTag {
    Strong { value: String },
    Weak { value: String },
    Wildcard,
}

impl EntityTag {
    /// Returns whether the tag matches every object. Older runtimes write the wildcard as a strong tag.
    fn is_any(&self) -> bool {
        match self {
            Self::Wildcard => true,
            Self::Strong { value } => value == "*",
            Self::Weak { .. } => false,
        }
    }
}

impl Condition {
    /// The condition that the object has this tag.
    pub(super) fn etag_is(etag: &str) -> Self {
        let value = etag.to_owned();
        Self {
            etag_matches: Some(BoundedList(vec![EntityTag::Strong { value }])),
            ..Self::default()
        }
    }

    /// Returns whether the condition holds for the current object: its tag, and its time of upload in milliseconds.
    pub(super) fn holds(&self, object: Option<(&str, i64)>) -> bool {
        let Some((etag, uploaded)) = object else {
            return self.etag_matches.is_none() && self.uploaded_after.is_none();
        };
        let is_match = self.etag_matches.as_ref().map(|tags| {
            tags.0.iter().any(|tag| match tag {
                tag if tag.is_any() => true,
                EntityTag::Strong { value } => value == etag,
                // A weak tag never matches strongly (RFC 9110, 8.8.3.2).
                EntityTag::Weak { .. } | EntityTag::Wildcard => false,
            })
        });
        let is_none = self.etag_does_not_match.as_ref().map(|tags| {
            !tags.0.iter().any(|tag| match tag {
                tag if tag.is_any() => true,
                EntityTag::Strong { value } | EntityTag::Weak { value } => value == etag,
                EntityTag::Wildcard => false,
            })
        });
        let uploaded = self.grain(uploaded);
        let is_after = self
            .uploaded_after
            .is_none_or(|date| self.grain(date) < uploaded);
        let is_before = self
            .uploaded_before
            .is_none_or(|date| uploaded < self.grain(date));
        is_match != Some(false)
            && is_none != Some(false)
            && (is_after || is_none == Some(true))
            && (is_before || is_match == Some(true))
    }

    fn grain(&self, ms: i64) -> i64 {
        match self.seconds_granularity {
            true => ms.div_euclid(1000),
            false => ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Condition;

    const UPLOADED: i64 = 1_767_225_600_500;

    fn holds(condition: &str) -> bool {
        let condition: Condition = serde_json::from_str(condition).unwrap();
        condition.holds(Some(("e", UPLOADED)))
    }

    #[test]
    fn tags_match_strongly_and_differ_weakly() {
        for (condition, expected) in [
            (r#"{}"#, true),
            (r#"{"etagMatches":[]}"#, false),
            (r#"{"etagDoesNotMatch":[]}"#, true),
            (
                r#"{"etagMatches":[{"value":"x","type":"strong"},{"value":"e","type":"strong"}]}"#,
                true,
            ),
            (r#"{"etagMatches":[{"value":"e","type":"weak"}]}"#, false),
            (r#"{"etagMatches":[{"type":"wildcard"}]}"#, true),
            (
                r#"{"etagDoesNotMatch":[{"value":"e","type":"weak"}]}"#,
                false,
            ),
            (
                r#"{"etagDoesNotMatch":[{"value":"e","type":"strong"}]}"#,
                false,
            ),
            (r#"{"etagDoesNotMatch":[{"type":"wildcard"}]}"#, false),
            (
                r#"{"etagDoesNotMatch":[{"value":"x","type":"strong"}]}"#,
                true,
            ),
        ] {
            assert_eq!(holds(condition), expected, "{condition}");
        }
    }

    #[test]
    fn dates_are_compared_as_finely_as_asked_and_a_tag_outweighs_them() {
        let date = |name: &str, offset: i64, more: &str| {
            format!(r#"{{"{name}":"{}"{more}}}"#, UPLOADED + offset)
        };
        let seconds = r#","secondsGranularity":true"#;
        let matches = r#","etagMatches":[{"value":"e","type":"strong"}]"#;
        let differs = r#","etagDoesNotMatch":[{"value":"x","type":"strong"}]"#;
        for (condition, expected) in [
            (date("uploadedAfter", -250, ""), true),
            (date("uploadedAfter", -250, seconds), false),
            (date("uploadedBefore", 250, ""), true),
            (date("uploadedBefore", 250, seconds), false),
            (date("uploadedAfter", 0, ""), false),
            (date("uploadedBefore", 0, ""), false),
            (date("uploadedBefore", -9000, matches), true),
            (date("uploadedAfter", 9000, differs), true),
            (date("uploadedAfter", 9000, matches), false),
            (date("uploadedBefore", -9000, differs), false),
        ] {
            assert_eq!(holds(&condition), expected, "{condition}");
        }
    }

    /// A list of tags, whether it matches `e`, and whether none of it is `e`.
    const TAGS: [(&str, bool, bool); 10] = [
        ("", true, true),
        ("[]", false, true),
        (r#"[{"value":"e","type":"strong"}]"#, true, false),
        (r#"[{"value":"e","type":"weak"}]"#, false, false),
        (r#"[{"value":"x","type":"strong"}]"#, false, true),
        (r#"[{"value":"x","type":"weak"}]"#, false, true),
        (r#"[{"type":"wildcard"}]"#, true, false),
        (r#"[{"value":"*","type":"strong"}]"#, true, false),
        (r#"[{"value":"*","type":"weak"}]"#, false, true),
        (
            r#"[{"value":"x","type":"strong"},{"type":"wildcard"}]"#,
            true,
            false,
        ),
    ];

    /// Whether the upload is after a date, and before it.
    type Sides = (bool, bool);

    /// A date relative to the upload, and the sides of the upload, in milliseconds and in seconds.
    const DATES: [(Option<i64>, [Sides; 2]); 6] = [
        (None, [(true, true), (true, true)]),
        (Some(-1000), [(true, false), (true, false)]),
        (Some(-250), [(true, false), (false, false)]),
        (Some(0), [(false, false), (false, false)]),
        (Some(250), [(false, true), (false, false)]),
        (Some(1000), [(false, true), (false, true)]),
    ];

    #[test]
    fn every_combination_of_tags_and_dates_passes_as_the_table_says() {
        for (matches, is_match, _) in TAGS {
            for (differs, _, is_none) in TAGS {
                for (after, is_after) in DATES {
                    for (before, is_before) in DATES {
                        for seconds in [0, 1] {
                            let date = |date: i64| format!("{}", UPLOADED + date);
                            let parts = [
                                ("etagMatches", matches.to_owned()),
                                ("etagDoesNotMatch", differs.to_owned()),
                                ("uploadedAfter", after.map(date).unwrap_or_default()),
                                ("uploadedBefore", before.map(date).unwrap_or_default()),
                                ("secondsGranularity", (seconds == 1).to_string()),
                            ];
                            let parts = parts.iter().filter(|(_, value)| !value.is_empty());
                            let parts = parts.map(|(name, value)| format!("\"{name}\":{value}"));
                            let condition = format!("{{{}}}", parts.collect::<Vec<_>>().join(","));
                            let after_holds = is_after[seconds].0 || !differs.is_empty() && is_none;
                            let before_holds =
                                is_before[seconds].1 || !matches.is_empty() && is_match;
                            let expected = is_match && is_none && after_holds && before_holds;
                            assert_eq!(holds(&condition), expected, "{condition}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_missing_object_fails_only_the_conditions_that_need_one() {
        let holds = |condition: &str| {
            let condition: Condition = serde_json::from_str(condition).unwrap();
            condition.holds(None)
        };
        assert!(holds("{}"));
        assert!(holds(r#"{"etagDoesNotMatch":[{"type":"wildcard"}]}"#));
        assert!(holds(r#"{"uploadedBefore":1}"#));
        assert!(!holds(r#"{"etagMatches":[{"type":"wildcard"}]}"#));
        assert!(!holds(r#"{"etagMatches":[{"value":"*","type":"strong"}]}"#));
        assert!(!holds(r#"{"uploadedAfter":1}"#));
    }
}
