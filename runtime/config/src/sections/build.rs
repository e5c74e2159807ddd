//! `build`: the command that makes `main`.

use crate::Build;
use crate::diagnostics::Diagnostics;
use crate::item::Item;
use crate::tree::Value;

pub(crate) fn read<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Build> {
    let mut command = None;
    let mut cwd = None;
    for field in item.fields(diagnostics, &["command", "cwd", "watch_dir"])? {
        match field.key {
            "command" => command = field.non_empty_text(diagnostics),
            "cwd" => cwd = field.non_empty_text(diagnostics).map(|text| (field, text)),
            "watch_dir" => {
                check_watch_dir(&field, diagnostics);
                no_effect.push(field);
            }
            _ => {}
        }
    }
    let Some(command) = command else {
        no_effect.extend(cwd.map(|(field, _)| field));
        return None;
    };
    Some(Build {
        command: command.to_owned(),
        cwd: diagnostics
            .source
            .resolve(cwd.map_or(".", |(_, text)| text)),
    })
}

fn check_watch_dir(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) {
    match &item.node.value {
        Value::Text(_) => {}
        Value::List(_) => {
            item.texts(diagnostics);
        }
        _ => {
            item.wrong_type::<()>(diagnostics, "a string or a list of strings");
        }
    }
}
