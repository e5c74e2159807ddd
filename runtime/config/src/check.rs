//! From the tree to a `Config`: each key that counts goes to its section, then the parts are put together.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use safelight_protocol::BindingKind;

use super::environment::{choose, effective};
use super::error::{ConfigError, ConfigErrors, GrantError, Notice, StorageError};
use super::file::Source;
use super::item::{Diagnostics, Item};
use super::keys::{Role, Section};
use super::sections::{NamedBinding, assets, build, dev, limits, safelight, vars, worker};
use super::tree::{Node, Value};
use super::{
    AssetsConfig, Binding, BindingConfig, Build, Config, Dev, ImageUrlsConfig, Limits, Loaded,
    NamedSecret, WorkerFirst, secrets, targets,
};

pub(super) fn check(
    source: &Source,
    root: &Node,
    environment: Option<&str>,
) -> Result<Loaded, ConfigErrors> {
    let Value::Table(entries) = &root.value else {
        return Err(source.located(root.at, "", ConfigError::NotATable).into());
    };
    let mut found = Diagnostics::new(source);
    // `--env ""` is how wrangler is told to take the top level.
    let wanted = environment.filter(|name| !name.is_empty());
    let chosen = choose(entries, wanted, &mut found);
    let items = effective(entries, chosen.as_ref(), &mut found);

    let mut parts = Parts::default();
    for (item, role) in &items {
        parts.read(item, *role, &mut found);
    }
    parts.sort_bindings();
    parts.check_faults(&mut found);
    parts.open_buckets(&mut found);
    check_main(&items, &parts, &mut found);
    let environment = chosen.map(|chosen| chosen.name.to_owned());
    let name = environment.as_deref();
    parts.secrets = secrets::read(name, &mut found);
    parts.check_names(&mut found);
    warn_of_unread(&parts.no_effect, &mut found);

    let warnings = found.finish()?;
    let config = parts.build(source, environment);
    Ok(Loaded { config, warnings })
}

/// There is a worker, or there are files that need none.
fn check_main(items: &[(Item<'_>, Role)], parts: &Parts<'_>, found: &mut Diagnostics<'_>) {
    let named = |key: &str| items.iter().find(|(item, _)| item.key == key);
    match (named("main"), named("assets")) {
        (Some(_), _) => {}
        (None, Some((item, _))) => {
            assets::check_alone(item, found);
            check_files_alone(items, parts, found);
        }
        (None, None) => found.absent("main", ConfigError::Missing),
    }
}

/// Refuses what only a worker would make use of. Pictures by URL and buckets with a public path need none.
fn check_files_alone(items: &[(Item<'_>, Role)], parts: &Parts<'_>, found: &mut Diagnostics<'_>) {
    let mut refuse = |item: &Item<'_>| {
        found.mistake(
            item.at,
            &item.path,
            ConfigError::Grant(GrantError::NoWorker),
        );
    };
    for (item, role) in items {
        match role {
            Role::Read(Section::Vars | Section::Limits)
            | Role::Bindings(BindingKind::Service, _)
                if !item.node.value.is_empty() =>
            {
                refuse(item);
            }
            Role::Bindings(BindingKind::Images, _) if !parts.image_urls().on => refuse(item),
            Role::Read(Section::Safelight) => {
                let Value::Table(entries) = &item.node.value else {
                    continue;
                };
                let fields = entries.iter().map(|entry| item.child(entry));
                fields
                    .filter(|field| matches!(field.key, "memory_mb" | "cf_image_fail_open"))
                    .for_each(|field| refuse(&field));
            }
            _ => {}
        }
    }
    for (item, binding) in &parts.bindings {
        if matches!(&binding.config, BindingConfig::R2(r2) if r2.public_path.is_none()) {
            refuse(item);
        }
    }
}

/// What the sections said so far.
#[derive(Default)]
struct Parts<'a> {
    name: Option<worker::Name>,
    main: Option<PathBuf>,
    vars: Vec<(Item<'a>, String)>,
    secrets: Vec<NamedSecret>,
    bindings: Vec<NamedBinding<'a>>,
    assets: Option<AssetsConfig>,
    compatibility_date: Option<&'a str>,
    compatibility_flags: Vec<&'a str>,
    dev: Dev,
    cpu: Option<Duration>,
    safelight: safelight::Safelight<'a>,
    build: Option<Build>,
    no_effect: Vec<Item<'a>>,
}

impl<'a> Parts<'a> {
    fn read(&mut self, item: &Item<'a>, role: Role, found: &mut Diagnostics<'_>) {
        let is_empty = item.node.value.is_empty();
        match role {
            Role::Read(section) => self.read_section(item, section, found),
            Role::Bindings(_, read) => {
                let bindings = read(item, &mut self.no_effect, found);
                self.bindings.extend(bindings);
            }
            Role::Silent => {}
            Role::Binding | Role::Feature | Role::NoEffect if is_empty => {}
            Role::Binding => found.mistake(item.at, &item.path, ConfigError::NoBindingYet),
            Role::Feature => found.mistake(item.at, &item.path, ConfigError::NoFeatureYet),
            Role::NoEffect => self.no_effect.push(item.clone()),
        }
    }

    fn read_section(&mut self, item: &Item<'a>, section: Section, found: &mut Diagnostics<'_>) {
        match section {
            Section::Name => self.name = worker::name(item, found),
            Section::Main => self.main = worker::main(item, found),
            Section::CompatibilityDate => {
                self.compatibility_date = worker::compatibility_date(item, found);
            }
            Section::CompatibilityFlags => {
                let no_effect = &mut self.no_effect;
                self.compatibility_flags = worker::compatibility_flags(item, no_effect, found);
            }
            Section::Vars => self.vars = vars::read(item, found),
            Section::Assets => self.read_assets(item, found),
            Section::Dev => self.dev = dev::read(item, &mut self.no_effect, found),
            Section::Limits => self.cpu = limits::cpu(item, &mut self.no_effect, found),
            Section::Build => self.build = build::read(item, &mut self.no_effect, found),
            Section::Safelight => self.safelight = safelight::read(item, found),
            // Read before all others, by `choose`.
            Section::Env => {}
        }
    }

    fn read_assets(&mut self, item: &Item<'a>, found: &mut Diagnostics<'_>) {
        let Some((named_by, assets)) = assets::read(item, found) else {
            return;
        };
        if let (Some(item), Some(name)) = (named_by, &assets.binding) {
            let name = name.clone();
            let config = BindingConfig::Assets;
            self.bindings.push((item, Binding { name, config }));
        }
        self.assets = Some(assets);
    }

    /// Sorts the bindings by kind; those of a kind keep the file's order.
    fn sort_bindings(&mut self) {
        let place = |kind| BindingKind::ALL.iter().position(|known| *known == kind);
        self.bindings
            .sort_by_key(|(_, binding)| place(binding.config.kind()));
    }

    /// A fault is aimed at something that the worker has.
    fn check_faults(&self, found: &mut Diagnostics<'_>) {
        let bindings = self.bindings.iter().map(|(_, binding)| binding);
        let targets = targets(bindings, &self.image_urls());
        for (item, fault) in &self.safelight.faults {
            if let Err(error) = targets.check(fault) {
                item.refuse(found, ConfigError::Fault(error));
            }
        }
    }

    /// Gives each bucket the path that the config has for its binding.
    fn open_buckets(&mut self, found: &mut Diagnostics<'_>) {
        for public in &self.safelight.public_paths {
            let mut bindings = self.bindings.iter_mut().map(|(_, binding)| binding);
            match bindings.find(|binding| binding.name == public.binding.key) {
                Some(Binding {
                    config: BindingConfig::R2(r2),
                    ..
                }) => r2.public_path = Some(public.path.clone()),
                Some(_) | None => public
                    .binding
                    .refuse(found, ConfigError::Storage(StorageError::NoSuchBinding)),
            }
        }
    }

    fn image_urls(&self) -> ImageUrlsConfig {
        let is_images = |(_, binding): &&NamedBinding<'_>| binding.config == BindingConfig::Images;
        let images = self.bindings.iter().filter(is_images).count();
        self.safelight.image_urls.finish(images)
    }

    /// A worker finds its variables and its bindings under one roof.
    fn check_names(&self, found: &mut Diagnostics<'_>) {
        let vars = self.vars.iter().map(|(var, _)| (var.key, &var.path));
        let secrets = self.secrets.iter();
        let secrets = secrets.map(|secret| (secret.name.as_str(), &secret.file));
        let mut taken: HashMap<&str, &String> = vars.chain(secrets).collect();
        for (item, binding) in &self.bindings {
            if let Some(by) = taken.insert(&binding.name, &item.path) {
                let by = by.clone();
                item.refuse(found, ConfigError::NameTaken { by });
            }
        }
    }

    fn build(self, source: &Source, environment: Option<String>) -> Config {
        let defaults = Limits::default();
        let image_urls = self.image_urls();
        let navigation = worker::prefers_assets(self.compatibility_date, &self.compatibility_flags);
        let has_worker = self.main.is_some();
        let assets = self.assets.map(|assets| AssetsConfig {
            navigation,
            worker_first: match has_worker {
                true => assets.worker_first,
                false => WorkerFirst::Nobody,
            },
            ..assets
        });
        let is_secret = |name: &str| self.secrets.iter().any(|secret| secret.name == name);
        Config {
            image_urls,
            file: source.path.clone(),
            dir: source.dir.clone(),
            name: worker::full_name(self.name, environment.as_deref(), &source.dir),
            environment,
            bindings: self.bindings.into_iter().map(|(_, one)| one).collect(),
            storage: self.safelight.storage,
            main: self.main,
            vars: self
                .vars
                .into_iter()
                // A secret goes before a variable of its name.
                .filter(|(item, _)| !is_secret(item.key))
                .map(|(item, value)| (item.key.to_owned(), value))
                .collect(),
            secrets: self.secrets,
            assets,
            workers: self.safelight.workers,
            dev: self.dev,
            limits: Limits {
                cpu: self.cpu.unwrap_or(defaults.cpu),
                memory_bytes: self.safelight.memory_bytes.unwrap_or(defaults.memory_bytes),
            },
            deadlines: self.safelight.deadlines,
            pixels: self.safelight.pixels,
            build: self.build,
            faults: self
                .safelight
                .faults
                .into_iter()
                .map(|(_, fault)| fault)
                .collect(),
        }
    }
}

fn warn_of_unread(no_effect: &[Item<'_>], found: &mut Diagnostics<'_>) {
    if let Some(first) = no_effect.iter().min_by_key(|item| item.at) {
        let keys = no_effect.iter().map(|item| item.path.clone()).collect();
        found.warn(first.at, "", Notice::NoEffect(keys));
    }
}
