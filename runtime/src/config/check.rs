//! From the tree to a `Config`: each key that counts goes to its section, then the parts are put together.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::{choose, effective};
use super::error::{ConfigErrors, Mistake, Notice};
use super::file::Source;
use super::item::{Findings, Item};
use super::keys::{Role, Section};
use super::sections::{build, dev, images, limits, r2, safelight, vars, worker};
use super::tree::{Node, Value};
use super::{BindingKind, Build, Config, Dev, ImageUrlsConfig, Limits, Loaded, R2Bucket};
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
    parts.check_names(&mut found);
    parts.check_faults(&mut found);
    if !items.iter().any(|(item, _)| item.key == "main") {
        found.absent("main", Mistake::Missing);
    }
    let environment = chosen.map(|chosen| chosen.name.to_owned());
    let name = environment.as_deref();
    warn_of_unread(source, &parts.no_effect, name, &mut found);

    let warnings = found.finish()?;
    let config = parts.put_together(source, environment);
    Ok(Loaded { config, warnings })
}

/// What the sections said so far.
#[derive(Default)]
struct Parts<'a> {
    name: Option<worker::Name>,
    main: PathBuf,
    vars: Vec<(Item<'a>, String)>,
    images: Option<(Item<'a>, String)>,
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
            Section::Main => self.main = worker::main(item, found).unwrap_or_default(),
            Section::CompatibilityDate => worker::compatibility_date(item, found),
            Section::CompatibilityFlags => {
                self.no_effect
                    .extend(worker::compatibility_flags(item, found));
            }
            Section::Vars => self.vars = vars::read(item, found),
            Section::Images => self.images = images::read(item, found),
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
        images.chain(r2.map(|(item, bucket)| (item, bucket.binding.as_str(), BindingKind::R2)))
    }

    fn image_urls(&self) -> ImageUrlsConfig {
        self.safelight.image_urls.finish(self.images.iter().count())
    }

    /// A worker finds its variables and its bindings under one roof.
    fn check_names(&self, found: &mut Findings<'_>) {
        let vars = self.vars.iter().map(|(var, _)| (var.key, &var.path));
        let mut taken: HashMap<&str, &String> = vars.collect();
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
                .map(|(item, value)| (item.key.to_owned(), value))
                .collect(),
            dev: self.dev,
            limits: Limits {
                cpu: self.cpu.unwrap_or(defaults.cpu),
                memory_bytes: self.safelight.memory_bytes.unwrap_or(defaults.memory_bytes),
            },
            deadlines: self.safelight.deadlines,
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

fn warn_of_unread(
    source: &Source,
    no_effect: &[Item<'_>],
    environment: Option<&str>,
    found: &mut Findings<'_>,
) {
    if let Some(first) = no_effect.iter().min_by_key(|item| item.at) {
        let keys = no_effect.iter().map(|item| item.path.clone()).collect();
        found.warn(first.at, "", Notice::NoEffect(keys));
    }
    for name in secret_files(&source.dir, environment) {
        found.warn_of_file(&name, Notice::SecretsNotRead);
    }
}

/// The files that wrangler would take secrets from, as far as they are there.
fn secret_files(dir: &Path, environment: Option<&str>) -> Vec<String> {
    let mut names = vec![".dev.vars".to_owned(), ".env".into(), ".env.local".into()];
    if let Some(environment) = environment {
        names.push(format!(".dev.vars.{environment}"));
        names.push(format!(".env.{environment}"));
        names.push(format!(".env.{environment}.local"));
    }
    names.retain(|name| dir.join(name).is_file());
    names
}
