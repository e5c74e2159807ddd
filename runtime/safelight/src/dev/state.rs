//! The folder of a worker's state: by the command line, by its config, or beside the config.

use std::io;
use std::path::Path;

use anyhow::Context as _;
use safelight_config::{Config, StateLocation};
use safelight_state::State;

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
    let folder = match (persist_to, &config.storage.location) {
        (Some(folder), _) => folder.to_owned(),
        (None, StateLocation::Folder(folder)) => folder.clone(),
        (None, StateLocation::Memory) => {
            return State::temporary().context("make a folder for the state of this run");
        }
        (None, StateLocation::Default) => {
            let [own, state] = DEFAULT;
            let own = config.dir.join(own);
            hide_from_git(&own).with_context(|| format!("make {}", own.display()))?;
            own.join(state)
        }
    };
    State::open(&folder).with_context(|| format!("use the state in {}", folder.display()))
}

/// Creates the folder with a `.gitignore` for all its content.
fn hide_from_git(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(".gitignore"), "*\n")
}
