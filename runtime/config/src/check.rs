//! From the tree to a `Config`: each key that counts goes to its section, then the parts are put together.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use super::environment::{choose, effective};
use super::error::{ConfigErrors, GrantMistake, Mistake, Notice, StorageMistake};
use super::file::Source;
use super::item::{Findings, Item};
use super::keys::{Role, Section};
use super::sections::{assets, build, dev, images, limits, r2, safelight, services, vars, worker};
use super::tree::{Node, Value};
use super::{
    AssetsConfig, BindingKind, Build, Config, Dev, ImageUrlsConfig, Limits, Loaded, NamedSecret,
    R2Bucket, ServiceBinding, WorkerFirst, secrets,
};
use crate::faults::Targets;

pub(super) fn check(
    source: &Source,
    root: &Node,
    environment: Option<&str>,
) -> Result<Loaded, ConfigErrors> {
    let Value::Table(entries) = &root.value else {
        return Err(source.located(root.at, "", Mistake::NotATable).into());
    };
    let mut found = Findings::new(source);
    // `--env ""` is how wrangler is told to take the top level.
    let wanted = environment.filter(|name| !name.is_empty());
    let chosen = choose(entries, wanted, &mut found);
    let items = effective(entries, chosen.as_ref(), &mut found);

    let mut parts = Parts::default();
    for (item, role) in &items {
        parts.read(item, *role, &mut found);
    }
    parts.check_faults(&mut found);
    parts.open_buckets(&mut found);
    check_main(&items, &parts, &mut found);
    let environment = chosen.map(|chosen| chosen.name.to_owned());
    let name = environment.as_deref();
    parts.secrets = secrets::read(name, &mut found);
    parts.check_names(&mut found);
    warn_of_unread(&parts.no_effect, &mut found);

    let warnings = found.finish()?;
    let config = parts.put_together(source, environment);
    Ok(Loaded { config, warnings })
}

/// There is a worker, or there are files that need none.
fn check_main(items: &[(Item<'_>, Role)], parts: &Parts<'_>, found: &mut Findings<'_>) {
    let named = |key: &str| items.iter().find(|(item, _)| item.key == key);
    match (named("main"), named("assets")) {
        (Some(_), _) => {}
        (None, Some((item, _))) => {
            assets::check_alone(item, found);
            check_files_alone(items, parts, found);
        }
        (None, None) => found.absent("main", Mistake::Missing),
    }
}

/// Refuses what only a worker would make use of. Pictures by URL and buckets with a public path need none.
fn check_files_alone(items: &[(Item<'_>, Role)], parts: &Parts<'_>, found: &mut Findings<'_>) {
    let mut refuse = |item: &Item<'_>| {
        found.mistake(item.at, &item.path, Mistake::Grant(GrantMistake::NoWorker));
    };
    for (item, role) in items {
        let Role::Read(section) = role else { continue };
        match section {
            Section::Vars | Section::Services | Section::Limits
                if !item.node.value.says_nothing() =>
            {
                refuse(item);
            }
            Section::Images if !parts.image_urls().on => refuse(item),
            Section::Safelight => {
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
    for (item, bucket) in &parts.r2 {
        if bucket.public_path.is_none() {
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
    images: Option<(Item<'a>, String)>,
    services: Vec<(Item<'a>, ServiceBinding)>,
    assets: Option<(Option<Item<'a>>, AssetsConfig)>,
    compatibility_date: Option<&'a str>,
    compatibility_flags: Vec<&'a str>,
    r2: Vec<(Item<'a>, R2Bucket)>,
    dev: Dev,
    cpu: Option<Duration>,
    safelight: safelight::Safelight<'a>,
    build: Option<Build>,
    no_effect: Vec<Item<'a>>,
}

impl<'a> Parts<'a> {
    fn read(&mut self, item: &Item<'a>, role: Role, found: &mut Findings<'_>) {
        let says_nothing = item.node.value.says_nothing();
        match role {
            Role::Read(section) => self.read_section(item, section, found),
            Role::Silent => {}
            Role::Binding | Role::Feature | Role::NoEffect if says_nothing => {}
            Role::Binding => found.mistake(item.at, &item.path, Mistake::NoBindingYet),
            Role::Feature => found.mistake(item.at, &item.path, Mistake::NoFeatureYet),
            Role::NoEffect => self.no_effect.push(item.clone()),
        }
    }

    fn read_section(&mut self, item: &Item<'a>, section: Section, found: &mut Findings<'_>) {
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
            Section::Images => self.images = images::read(item, found),
            Section::Services => self.services = services::read(item, found),
            Section::Assets => self.assets = assets::read(item, found),
            Section::R2Buckets => self.r2 = r2::read(item, &mut self.no_effect, found),
            Section::Dev => self.dev = dev::read(item, &mut self.no_effect, found),
            Section::Limits => self.cpu = limits::cpu(item, &mut self.no_effect, found),
            Section::Build => self.build = build::read(item, &mut self.no_effect, found),
            Section::Safelight => self.safelight = safelight::read(item, found),
            // Read before all others, by `choose`.
            Section::Env => {}
        }
    }

    /// A fault is aimed at something that the worker has.
    fn check_faults(&self, found: &mut Findings<'_>) {
        let targets = Targets::new(self.bindings()).with_image_urls(&self.image_urls());
        for (item, fault) in &self.safelight.faults {
            if let Err(error) = targets.check(fault) {
                item.refuse(found, Mistake::Fault(error));
            }
        }
    }

    /// Gives each bucket the path that the config has for its binding.
    fn open_buckets(&mut self, found: &mut Findings<'_>) {
        for public in &self.safelight.public_paths {
            let mut buckets = self.r2.iter_mut().map(|(_, bucket)| bucket);
            match buckets.find(|bucket| bucket.binding == public.binding.key) {
                Some(bucket) => bucket.public_path = Some(public.path.clone()),
                None => public
                    .binding
                    .refuse(found, Mistake::Storage(StorageMistake::NoSuchBinding)),
            }
        }
    }

    fn bindings(&self) -> Vec<(String, BindingKind)> {
        let named = self.named_bindings();
        named
            .map(|(_, name, kind)| (name.to_owned(), kind))
            .collect()
    }

    /// Each with the item that names it.
    fn named_bindings(&self) -> impl Iterator<Item = (&Item<'a>, &str, BindingKind)> {
        let images = self.images.iter();
        let images = images.map(|(item, name)| (item, name.as_str(), BindingKind::Images));
        let r2 = self.r2.iter();
        let r2 = r2.map(|(item, bucket)| (item, bucket.binding.as_str(), BindingKind::R2));
        let services = self.services.iter();
        let services =
            services.map(|(item, service)| (item, service.binding.as_str(), BindingKind::Service));
        let assets = self.assets.iter().filter_map(|(item, assets)| {
            let name = assets.binding.as_deref()?;
            Some((item.as_ref()?, name, BindingKind::Assets))
        });
        images.chain(r2).chain(services).chain(assets)
    }

    fn image_urls(&self) -> ImageUrlsConfig {
        self.safelight.image_urls.finish(self.images.iter().count())
    }

    /// A worker finds its variables and its bindings under one roof.
    fn check_names(&self, found: &mut Findings<'_>) {
        let vars = self.vars.iter().map(|(var, _)| (var.key, &var.path));
        let secrets = self.secrets.iter();
        let secrets = secrets.map(|secret| (secret.name.as_str(), &secret.file));
        let mut taken: HashMap<&str, &String> = vars.chain(secrets).collect();
        for (binding, name, _) in self.named_bindings() {
            if let Some(by) = taken.insert(name, &binding.path) {
                let by = by.clone();
                binding.refuse(found, Mistake::NameTaken { by });
            }
        }
    }

    fn put_together(self, source: &Source, environment: Option<String>) -> Config {
        let defaults = Limits::default();
        let bindings = self.bindings();
        let image_urls = self.image_urls();
        let navigation = worker::prefers_assets(self.compatibility_date, &self.compatibility_flags);
        let has_worker = self.main.is_some();
        let assets = self.assets.map(|(_, assets)| AssetsConfig {
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
            bindings,
            r2: self.r2.into_iter().map(|(_, bucket)| bucket).collect(),
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
            services: self.services.into_iter().map(|(_, one)| one).collect(),
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

fn warn_of_unread(no_effect: &[Item<'_>], found: &mut Findings<'_>) {
    if let Some(first) = no_effect.iter().min_by_key(|item| item.at) {
        let keys = no_effect.iter().map(|item| item.path.clone()).collect();
        found.warn(first.at, "", Notice::NoEffect(keys));
    }
}
