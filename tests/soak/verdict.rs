//! The verdict on a request. One of the verdicts must never occur.

use std::fmt;

use http::{HeaderValue, StatusCode};
use safelight_harness::Fault;

use crate::plan::{Leaves, Plan};

/// The outcome of a request at its client.
pub(crate) enum Received {
    /// The body is complete.
    Whole(StatusCode, Vec<u8>, Option<HeaderValue>),
    /// The body broke off, after these bytes.
    Broken(StatusCode, Vec<u8>),
    /// There is no answer. The text is the error, or the progress at the timeout; the flag tells whether it was a timeout.
    Nothing(String, bool),
    /// The client has left.
    Left,
}

impl Received {
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(..))
    }
}

/// The judgement of an outcome.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// 200, and every byte is right.
    Right,
    /// A complete error answer: its status, and the code of the binding or the mark of the server.
    Refused(u16, String),
    /// The client saw the transfer break.
    Broken,
    /// The client saw the connection end before an answer.
    Unanswered(String),
    /// The client left as planned.
    Left,
    /// There was no end within the bound. The text is the progress.
    Hung(String),
    /// 200 with a body that looks complete and is wrong. The text is the difference.
    Wrong(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right => f.write_str("whole and right"),
            Self::Refused(status, why) => write!(f, "refused: {status} {why}"),
            Self::Broken => f.write_str("broke off visibly"),
            Self::Unanswered(why) => write!(f, "ended without an answer: {why}"),
            Self::Left => f.write_str("client left by itself"),
            Self::Hung(how_far) => write!(f, "HUNG: {how_far}"),
            Self::Wrong(what) => write!(f, "WRONG: {what}"),
        }
    }
}

pub(crate) fn judge(plan: &Plan, expected: &[u8], received: Received) -> Verdict {
    match received {
        Received::Whole(StatusCode::OK, content, _) => match difference(&content, expected) {
            None => Verdict::Right,
            Some(what) => Verdict::Wrong(what),
        },
        Received::Whole(status, content, mark) => Verdict::Refused(
            status.as_u16(),
            why(&String::from_utf8_lossy(&content), mark.as_ref()),
        ),
        // The bytes before the break may be altered only by a fault.
        Received::Broken(StatusCode::OK, content) => {
            let alters = plan.fault.as_ref().is_some_and(is_corrupt);
            match expected.get(..content.len()) == Some(&content) || alters {
                true => Verdict::Broken,
                false => Verdict::Wrong("altered before it broke off".into()),
            }
        }
        Received::Broken(..) => Verdict::Broken,
        Received::Nothing(how_far, true) => Verdict::Hung(how_far),
        Received::Nothing(why, false) => match plan.leaves {
            // A server may give up an upload that has stopped before its client has left.
            Leaves::Sending(_) => Verdict::Left,
            Leaves::Never | Leaves::Waiting(_) | Leaves::Reading(_) => Verdict::Unanswered(why),
        },
        Received::Left => Verdict::Left,
    }
}

fn is_corrupt(fault: &Fault) -> bool {
    fault.to_string().contains(":corrupt=")
}

/// Describes the difference of a body from the expected one, if there is any.
fn difference(content: &[u8], expected: &[u8]) -> Option<String> {
    // This comparison is much faster than the search for the place.
    if content == expected {
        return None;
    }
    let (is, should) = (content.len(), expected.len());
    if is != should {
        return Some(format!("{is} bytes instead of {should}"));
    }
    let at = content
        .iter()
        .zip(expected)
        .position(|(is, should)| is != should)?;
    Some(format!("the byte at {at} of {should}"))
}

/// The codes that Images answers with here.
const CODES: [&str; 6] = ["9402", "9412", "9502", "9516", "9522", "9523"];

/// Returns the code of the binding's error in a text, or else the mark of the server.
fn why(text: &str, mark: Option<&HeaderValue>) -> String {
    let word = |word: &&str| CODES.contains(word);
    let mark = mark.and_then(|mark| mark.to_str().ok());
    let code = text.split(|c: char| !c.is_ascii_alphanumeric()).find(word);
    match (code, mark) {
        (Some(code), _) => code.to_owned(),
        (None, Some(mark)) => mark.to_owned(),
        // The rest of the text has numbers that differ every time.
        (None, None) => text.split(':').take(2).collect::<Vec<_>>().join(":"),
    }
}
