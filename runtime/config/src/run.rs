//! The workers of one run: those of the command line, and those that their configs list.

use std::path::{Path, PathBuf};

use super::bindings::BindingConfig;
use super::error::{ConfigError, ConfigErrors, Located, RunError};
use super::limits::MAX_WORKERS;
use super::{Config, Loaded};

/// The workers of one run. The first one serves clients, the others are reached by service bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub first: Loaded,
    pub others: Vec<Loaded>,
}

impl Run {
    /// Reads the config of `first` and of `others`, each a folder or a config file, and of all that `safelight.workers`
    /// of these names.
    ///
    /// # Errors
    /// Fails on the errors of a config, two workers of one name, and a service that is not a worker of the run.
    pub fn load(
        first: &Path,
        others: &[PathBuf],
        environment: Option<&str>,
    ) -> Result<Self, ConfigErrors> {
        let mut run = Self {
            first: read(first, environment)?,
            others: Vec::new(),
        };
        let mut unread: Vec<PathBuf> = others.to_vec();
        unread.extend_from_slice(&run.first.config.workers);
        unread.reverse();
        while let Some(path) = unread.pop() {
            let loaded = read(&path, environment)?;
            if run.configs().any(|config| is_same(config, &loaded.config)) {
                continue;
            }
            run.check_name(&loaded.config)?;
            if run.others.len() + 1 == MAX_WORKERS {
                let error = ConfigError::Run(RunError::TooManyWorkers(MAX_WORKERS));
                return Err(error_at_key(&loaded.config, "name", error));
            }
            unread.extend(loaded.config.workers.iter().rev().cloned());
            run.others.push(loaded);
        }
        run.check_services()?;
        Ok(run)
    }

    /// All configs, the first one first.
    pub fn configs(&self) -> impl Iterator<Item = &Config> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.map(|loaded| &loaded.config)
    }

    fn check_name(&self, config: &Config) -> Result<(), ConfigErrors> {
        let same = self.configs().find(|other| other.name == config.name);
        same.map_or(Ok(()), |other| {
            let error = ConfigError::Run(RunError::SameWorkerName {
                name: config.name.clone(),
                other: other.file.clone(),
            });
            Err(error_at_key(config, "name", error))
        })
    }

    fn check_services(&self) -> Result<(), ConfigErrors> {
        let names: Vec<String> = self.configs().map(|config| config.name.clone()).collect();
        let mut errors = Vec::new();
        for config in self.configs() {
            for binding in &config.bindings {
                let BindingConfig::Service(service) = &binding.config else {
                    continue;
                };
                if names.contains(&service.service) {
                    continue;
                }
                errors.push(Located {
                    file: config.file.clone(),
                    position: service.position,
                    key: service.key.clone(),
                    message: ConfigError::Run(RunError::NoSuchWorker {
                        name: service.service.clone(),
                        run: names.clone(),
                    }),
                });
            }
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(ConfigErrors::new(errors, 0)),
        }
    }
}

fn read(path: &Path, environment: Option<&str>) -> Result<Loaded, ConfigErrors> {
    match path.is_file() {
        true => Config::load(Path::new("."), Some(path), environment),
        false => Config::load(path, None, environment),
    }
}

/// Whether both were read from the same file, even by different paths.
fn is_same(one: &Config, other: &Config) -> bool {
    let real = |config: &Config| config.file.canonicalize().ok();
    one.file == other.file || real(one).is_some_and(|file| real(other) == Some(file))
}

fn error_at_key(config: &Config, key: &str, error: ConfigError) -> ConfigErrors {
    ConfigErrors::from(Located {
        file: config.file.clone(),
        position: None,
        key: key.to_owned(),
        message: error,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::Run;

    /// Folders with a config each.
    fn folders(configs: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, config) in configs {
            let folder = root.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let text = format!("name = '{name}'\nmain = 'w.wasm'\n{config}");
            std::fs::write(folder.join("wrangler.toml"), text).unwrap();
        }
        root
    }

    fn run(root: &TempDir, names: &[&str]) -> Result<Vec<String>, String> {
        let mut paths: Vec<PathBuf> = names.iter().map(|name| root.path().join(name)).collect();
        let first = paths.remove(0);
        let shown = |text: String| text.replace(root.path().to_str().unwrap(), "ROOT");
        match Run::load(&first, &paths, None) {
            Ok(run) => Ok(run.configs().map(|config| config.name.clone()).collect()),
            Err(errors) => Err(shown(errors.to_string())),
        }
    }

    const CALLS_B: &str = "[[services]]\nbinding = 'B'\nservice = 'b'\n";

    #[test]
    fn a_service_is_a_worker_of_the_run_wherever_it_stands() {
        let root = folders(&[("a", CALLS_B), ("b", ""), ("c", "")]);
        assert_eq!(run(&root, &["a", "c", "b"]).unwrap(), ["a", "c", "b"]);
    }

    #[test]
    fn a_service_that_no_worker_is_is_named_with_its_line() {
        let root = folders(&[("a", CALLS_B), ("c", "")]);
        let error = run(&root, &["a", "c"]).unwrap_err();
        let start = "ROOT/a/wrangler.toml:5:1: `services[0].service` names the worker `b`, but this run has `a` and `c`;";
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn a_config_names_further_workers_and_each_is_read_once() {
        let root = folders(&[
            ("a", "[safelight]\nworkers = ['../b', '../c/wrangler.toml']"),
            ("b", "[safelight]\nworkers = ['../a', '../c']"),
            ("c", "[safelight]\nworkers = ['../d']"),
            ("d", ""),
        ]);
        assert_eq!(run(&root, &["a", "b"]).unwrap(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn two_workers_of_one_name_are_refused() {
        let root = folders(&[("a", ""), ("b", "")]);
        let other = root.path().join("b/wrangler.toml");
        std::fs::write(&other, "name = 'a'\nmain = 'w.wasm'").unwrap();
        assert_eq!(
            run(&root, &["a", "b"]).unwrap_err(),
            "ROOT/b/wrangler.toml: `name` is `a`, as in ROOT/a/wrangler.toml"
        );
    }
}
