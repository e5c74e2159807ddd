//! The harness's dev server, for a component or an example, and for tests that stop at the first surprise.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use safelight_harness::{Builder, Fault};
use tempfile::TempDir;

use crate::guests::{SAFELIGHT, repository};

/// How long anything may take before a test gives up. Nothing is expected to come near it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A running dev server. Dropping it kills the process.
pub(crate) struct DevServer {
    pub(crate) address: SocketAddr,
    server: safelight_harness::DevServer,
    _folder: Option<TempDir>,
}

impl DevServer {
    /// Serves a component with the Images binding and `extra` lines of config.
    pub(crate) async fn start(component: &Path, extra: &str) -> Self {
        Self::start_with(component, extra, []).await
    }

    /// The same, with faults.
    pub(crate) async fn start_with(
        component: &Path,
        extra: &str,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Self {
        let folder = project(
            component,
            &format!("{extra}\n[images]\nbinding = \"IMAGES\"\n"),
        );
        let builder = faults
            .into_iter()
            .fold(builder(folder.path()), Builder::fault);
        let mut server = Self::begin(builder).await;
        server._folder = Some(folder);
        server
    }

    /// Serves one of the examples.
    pub(crate) async fn example(name: &str) -> Self {
        Self::begin(builder(&repository().join("examples").join(name))).await
    }

    async fn begin(builder: Builder) -> Self {
        let server = builder.start().await.unwrap();
        Self {
            address: server.address(),
            server,
            _folder: None,
        }
    }

    /// The first line of the log that satisfies `wanted`, as soon as it is there.
    pub(crate) async fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.server.line(wanted).await.unwrap()
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.server.lines()
    }

    /// Sends the process a signal, such as `INT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.server.pid().expect("the server runs").to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.server.ended().await.unwrap()
    }
}

/// The program under test, for a folder with a config.
fn builder(folder: &Path) -> Builder {
    safelight_harness::DevServer::builder(folder)
        .program(SAFELIGHT)
        .patience(PATIENCE)
}

/// A folder with a config for a component.
pub(crate) fn project(component: &Path, config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let main = component.to_str().unwrap();
    let config = format!(
        "name = \"test\"\nmain = \"{main}\"\ncompatibility_date = \"2026-09-01\"\n{config}"
    );
    std::fs::write(folder.path().join("wrangler.toml"), config).unwrap();
    folder
}
