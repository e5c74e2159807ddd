//! The folder of a worker's state: by the command line, by its config, or beside the config.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use safelight_config::{Config, StateLocation};
use safelight_state::{State, private};

/// The default folder, beside the config.
const DEFAULT: [&str; 2] = [".safelight", "state"];

/// The state of a worker, which is not opened before a binding needs it.
pub(super) struct LazyState<'a> {
    config: &'a Config,
    persist_to: Option<&'a Path>,
    state: Option<State>,
}

impl<'a> LazyState<'a> {
    /// The state of a config, or the one in `persist_to`.
    pub(super) fn new(config: &'a Config, persist_to: Option<&'a Path>) -> Self {
        Self {
            config,
            persist_to,
            state: None,
        }
    }

    /// Returns the state. The first call opens it.
    ///
    /// # Errors
    /// Fails when its folder cannot be made or locked.
    pub(super) fn get(&mut self) -> anyhow::Result<&State> {
        let state = match self.state.take() {
            Some(state) => state,
            None => open(self.config, self.persist_to)?,
        };
        Ok(self.state.insert(state))
    }

    /// Shares the state with other processes, after the bindings are open. Returns the state, if it was opened.
    ///
    /// # Errors
    /// Fails when the system cannot change its lock.
    pub(super) fn share(mut self) -> anyhow::Result<Option<State>> {
        if let Some(state) = &mut self.state {
            state.share().context("share the state with others")?;
        }
        Ok(self.state)
    }
}

fn open(config: &Config, persist_to: Option<&Path>) -> anyhow::Result<State> {
    let Some(folder) = folder(config, persist_to) else {
        return State::temporary().context("make a folder for the state of this run");
    };
    if persist_to.is_none() && config.storage.location == StateLocation::Default {
        let [own, _] = DEFAULT;
        let own = config.dir.join(own);
        hide_from_git(&own).with_context(|| format!("make {}", own.display()))?;
    }
    State::open(&folder).with_context(|| format!("use the state in {}", folder.display()))
}

/// The folder of a worker's state; none if it is a temporary one.
fn folder(config: &Config, persist_to: Option<&Path>) -> Option<PathBuf> {
    match (persist_to, &config.storage.location) {
        (Some(folder), _) => Some(folder.to_owned()),
        (None, StateLocation::Folder(folder)) => Some(folder.clone()),
        (None, StateLocation::Memory) => None,
        (None, StateLocation::Default) => {
            let [own, state] = DEFAULT;
            Some(config.dir.join(own).join(state))
        }
    }
}

/// The files and folders of a run that are never static files: the configs and the folders of state, whose temporary ones
/// are known once they are open.
pub(super) fn private_paths(configs: &[&Config], persist_to: Option<&Path>) -> Vec<PathBuf> {
    let folders = configs
        .iter()
        .filter_map(|config| folder(config, persist_to));
    let files = configs.iter().flat_map(|config| config.files());
    files.chain(folders).collect()
}

/// Creates the folder with a `.gitignore` for all its content.
fn hide_from_git(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    private::create_folder(folder)?;
    std::fs::write(folder.join(".gitignore"), "*\n")
}
