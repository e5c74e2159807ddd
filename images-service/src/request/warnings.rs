//! Warnings about differences between a request and its result, for `warning` headers.

/// The warnings of one request. Each text is kept once, and their number is limited.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    texts: Vec<String>,
    /// Whether there were more texts.
    more: bool,
}

impl Warnings {
    /// The maximum number of texts. More would be noise, and a header block has a limit, too.
    const MAX_TEXTS: usize = 16;

    /// Adds a warning unless it is there already.
    pub(crate) fn add(&mut self, text: String) {
        if self.texts.contains(&text) {
            return;
        }
        if self.texts.len() < Self::MAX_TEXTS {
            self.texts.push(text);
        } else {
            self.more = true;
        }
    }

    /// Returns the texts in the order in which they were found, followed by a note if there were more.
    #[must_use]
    pub(crate) fn into_texts(self) -> Vec<String> {
        let Self { mut texts, more } = self;
        if more {
            texts.push("there are more warnings than these".to_owned());
        }
        texts
    }

    /// Adds a warning about an option that has no effect.
    pub(super) fn ignored_option(&mut self, method: &str, key: &str) {
        let key: String = key.escape_default().take(64).collect();
        self.add(format!("{method} has no option {key}; it was ignored"));
    }
}
