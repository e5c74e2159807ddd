//! The values of a config's sections, and the config that they make.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use safelight_protocol::BindingKind;

use super::assets::{AssetsConfig, WorkerFirst};
use super::bindings::{Binding, BindingConfig};
use super::diagnostics::Diagnostics;
use super::error::{ConfigError, StorageError};
use super::image_urls::ImageUrlsConfig;
use super::item::Item;
use super::keys::{Role, Section};
use super::secrets::NamedSecret;
use super::sections::{NamedBinding, assets, build, dev, limits, safelight, vars, worker};
use super::source::Source;
use super::{Build, Config, Dev, Limits, targets};

/// The values of the sections so far.
#[derive(Default)]
pub(super) struct Parts<'a> {
    name: Option<worker::WorkerName>,
    main: Option<PathBuf>,
    vars: Vec<(Item<'a>, String)>,
    pub(super) secrets: Vec<NamedSecret>,
    pub(super) bindings: Vec<NamedBinding<'a>>,
    assets: Option<AssetsConfig>,
    compatibility_date: Option<&'a str>,
    compatibility_flags: Vec<&'a str>,
    dev: Dev,
    cpu: Option<Duration>,
    safelight: safelight::Safelight<'a>,
    build: Option<Build>,
    pub(super) no_effect: Vec<Item<'a>>,
}

impl<'a> Parts<'a> {
    pub(super) fn read(&mut self, item: &Item<'a>, role: Role, diagnostics: &mut Diagnostics<'_>) {
        let is_empty = item.node.value.is_empty();
        match role {
            Role::Read(section) => self.read_section(item, section, diagnostics),
            Role::Bindings(declaration) => {
                let bindings = (declaration.read)(item, &mut self.no_effect, diagnostics);
                self.bindings.extend(bindings);
            }
            Role::Silent => {}
            Role::UnsupportedBinding | Role::UnsupportedFeature | Role::NoEffect if is_empty => {}
            Role::UnsupportedBinding => {
                diagnostics.error(item.at, &item.path, ConfigError::UnsupportedBinding)
            }
            Role::UnsupportedFeature => {
                diagnostics.error(item.at, &item.path, ConfigError::UnsupportedFeature)
            }
            Role::NoEffect => self.no_effect.push(item.clone()),
        }
    }

    fn read_section(
        &mut self,
        item: &Item<'a>,
        section: Section,
        diagnostics: &mut Diagnostics<'_>,
    ) {
        match section {
            Section::Name => self.name = worker::name(item, diagnostics),
            Section::Main => self.main = worker::main(item, diagnostics),
            Section::CompatibilityDate => {
                self.compatibility_date = worker::compatibility_date(item, diagnostics);
            }
            Section::CompatibilityFlags => {
                let no_effect = &mut self.no_effect;
                self.compatibility_flags =
                    worker::compatibility_flags(item, no_effect, diagnostics);
            }
            Section::Vars => self.vars = vars::read(item, diagnostics),
            Section::Assets => self.read_assets(item, diagnostics),
            Section::Dev => self.dev = dev::read(item, &mut self.no_effect, diagnostics),
            Section::Limits => self.cpu = limits::cpu(item, &mut self.no_effect, diagnostics),
            Section::Build => self.build = build::read(item, &mut self.no_effect, diagnostics),
            Section::Safelight => self.safelight = safelight::read(item, diagnostics),
            // `choose` has read it before all others.
            Section::Env => {}
        }
    }

    fn read_assets(&mut self, item: &Item<'a>, diagnostics: &mut Diagnostics<'_>) {
        let Some((assets, binding)) = assets::read(item, diagnostics) else {
            return;
        };
        if let Some((item, name)) = binding {
            let config = BindingConfig::Assets;
            self.bindings.push((item, Binding { name, config }));
        }
        self.assets = Some(assets);
    }

    /// Sorts the bindings by kind; those of a kind keep the file's order.
    pub(super) fn sort_bindings(&mut self) {
        let rank = |kind| BindingKind::ALL.iter().position(|known| *known == kind);
        self.bindings
            .sort_by_key(|(_, binding)| rank(binding.config.kind()));
    }

    /// Checks that the worker has the target of each fault.
    pub(super) fn check_faults(&self, diagnostics: &mut Diagnostics<'_>) {
        let bindings = self.bindings.iter().map(|(_, binding)| binding);
        let targets = targets(bindings, &self.image_urls());
        for (item, fault) in &self.safelight.faults {
            if let Err(error) = targets.check(fault) {
                item.refuse(diagnostics, ConfigError::Fault(error));
            }
        }
    }

    /// Sets the public path of each bucket.
    pub(super) fn set_public_paths(&mut self, diagnostics: &mut Diagnostics<'_>) {
        for public in &self.safelight.public_paths {
            let mut bindings = self.bindings.iter_mut().map(|(_, binding)| binding);
            match bindings.find(|binding| binding.name == public.binding.key) {
                Some(Binding {
                    config: BindingConfig::R2(r2),
                    ..
                }) => r2.public_path = Some(public.path.clone()),
                Some(_) | None => public.binding.refuse(
                    diagnostics,
                    ConfigError::Storage(StorageError::NoSuchBinding),
                ),
            }
        }
    }

    pub(super) fn image_urls(&self) -> ImageUrlsConfig {
        let is_images = |(_, binding): &&NamedBinding<'_>| binding.config == BindingConfig::Images;
        let images = self.bindings.iter().filter(is_images).count();
        self.safelight.image_urls.build(images)
    }

    /// Checks that variables, secrets and bindings have different names: the worker finds all of them in `env`.
    pub(super) fn check_names(&self, diagnostics: &mut Diagnostics<'_>) {
        let vars = self.vars.iter().map(|(var, _)| (var.key, &var.path));
        let secrets = self.secrets.iter();
        let secrets = secrets.map(|secret| (secret.name.as_str(), &secret.file));
        let mut taken: HashMap<&str, &String> = vars.chain(secrets).collect();
        for (item, binding) in &self.bindings {
            if let Some(by) = taken.insert(&binding.name, &item.path) {
                let by = by.clone();
                item.refuse(diagnostics, ConfigError::NameTaken { by });
            }
        }
    }

    pub(super) fn build(self, source: &Source, environment: Option<String>) -> Config {
        let defaults = Limits::default();
        let image_urls = self.image_urls();
        let navigation = worker::prefers_assets(self.compatibility_date, &self.compatibility_flags);
        let has_worker = self.main.is_some();
        let assets = self.assets.map(|assets| AssetsConfig {
            navigation,
            worker_first: match has_worker {
                true => assets.worker_first,
                false => WorkerFirst::NoWorker,
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
            bindings: self
                .bindings
                .into_iter()
                .map(|(_, binding)| binding)
                .collect(),
            storage: self.safelight.storage,
            main: self.main,
            vars: self
                .vars
                .into_iter()
                // A secret replaces a variable of its name.
                .filter(|(item, _)| !is_secret(item.key))
                .map(|(item, value)| (item.key.to_owned(), value))
                .collect(),
            secrets: self.secrets,
            assets,
            workers: self.safelight.workers,
            dev: self.dev,
            allowed_hosts: self.safelight.allowed_hosts,
            limits: Limits {
                cpu: self.cpu.unwrap_or(defaults.cpu),
                memory_bytes: self.safelight.memory_bytes.unwrap_or(defaults.memory_bytes),
                instances_memory_bytes: self
                    .safelight
                    .instances_memory_bytes
                    .unwrap_or(defaults.instances_memory_bytes),
            },
            redact_query: self.safelight.redact_query,
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
