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

    /// Whether this error of the client's response is the consequence of a call's failure, which the call's log line
    /// already reports.
    pub fn explains(&self, error: &HopError) -> bool {
        self.answer.get().is_some() && matches!(error, HopError::Guest(_) | HopError::Integrity(_))
    }
}

#[cfg(test)]
mod tests {
    use super::Failures;
    use crate::error::HopError;

    #[test]
    fn a_broken_answer_explains_a_guests_error_and_not_its_death() {
        let failures = Failures::default();
        let guest = HopError::Guest("it was cut short".into());
        assert!(!failures.explains(&guest));
        failures.answer_broke(&HopError::Closed);
        assert!(failures.explains(&guest));
        assert!(!failures.explains(&HopError::InstanceDied));
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
