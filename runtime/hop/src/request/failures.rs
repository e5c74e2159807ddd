//! The first failures of a request's bodies, kept so that a later one is not blamed on who only passed it on.
//!
//! A guest passes errors on as texts of its own, so what has failed before is the only way to tell.

use std::sync::OnceLock;

use crate::error::HopError;

/// The first failures of a request's bodies.
#[derive(Debug, Default)]
pub struct Failures {
    upload: OnceLock<String>,
    answer: OnceLock<String>,
}

impl Failures {
    /// Notes that the client's upload did not come to its end.
    pub fn upload_broke(&self, error: &HopError) {
        let _ = self.upload.set(error.to_string());
    }

    /// Notes that the answer of a call did not come to its end. The line of the call tells why.
    pub fn answer_broke(&self, error: &HopError) {
        let _ = self.answer.set(error.to_string());
    }

    /// The text of the upload's failure, or else of an answer's.
    pub fn first(&self) -> Option<&str> {
        let first = self.upload.get().or_else(|| self.answer.get());
        first.map(String::as_str)
    }

    /// Whether the end of the client's response in this error is the consequence of a call's failure, which the line
    /// of the call tells already.
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
