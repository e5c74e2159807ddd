//! Every key that wrangler's config has, what it means to us, and how environments inherit it.

use safelight_protocol::BindingKind;

use crate::item::{Diagnostics, Item};
use crate::sections::{NamedBinding, images, r2, services};

/// Reads the bindings of a section. Items without effect here are added to the second argument.
pub(super) type ReadBindings =
    for<'a> fn(&Item<'a>, &mut Vec<Item<'a>>, &mut Diagnostics<'_>) -> Vec<NamedBinding<'a>>;

/// What we do with a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    /// A section of ours reads it.
    Read(Section),
    /// It grants bindings, which this function reads.
    Bindings(BindingKind, ReadBindings),
    /// Grants the worker something that we do not have: an error unless it grants nothing.
    Binding,
    /// Changes what the worker answers in a way that we do not do: an error unless it asks for nothing.
    Feature,
    /// Concerns deploying, or bundling JavaScript: accepted, and said to do nothing here.
    NoEffect,
    /// Says something to editors only.
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Name,
    Main,
    CompatibilityDate,
    CompatibilityFlags,
    Vars,
    Assets,
    Dev,
    Limits,
    Build,
    Env,
    Safelight,
}

/// What an environment makes of the same key at the top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Taken over unless the environment has its own.
    Inherited,
    /// Each environment says it for itself.
    PerEnvironment,
    TopLevelOnly,
}

pub(super) fn lookup(key: &str) -> Option<(Role, Scope)> {
    KEYS.iter()
        .find(|(name, _, _)| *name == key)
        .map(|(_, role, scope)| (*role, *scope))
}

/// The key of the top level that `key` was probably meant to be is among these.
pub(super) fn names() -> Vec<&'static str> {
    KEYS.iter().map(|(name, _, _)| *name).collect()
}

/// The likeliest of `known` for a mistyped key, if any is likely at all.
pub(super) fn closest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 40;
    if key.len() > LONGEST {
        return None;
    }
    // `kv-namespaces` and `kvNamespaces` are habits of other config files, not typing slips.
    let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let wanted = plain(key);
    known
        .iter()
        .map(|name| (strsim::osa_distance(&wanted, &plain(name)), *name))
        .filter(|(distance, name)| *distance <= name.len().min(key.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

use Role::{Binding, Bindings, Feature, NoEffect, Read, Silent};
use Scope::{Inherited, PerEnvironment, TopLevelOnly};

const KEYS: &[(&str, Role, Scope)] = &[
    // What we read.
    ("name", Read(Section::Name), Inherited),
    ("main", Read(Section::Main), Inherited),
    (
        "compatibility_date",
        Read(Section::CompatibilityDate),
        Inherited,
    ),
    (
        "compatibility_flags",
        Read(Section::CompatibilityFlags),
        Inherited,
    ),
    ("vars", Read(Section::Vars), PerEnvironment),
    (
        "images",
        Bindings(BindingKind::Images, images::read),
        PerEnvironment,
    ),
    (
        "services",
        Bindings(BindingKind::Service, services::read),
        PerEnvironment,
    ),
    ("assets", Read(Section::Assets), Inherited),
    (
        "r2_buckets",
        Bindings(BindingKind::R2, r2::read),
        PerEnvironment,
    ),
    ("dev", Read(Section::Dev), TopLevelOnly),
    ("limits", Read(Section::Limits), Inherited),
    ("build", Read(Section::Build), Inherited),
    ("env", Read(Section::Env), TopLevelOnly),
    ("safelight", Read(Section::Safelight), TopLevelOnly),
    ("$schema", Silent, TopLevelOnly),
    // Bindings we do not have.
    ("ai", Binding, PerEnvironment),
    ("ai_search", Binding, PerEnvironment),
    ("ai_search_namespaces", Binding, PerEnvironment),
    ("analytics_engine_datasets", Binding, PerEnvironment),
    ("artifacts", Binding, PerEnvironment),
    ("browser", Binding, PerEnvironment),
    ("d1_databases", Binding, PerEnvironment),
    ("data_blobs", Binding, TopLevelOnly),
    ("dispatch_namespaces", Binding, PerEnvironment),
    ("durable_objects", Binding, PerEnvironment),
    ("flagship", Binding, PerEnvironment),
    ("hyperdrive", Binding, PerEnvironment),
    ("kv_namespaces", Binding, PerEnvironment),
    ("logfwdr", Binding, Inherited),
    ("media", Binding, PerEnvironment),
    ("mtls_certificates", Binding, PerEnvironment),
    ("pipelines", Binding, PerEnvironment),
    ("queues", Binding, PerEnvironment),
    ("ratelimits", Binding, PerEnvironment),
    ("secrets_store_secrets", Binding, PerEnvironment),
    ("send_email", Binding, PerEnvironment),
    ("stream", Binding, PerEnvironment),
    ("text_blobs", Binding, TopLevelOnly),
    ("unsafe", Binding, PerEnvironment),
    ("unsafe_hello_world", Binding, PerEnvironment),
    ("vectorize", Binding, PerEnvironment),
    ("version_metadata", Binding, PerEnvironment),
    ("vpc_networks", Binding, PerEnvironment),
    ("vpc_services", Binding, PerEnvironment),
    ("wasm_modules", Binding, TopLevelOnly),
    ("worker_loaders", Binding, PerEnvironment),
    ("workflows", Binding, PerEnvironment),
    // What would change the worker's answers.
    ("containers", Feature, PerEnvironment),
    ("pages_build_output_dir", Feature, TopLevelOnly),
    ("secrets", Feature, PerEnvironment),
    ("site", Feature, TopLevelOnly),
    // Deploying and watching a deployed worker.
    ("account_id", NoEffect, Inherited),
    ("cloudchamber", NoEffect, PerEnvironment),
    ("compliance_region", NoEffect, Inherited),
    ("first_party_worker", NoEffect, Inherited),
    ("keep_vars", NoEffect, TopLevelOnly),
    ("legacy_env", NoEffect, TopLevelOnly),
    ("logpush", NoEffect, Inherited),
    ("migrations", NoEffect, Inherited),
    ("observability", NoEffect, Inherited),
    ("placement", NoEffect, Inherited),
    ("preview_urls", NoEffect, Inherited),
    ("previews", NoEffect, PerEnvironment),
    ("route", NoEffect, Inherited),
    ("routes", NoEffect, Inherited),
    ("send_metrics", NoEffect, TopLevelOnly),
    ("streaming_tail_consumers", NoEffect, PerEnvironment),
    ("tail_consumers", NoEffect, PerEnvironment),
    ("triggers", NoEffect, Inherited),
    ("upload_source_maps", NoEffect, Inherited),
    ("url_transformations", NoEffect, PerEnvironment),
    ("usage_model", NoEffect, Inherited),
    ("workers_dev", NoEffect, Inherited),
    // Bundling JavaScript and Python, which no worker of ours is made of.
    ("alias", NoEffect, TopLevelOnly),
    ("base_dir", NoEffect, Inherited),
    ("define", NoEffect, PerEnvironment),
    ("find_additional_modules", NoEffect, Inherited),
    ("jsx_factory", NoEffect, Inherited),
    ("jsx_fragment", NoEffect, Inherited),
    ("keep_names", NoEffect, Inherited),
    ("minify", NoEffect, Inherited),
    ("no_bundle", NoEffect, Inherited),
    ("preserve_file_names", NoEffect, Inherited),
    ("python_modules", NoEffect, Inherited),
    ("rules", NoEffect, Inherited),
    ("tsconfig", NoEffect, Inherited),
];
