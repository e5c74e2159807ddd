//! The harness's dev server, of a component and some lines of config, for tests that stop at the first surprise.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use safelight_harness::{Builder, Fault};
use tempfile::TempDir;

use crate::guests::{self, SAFELIGHT};

/// Longest wait of a test for anything. It is far longer than any expected wait.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(120);

/// A running dev server. Dropping it kills the process.
pub(crate) struct DevServer {
    pub(crate) address: SocketAddr,
    server: safelight_harness::DevServer,
    _folder: Option<TempDir>,
}

impl DevServer {
    /// Serves a component with the Images binding and `extra` lines of config.
    pub(crate) async fn start(component: &Path, extra: &str) -> Self {
        Self::start_by(component, extra, &[]).await
    }

    /// The same, with faults.
    pub(crate) async fn start_with(component: &Path, extra: &str, faults: &[Fault]) -> Self {
        let arguments = faults.iter().map(|fault| format!("--fault={fault}"));
        Self::start_by(component, extra, &arguments.collect::<Vec<_>>()).await
    }

    /// The same, with further arguments.
    pub(crate) async fn start_by(component: &Path, extra: &str, arguments: &[String]) -> Self {
        let folder = project(
            component,
            &format!("{extra}\n[images]\nbinding = \"IMAGES\"\n"),
        );
        let mut server = Self::start_in(folder.path(), arguments).await;
        server._folder = Some(folder);
        server
    }

    /// Serves a component without any binding, with `extra` lines of config.
    pub(crate) async fn start_bare(component: &Path, extra: &str) -> Self {
        let folder = project(component, extra);
        let mut server = Self::start_in(folder.path(), &[]).await;
        server._folder = Some(folder);
        server
    }

    /// Serves one of the examples.
    pub(crate) async fn example(name: &str) -> Self {
        Self::start_in(&guests::example(name), &[]).await
    }

    /// Serves the worker of a folder.
    pub(crate) async fn start_in(folder: &Path, arguments: &[String]) -> Self {
        let server = safelight_harness::DevServer::builder(folder)
            .program(SAFELIGHT)
            .timeout(TEST_TIMEOUT);
        let server = arguments.iter().fold(server, Builder::argument);
        let server = server
            .start()
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        Self {
            address: server.address(),
            server,
            _folder: None,
        }
    }

    /// The first line of the log that satisfies `wanted`, as soon as it is there.
    pub(crate) async fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        let line = self.server.wait_for_line(wanted).await;
        line.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until the whole log satisfies `wanted`.
    pub(crate) async fn lines_until(&self, wanted: impl Fn(&[String]) -> bool) {
        let lines = self.server.wait_for_lines(wanted).await;
        lines.unwrap_or_else(|error| panic!("{error}"));
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.server.lines()
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.server.pid().expect("the server runs")
    }

    /// Sends the process a signal, such as `INT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = self.server.wait().await;
        ended.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Waits until a condition holds, and panics with `failure` after [`TEST_TIMEOUT`].
///
/// The loop is a task of its test's runtime: a thread that loops would keep the runtime from its end, and the panic
/// from the log.
pub(crate) async fn until(failure: &str, is_met: impl Fn() -> bool) {
    let waiting = async {
        while !is_met() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, waiting)
        .await
        .expect(failure);
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
