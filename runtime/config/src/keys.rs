//! Every key of wrangler's config, with its role here and its scope in environments.

use safelight_protocol::BindingKind;

use crate::diagnostics::Diagnostics;
use crate::item::Item;
#[cfg(feature = "echo")]
use crate::sections::echo;
use crate::sections::{NamedBinding, images, r2, services};

/// A key that declares bindings of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declaration {
    pub(super) kind: BindingKind,
    /// Reads the bindings of the section.
    pub(super) read: ReadBindings,
    /// Whether a site without `main` may have them.
    pub(super) without_worker: WithoutWorker,
}

/// Reads the bindings of a section. Items without effect here are added to the second argument.
pub(super) type ReadBindings =
    for<'a> fn(&Item<'a>, &mut Vec<Item<'a>>, &mut Diagnostics<'_>) -> Vec<NamedBinding<'a>>;

/// Whether a site without `main` may have bindings, which no worker calls there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutWorker {
    /// It may have none.
    Refused,
    /// It may have them for image URLs.
    ForImageUrls,
    /// It may have each that has a public path.
    ForPublicPaths,
}

/// The role of a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    /// A section reads it.
    Read(Section),
    /// It declares bindings.
    Bindings(Declaration),
    /// It declares bindings that safelight does not have: an error unless it is empty.
    UnsupportedBinding,
    /// It changes the worker's responses in a way that safelight does not support: an error unless it is empty.
    UnsupportedFeature,
    /// It concerns deploying, or bundling JavaScript: accepted with a warning that it has no effect.
    NoEffect,
    /// It is for editors only.
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

/// The scope of a key in environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// An environment inherits it unless it has its own.
    Inherited,
    /// An environment does not inherit it.
    PerEnvironment,
    TopLevelOnly,
}

pub(super) fn lookup(key: &str) -> Option<(Role, Scope)> {
    KEYS.iter()
        .find(|(name, _, _)| *name == key)
        .map(|(_, role, scope)| (*role, *scope))
}

/// The keys of the top level.
pub(super) fn names() -> Vec<&'static str> {
    KEYS.iter().map(|(name, _, _)| *name).collect()
}

use Role::{Bindings, NoEffect, Read, Silent, UnsupportedBinding, UnsupportedFeature};
use Scope::{Inherited, PerEnvironment, TopLevelOnly};
use WithoutWorker::{ForImageUrls, ForPublicPaths, Refused};

const KEYS: &[(&str, Role, Scope)] = &[
    // Keys that are read.
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
        Bindings(Declaration {
            kind: BindingKind::Images,
            read: images::read,
            without_worker: ForImageUrls,
        }),
        PerEnvironment,
    ),
    (
        "services",
        Bindings(Declaration {
            kind: BindingKind::Service,
            read: services::read,
            without_worker: Refused,
        }),
        PerEnvironment,
    ),
    ("assets", Read(Section::Assets), Inherited),
    (
        "r2_buckets",
        Bindings(Declaration {
            kind: BindingKind::R2,
            read: r2::read,
            without_worker: ForPublicPaths,
        }),
        PerEnvironment,
    ),
    ("dev", Read(Section::Dev), TopLevelOnly),
    ("limits", Read(Section::Limits), Inherited),
    ("build", Read(Section::Build), Inherited),
    ("env", Read(Section::Env), TopLevelOnly),
    ("safelight", Read(Section::Safelight), TopLevelOnly),
    ("$schema", Silent, TopLevelOnly),
    #[cfg(feature = "echo")]
    (
        "safelight_echo",
        Bindings(Declaration {
            kind: BindingKind::Echo,
            read: echo::read,
            without_worker: Refused,
        }),
        PerEnvironment,
    ),
    // Bindings that safelight does not have.
    ("ai", UnsupportedBinding, PerEnvironment),
    ("ai_search", UnsupportedBinding, PerEnvironment),
    ("ai_search_namespaces", UnsupportedBinding, PerEnvironment),
    (
        "analytics_engine_datasets",
        UnsupportedBinding,
        PerEnvironment,
    ),
    ("artifacts", UnsupportedBinding, PerEnvironment),
    ("browser", UnsupportedBinding, PerEnvironment),
    ("d1_databases", UnsupportedBinding, PerEnvironment),
    ("data_blobs", UnsupportedBinding, TopLevelOnly),
    ("dispatch_namespaces", UnsupportedBinding, PerEnvironment),
    ("durable_objects", UnsupportedBinding, PerEnvironment),
    ("flagship", UnsupportedBinding, PerEnvironment),
    ("hyperdrive", UnsupportedBinding, PerEnvironment),
    ("kv_namespaces", UnsupportedBinding, PerEnvironment),
    ("logfwdr", UnsupportedBinding, Inherited),
    ("media", UnsupportedBinding, PerEnvironment),
    ("mtls_certificates", UnsupportedBinding, PerEnvironment),
    ("pipelines", UnsupportedBinding, PerEnvironment),
    ("queues", UnsupportedBinding, PerEnvironment),
    ("ratelimits", UnsupportedBinding, PerEnvironment),
    ("secrets_store_secrets", UnsupportedBinding, PerEnvironment),
    ("send_email", UnsupportedBinding, PerEnvironment),
    ("stream", UnsupportedBinding, PerEnvironment),
    ("text_blobs", UnsupportedBinding, TopLevelOnly),
    ("unsafe", UnsupportedBinding, PerEnvironment),
    ("unsafe_hello_world", UnsupportedBinding, PerEnvironment),
    ("vectorize", UnsupportedBinding, PerEnvironment),
    ("version_metadata", UnsupportedBinding, PerEnvironment),
    ("vpc_networks", UnsupportedBinding, PerEnvironment),
    ("vpc_services", UnsupportedBinding, PerEnvironment),
    ("wasm_modules", UnsupportedBinding, TopLevelOnly),
    ("worker_loaders", UnsupportedBinding, PerEnvironment),
    ("workflows", UnsupportedBinding, PerEnvironment),
    // Features that would change the worker's responses.
    ("containers", UnsupportedFeature, PerEnvironment),
    ("pages_build_output_dir", UnsupportedFeature, TopLevelOnly),
    ("secrets", UnsupportedFeature, PerEnvironment),
    ("site", UnsupportedFeature, TopLevelOnly),
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
    // Bundling JavaScript and Python.
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
