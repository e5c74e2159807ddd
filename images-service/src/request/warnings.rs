//! What was done otherwise than asked, told to the caller in `warning` headers.

/// Warnings of one request; each text once, and not without end.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Vec<String>);

impl Warnings {
    /// More would be noise, and a header block has a limit too.
    const MOST: usize = 16;

    /// Adds a warning unless it is there already.
    pub(crate) fn add(&mut self, text: String) {
        if self.0.len() < Self::MOST && !self.0.contains(&text) {
            self.0.push(text);
        }
    }

    /// All of them, in the order in which they were found.
    #[must_use]
    pub(crate) fn into_texts(self) -> Vec<String> {
        self.0
    }

    /// An option that has no effect where it stands.
    pub(super) fn ignored_option(&mut self, method: &str, key: &str) {
        let key: String = key.escape_default().take(64).collect();
        self.add(format!("{method} has no option {key}; it was ignored"));
    }
}
