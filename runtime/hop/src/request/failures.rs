//! The failures of a request's bodies. They keep a later failure from being blamed on a party that only passed it on.
//!
//! Blame follows the type of an error, but for an error of a guest: the engine gives and takes it as a text, which nothing
//! ties to the call that failed. Such an error is that of a call if its whole text is one that the runtime, or the SDK
//! around the runtime's, has made.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::HopError;

/// The words that the SDK puts before the error of a body that it reads, and that a worker passes on.
const SDK_WORDS: &str = "the body broke off: ";
/// The maximum number of texts of failed answers that are kept.
const MAX_ANSWERS: usize = 16;

/// The failures of a request's bodies.
#[derive(Debug, Default)]
pub struct Failures {
    upload: OnceLock<String>,
    /// The texts of the first answers that broke off.
    answers: Mutex<Vec<String>>,
}

impl Failures {
    /// Records that the client's upload broke off.
    pub fn upload_broke(&self, error: &HopError) {
        let _ = self.upload.set(error.to_string());
    }

    /// Records that the answer of a call broke off. The call's log line gives the reason.
    pub fn answer_broke(&self, error: &HopError) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() < MAX_ANSWERS {
            answers.push(error.to_string());
        }
    }

    /// Returns the text of the upload's failure, or else of the first answer's.
    pub fn first(&self) -> Option<String> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        self.upload.get().or_else(|| answers.first()).cloned()
    }

    /// Returns whether this error of the client's response is the failure of a call that was passed on. The call's log line already
    /// reports it.
    pub fn explains(&self, error: &HopError) -> bool {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let HopError::Guest(text) = error {
            let passed_on = text.strip_prefix(SDK_WORDS).unwrap_or(text);
            return answers.iter().any(|failure| failure == passed_on);
        }
        matches!(error, HopError::Integrity(_)) && !answers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Failures;
    use crate::error::{HopError, IntegrityError, IntegrityErrorKind};

    #[test]
    fn a_broken_answer_explains_an_error_that_passes_it_on() {
        let failures = Failures::default();
        let as_it_is = HopError::Guest(HopError::Closed.to_string());
        let by_the_sdk = HopError::Guest(format!("the body broke off: {}", HopError::Closed));
        assert!(!failures.explains(&as_it_is));
        failures.answer_broke(&HopError::Timeout);
        failures.answer_broke(&HopError::Closed);
        assert!(failures.explains(&as_it_is));
        assert!(failures.explains(&by_the_sdk));
        let integrity = HopError::Integrity(IntegrityError {
            hop: "IMAGES".into(),
            kind: IntegrityErrorKind::CutShort,
            expected: Some(6),
            received: 3,
        });
        assert!(failures.explains(&integrity));
    }

    #[test]
    fn a_broken_answer_explains_no_error_of_the_guest_itself() {
        let failures = Failures::default();
        failures.answer_broke(&HopError::Closed);
        let own = format!("no template, since {}", HopError::Closed);
        assert!(!failures.explains(&HopError::Guest(own)));
        assert!(!failures.explains(&HopError::InstanceDied));
    }

    #[test]
    fn a_failure_without_a_text_explains_no_error_of_the_guest() {
        let failures = Failures::default();
        failures.answer_broke(&HopError::Guest(String::new()));
        assert!(!failures.explains(&HopError::Guest("no template".into())));
    }

    #[test]
    fn the_first_failure_is_the_uploads() {
        let failures = Failures::default();
        assert_eq!(failures.first(), None);
        failures.answer_broke(&HopError::Timeout);
        failures.upload_broke(&HopError::Closed);
        assert_eq!(failures.first(), Some(HopError::Closed.to_string()));
    }
}
