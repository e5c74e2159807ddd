//! `safelight_echo`: bindings that answer with the request, for tests.

use super::NamedBinding;
use super::binding_name::{binding_fields, binding_name};
use crate::bindings::{Binding, BindingConfig};
use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;

/// Most echo bindings of one worker.
const MAX_ECHOES: usize = 100;

/// Each binding, with the item that names it.
pub(crate) fn read<'a>(
    item: &Item<'a>,
    _no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Vec<NamedBinding<'a>> {
    item.elements(diagnostics, MAX_ECHOES, "echoes")
        .into_iter()
        .filter_map(|element| echo(&element, diagnostics))
        .collect()
}

fn echo<'a>(item: &Item<'a>, diagnostics: &mut Diagnostics<'_>) -> Option<NamedBinding<'a>> {
    let (binding, fields) = binding_fields(item, &["id"], diagnostics)?;
    let Some(id) = fields.first() else {
        let path = format!("{}.id", item.path);
        diagnostics.error(item.at, &path, ConfigError::Missing);
        return None;
    };
    let id = self::id(id, diagnostics)?;
    let binding = binding?;
    let name = binding_name(&binding, diagnostics)?;
    let config = BindingConfig::Echo(id);
    Some((binding, Binding { name, config }))
}

/// Reads the id, which a header and a fragment of a path can hold.
fn id(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<String> {
    let id = item.non_empty_text(diagnostics)?;
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let why = "may have letters and digits only".to_owned();
        item.refuse(diagnostics, ConfigError::BadValue(why));
        return None;
    }
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::BindingConfig;
    use crate::tests::{config, errors};

    #[test]
    fn an_echo_has_a_binding_and_an_id() {
        let text = "main = 'w.wasm'\n[[safelight_echo]]\nbinding = 'ECHO'\nid = 'one'\n";
        let [echo] = &config(text).bindings[..] else {
            panic!("there is one binding");
        };
        assert_eq!(echo.name, "ECHO");
        assert_eq!(echo.config, BindingConfig::Echo("one".to_owned()));
    }

    #[test]
    fn what_an_echo_lacks_is_named() {
        let text = "main = 'w.wasm'\n[[safelight_echo]]\nbinding = 'ECHO'\nid = 'a/b'\n\
                    [[safelight_echo]]\nremote = true\n";
        assert_eq!(
            errors(text),
            "\
wrangler.toml:4:6: `safelight_echo[0].id` may have letters and digits only
wrangler.toml:5:1: `safelight_echo[1].binding` is missing
wrangler.toml:5:1: `safelight_echo[1].id` is missing
wrangler.toml:6:10: `safelight_echo[1].remote` cannot be true: safelight runs every binding on this machine"
        );
    }

    #[test]
    fn a_list_of_echoes_has_an_end() {
        let text = format!("main = 'w.wasm'\n{}", "[[safelight_echo]]\n".repeat(101));
        let message = errors(&text);
        assert!(message.contains("has more than 100 echoes"), "{message}");
    }

    #[test]
    fn an_echo_is_for_a_worker() {
        let text = "[assets]\ndirectory = 'public'\n\
                    [[safelight_echo]]\nbinding = 'ECHO'\nid = 'one'\n";
        let message = errors(text);
        assert!(
            message.contains("`safelight_echo` is for a worker"),
            "{message}"
        );
    }
}
