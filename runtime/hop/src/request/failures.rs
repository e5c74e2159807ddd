//! The first failures of a request's bodies. They keep a later failure from being blamed on a party that only passed it on.
//!
//! A guest turns an error into a text of its own, so only the record of earlier failures shows the cause.

use std::sync::OnceLock;

use crate::error::HopError;

/// The first failures of a request's bodies.
#[derive(Debug, Default)]
pub struct Failures {
    upload: OnceLock<String>,
    answer: OnceLock<String>,
}

impl Failures {
    /// Records that the client's upload broke off.
    pub fn upload_broke(&self, error: &HopError) {
        let _ = self.upload.set(error.to_string());
    }

    /// Records that the answer of a call broke off. The call's log line gives the reason.
    pub fn answer_broke(&self, error: &HopError) {
        let _ = self.answer.set(error.to_string());
    }

    /// The text of the upload's failure, or else of the first answer's.
    pub fn first(&self) -> Option<&str> {
        let first = self.upload.get().or_else(|| self.answer.get());
        first.map(String::as_str)
    }

    /// Whether this error of the client's response is the failure of a call that was passed on. The call's log line already
    /// reports it.
    ///
    /// A guest that passes a failure on repeats its text. Another error of the guest is its own, also after a failure that
    /// the guest has handled.
    pub fn explains(&self, error: &HopError) -> bool {
        self.answer.get().is_some_and(|failure| match error {
            HopError::Guest(text) => !failure.is_empty() && text.contains(failure),
            other => matches!(other, HopError::Integrity(_)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Failures;
    use crate::error::{HopError, IntegrityError, IntegrityErrorKind};

    #[test]
    fn a_broken_answer_explains_an_error_that_repeats_it() {
        let failures = Failures::default();
        let passed_on = HopError::Guest(format!("broke off: {}", HopError::Closed));
        assert!(!failures.explains(&passed_on));
        failures.answer_broke(&HopError::Closed);
        assert!(failures.explains(&passed_on));
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
        assert!(!failures.explains(&HopError::Guest("no template".into())));
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
        let closed = HopError::Closed.to_string();
        assert_eq!(failures.first(), Some(closed.as_str()));
    }
}
