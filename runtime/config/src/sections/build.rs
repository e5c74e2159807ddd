//! `build`: the author's own way to make `main`.

use crate::Build;
use crate::item::{Diagnostics, Item};
use crate::tree::Value;

pub(crate) fn read<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    found: &mut Diagnostics<'_>,
) -> Option<Build> {
    let mut command = None;
    let mut cwd = None;
    for field in item.fields(found, &["command", "cwd", "watch_dir"])? {
        match field.key {
            "command" => command = field.filled_text(found),
            "cwd" => cwd = field.filled_text(found).map(|text| (field, text)),
            _ => {
                check_watch_dir(&field, found);
                no_effect.push(field);
            }
        }
    }
    let Some(command) = command else {
        no_effect.extend(cwd.map(|(field, _)| field));
        return None;
    };
    Some(Build {
        command: command.to_owned(),
        cwd: found.source.resolve(cwd.map_or(".", |(_, text)| text)),
    })
}

fn check_watch_dir(item: &Item<'_>, found: &mut Diagnostics<'_>) {
    match &item.node.value {
        Value::Text(_) => {}
        Value::List(_) => {
            item.texts(found);
        }
        _ => {
            item.wrong_type::<()>(found, "a string or a list of strings");
        }
    }
}
