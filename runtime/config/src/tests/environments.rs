//! The keys that `env.<name>` inherits from the top level, and those that it does not.

use super::{errors, load};
use crate::{Binding, BindingConfig};

const TEXT: &str = r#"
name = "gallery"
main = "w.wasm"
[limits]
cpu_ms = 10
[images]
binding = "IMAGES"
[vars]
TITLE = "top"
[env.bare]
[env.full]
name = "gallery-full"
main = "full.wasm"
images = { binding = "PICTURES" }
vars = { TITLE = "full" }
[env.broken]
hyperdrive = [{ binding = "B" }]
dev = { port = 1 }
imagse = {}
"#;

#[test]
fn bindings_and_variables_are_not_inherited_and_a_warning_says_so() {
    let loaded = load("wrangler.toml", TEXT, Some("bare")).unwrap();
    let config = loaded.config;
    assert_eq!(config.environment.as_deref(), Some("bare"));
    assert_eq!(config.name, "gallery-bare");
    assert_eq!(config.main.unwrap().to_str(), Some("/project/w.wasm"));
    assert_eq!(config.limits.cpu.as_millis(), 10);
    assert_eq!(config.bindings, []);
    assert_eq!(config.vars, []);
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "wrangler.toml:6:2: `images` is not inherited, so it is absent here; hint: repeat it as `env.bare.images`",
            "wrangler.toml:8:2: `vars` is not inherited, so it is absent here; hint: repeat it as `env.bare.vars`",
        ]
    );
}

#[test]
fn a_value_of_the_environment_itself_takes_precedence() {
    let loaded = load("wrangler.toml", TEXT, Some("full")).unwrap();
    assert_eq!(loaded.warnings, []);
    let config = loaded.config;
    assert_eq!(config.name, "gallery-full");
    assert_eq!(config.main.unwrap().to_str(), Some("/project/full.wasm"));
    let name = "PICTURES".into();
    let config_of = BindingConfig::Images;
    assert_eq!(
        config.bindings,
        [Binding {
            name,
            config: config_of
        }]
    );
    assert_eq!(config.vars, [("TITLE".into(), "full".into())]);
}

#[test]
fn an_environment_that_is_not_chosen_does_not_count() {
    for top in [None, Some("")] {
        let loaded = load("wrangler.toml", TEXT, top).unwrap();
        assert_eq!(loaded.config.environment, None);
        assert_eq!(loaded.config.vars, [("TITLE".into(), "top".into())]);
        assert_eq!(loaded.warnings, []);
    }
}

#[test]
fn mistakes_in_the_chosen_environment_have_its_keys() {
    let message = load("wrangler.toml", TEXT, Some("broken"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "\
wrangler.toml:17:1: `env.broken.hyperdrive` is a binding that safelight does not have yet
wrangler.toml:18:1: `env.broken.dev` belongs at the top level of the config, not in an environment
wrangler.toml:19:1: `env.broken.imagse` is not a key that is known here; did you mean `images`?"
    );
}

#[test]
fn an_unknown_environment_is_told_which_there_are() {
    let message = |text, name| {
        load("wrangler.toml", text, Some(name))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message(TEXT, "stagin"),
        "wrangler.toml: `env.stagin` is not there; the config has `bare`, `full` and `broken`"
    );
    assert_eq!(
        message("main = 'w.wasm'", "staging"),
        "wrangler.toml: `env.staging` is not there: the config has no environments"
    );
}

#[test]
fn an_environment_must_be_a_table_when_it_is_chosen() {
    let text = "main = 'w.wasm'\nenv.staging = 'yes'";
    let message = load("wrangler.toml", text, Some("staging")).unwrap_err();
    assert_eq!(
        message.to_string(),
        "wrangler.toml:2:15: `env.staging` must be a table, but is a string"
    );
    assert_eq!(errors("main = 5"), errors("main = 5\nenv.staging = 'yes'"));
}

#[test]
fn a_binding_in_the_place_of_an_environment_gets_a_warning() {
    let text = "main = 'w.wasm'\n[env]\nIMAGES = { type = 'images' }";
    let loaded = load("wrangler.toml", text, None).unwrap();
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "wrangler.toml:3:1: `env.IMAGES` looks like a binding, a form that is not read yet: `env` holds environments"
        ]
    );
}
