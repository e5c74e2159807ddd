//! The conversion of a tree to a `Config`: each effective key goes to its section, then the config is built.

use super::diagnostics::Diagnostics;
use super::environment::{choose, effective};
use super::error::{AssetsError, ConfigError, ConfigErrors, Notice};
use super::item::Item;
use super::keys::{Role, Section, WithoutWorker};
use super::parts::Parts;
use super::sections::assets;
use super::source::Source;
use super::tree::{Node, Value};
use super::{Loaded, secrets};

/// Checks the tree for an environment.
pub(super) fn check(
    source: &Source,
    root: &Node,
    environment: Option<&str>,
) -> Result<Loaded, ConfigErrors> {
    let Value::Table(entries) = &root.value else {
        return Err(source.located(root.at, "", ConfigError::NotATable).into());
    };
    let mut diagnostics = Diagnostics::new(source);
    // As in wrangler, `--env ""` means the top level.
    let name = environment.filter(|name| !name.is_empty());
    let chosen = choose(entries, name, &mut diagnostics);
    let items = effective(entries, chosen.as_ref(), &mut diagnostics);

    let mut parts = Parts::default();
    for (item, role) in &items {
        parts.read(item, *role, &mut diagnostics);
    }
    parts.sort_bindings();
    parts.check_faults(&mut diagnostics);
    parts.set_public_paths(&mut diagnostics);
    check_main(&items, &parts, &mut diagnostics);
    let environment = chosen.map(|chosen| chosen.name.to_owned());
    let name = environment.as_deref();
    parts.secrets = secrets::read(name, &mut diagnostics);
    parts.check_names(&mut diagnostics);
    warn_of_no_effect(&parts.no_effect, &mut diagnostics);

    let warnings = diagnostics.finish()?;
    let config = parts.build(source, environment);
    Ok(Loaded { config, warnings })
}

/// Checks that there is a worker, or static files, which need none.
fn check_main(items: &[(Item<'_>, Role)], parts: &Parts<'_>, diagnostics: &mut Diagnostics<'_>) {
    let item = |key: &str| items.iter().find(|(item, _)| item.key == key);
    match (item("main"), item("assets")) {
        (Some(_), _) => {}
        (None, Some((item, _))) => {
            assets::check_alone(item, diagnostics);
            check_files_alone(items, parts, diagnostics);
        }
        (None, None) => diagnostics.error_without_position("main", ConfigError::Missing),
    }
}

/// Refuses keys that only a worker would use. Images by URL and buckets with a public path need none.
fn check_files_alone(
    items: &[(Item<'_>, Role)],
    parts: &Parts<'_>,
    diagnostics: &mut Diagnostics<'_>,
) {
    for (item, role) in items {
        match role {
            Role::Read(section) => check_section_alone(*section, item, diagnostics),
            Role::Bindings(declaration) => match declaration.without_worker {
                WithoutWorker::Refused if item.node.value.is_empty() => {}
                WithoutWorker::ForImageUrls if parts.image_urls().enabled => {}
                WithoutWorker::Refused | WithoutWorker::ForImageUrls => {
                    refuse_alone(item, diagnostics);
                }
                WithoutWorker::ForPublicPaths => {
                    let all = parts.bindings.iter();
                    all.filter(|(_, binding)| binding.config.kind() == declaration.kind)
                        .filter(|(_, binding)| binding.config.public_path().is_none())
                        .for_each(|(item, _)| refuse_alone(item, diagnostics));
                }
            },
            Role::UnsupportedBinding | Role::UnsupportedFeature | Role::NoEffect | Role::Silent => {
            }
        }
    }
}

fn check_section_alone(section: Section, item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) {
    match section {
        Section::Vars | Section::Limits => {
            if !item.node.value.is_empty() {
                refuse_alone(item, diagnostics);
            }
        }
        Section::Safelight => {
            let Value::Table(entries) = &item.node.value else {
                return;
            };
            let fields = entries.iter().map(|entry| item.child(entry));
            fields
                .filter(|field| {
                    let key = field.key;
                    matches!(
                        key,
                        "memory_mb" | "instances_memory_mb" | "cf_image_fail_open"
                    )
                })
                .for_each(|field| refuse_alone(&field, diagnostics));
        }
        Section::Name
        | Section::Main
        | Section::CompatibilityDate
        | Section::CompatibilityFlags
        | Section::Assets
        | Section::Dev
        | Section::Build
        | Section::Env => {}
    }
}

fn refuse_alone(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) {
    let error = ConfigError::Assets(AssetsError::NoWorker);
    diagnostics.error(item.at, &item.path, error);
}

fn warn_of_no_effect(no_effect: &[Item<'_>], diagnostics: &mut Diagnostics<'_>) {
    if let Some(first) = no_effect.iter().min_by_key(|item| item.at) {
        let keys = no_effect.iter().map(|item| item.path.clone()).collect();
        diagnostics.warn(first.at, "", Notice::NoEffect(keys));
    }
}
