//! What was done otherwise than asked, told to the caller in `warning` headers.

/// Warnings of one request; each text once, and not without end.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    texts: Vec<String>,
    /// Whether there were others.
    more: bool,
}

impl Warnings {
    /// More would be noise, and a header block has a limit too.
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

    /// All of them, in the order in which they were found, or the first and that there are others.
    #[must_use]
    pub(crate) fn into_texts(self) -> Vec<String> {
        let Self { mut texts, more } = self;
        if more {
            texts.push("there are more warnings than these".to_owned());
        }
        texts
    }

    /// An option that has no effect where it stands.
    pub(super) fn ignored_option(&mut self, method: &str, key: &str) {
        let key: String = key.escape_default().take(64).collect();
        self.add(format!("{method} has no option {key}; it was ignored"));
    }
}
