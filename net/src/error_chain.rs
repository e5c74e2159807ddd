//! The text of an error with its causes.

use std::error::Error;

/// Returns the texts of an error and of all its causes on one line, the outermost first.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fmt;

    use super::error_chain;

    #[derive(Debug)]
    struct Failure(&'static str, Option<Box<Failure>>);

    impl fmt::Display for Failure {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Failure {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            let Self(_, cause) = self;
            cause.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn the_text_has_every_cause() {
        let disk = Failure("the disk is full", None);
        let write = Failure("write the index", Some(Box::new(disk)));
        let close = Failure("close the bucket", Some(Box::new(write)));
        assert_eq!(
            error_chain(&close),
            "close the bucket: write the index: the disk is full"
        );
    }
}
