//! Bindings: their kinds, and where a guest finds and calls them.

use crate::words;

words! {
    /// The kind of a binding, by the word that configuration, messages and a guest's environment use.
    pub enum BindingKind {
        /// Transforms pictures.
        Images = "images",
        /// Stores objects in a bucket.
        R2 = "r2",
        /// Calls another worker.
        Service = "service",
        /// Serves a folder of static files.
        Assets = "assets",
        /// Answers with the request, for tests.
        #[cfg(feature = "echo")]
        Echo = "echo",
    }
}

/// Host name of the URLs by which a guest calls its bindings: `http://bindings.internal/<NAME>/<path>`.
///
/// No request to this host reaches a network.
pub const BINDINGS_HOST: &str = "bindings.internal";
/// Environment variable of a guest that lists its bindings: a JSON object from name to [`BindingKind`].
pub const BINDINGS_VARIABLE: &str = "BINDINGS";
/// Environment variable of a guest that names the origin of its bindings, where that is not `http://`[`BINDINGS_HOST`].
pub const BINDINGS_ORIGIN_VARIABLE: &str = "BINDINGS_ORIGIN";

#[cfg(test)]
mod tests {
    use super::BindingKind;

    #[test]
    fn a_kind_and_its_word_name_each_other() {
        for (kind, word) in [
            (BindingKind::Images, "images"),
            (BindingKind::R2, "r2"),
            (BindingKind::Service, "service"),
            (BindingKind::Assets, "assets"),
            #[cfg(feature = "echo")]
            (BindingKind::Echo, "echo"),
        ] {
            assert_eq!(kind.as_str(), word);
            assert_eq!(word.parse(), Ok(kind));
        }
        assert!("Images".parse::<BindingKind>().is_err());
    }
}
