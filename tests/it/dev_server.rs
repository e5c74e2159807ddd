//! `safelight dev` as a child process on a free port, with its log at hand.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use safelight_harness::Fault;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::guests::{SAFELIGHT, repository};

/// How long anything may take before a test gives up. Nothing is expected to come near it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A running dev server. Dropping it kills the process.
pub(crate) struct DevServer {
    pub(crate) address: SocketAddr,
    child: Child,
    log: watch::Receiver<Vec<String>>,
    _folder: Option<TempDir>,
}

impl DevServer {
    /// Serves a component with the Images binding and `extra` lines of config.
    pub(crate) async fn start(component: &Path, extra: &str) -> Self {
        Self::start_with(component, extra, &[]).await
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

    /// Serves one of the examples.
    pub(crate) async fn example(name: &str) -> Self {
        Self::start_in(&repository().join("examples").join(name), &[]).await
    }

    async fn start_in(folder: &Path, arguments: &[String]) -> Self {
        let mut child = Command::new(SAFELIGHT)
            .arg("dev")
            .arg(folder)
            .args(["--port", "0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = follow(child.stdout.take().unwrap());
        let ready = find(&mut log, |line| line.contains(" is ready on http://")).await;
        let address = ready.rsplit_once("http://").unwrap().1.parse().unwrap();
        Self {
            address,
            child,
            log,
            _folder: None,
        }
    }

    /// The first line of the log that satisfies `wanted`, as soon as it is there.
    pub(crate) async fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        find(&mut self.log.clone(), wanted).await
    }

    /// Waits until the whole log satisfies `wanted`.
    pub(crate) async fn lines_until(&self, wanted: impl Fn(&[String]) -> bool) {
        let mut log = self.log.clone();
        let found = log.wait_for(|lines| wanted(lines));
        tokio::time::timeout(PATIENCE, found)
            .await
            .expect("the log never said it")
            .unwrap();
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Sends the process a signal, such as `INT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().expect("the server runs").to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the dev server does not end")
            .unwrap()
    }
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

/// Collects lines as they come; the receiver sees them all.
fn follow(output: impl AsyncRead + Send + Unpin + 'static) -> watch::Receiver<Vec<String>> {
    let (sender, receiver) = watch::channel(Vec::new());
    let sender = Arc::new(sender);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send_modify(|all| all.push(line));
        }
    });
    receiver
}

/// The first of the lines that satisfies `wanted`, as soon as it is there.
pub(crate) async fn find(
    log: &mut watch::Receiver<Vec<String>>,
    wanted: impl Fn(&str) -> bool,
) -> String {
    let position = |lines: &Vec<String>| lines.iter().position(|line| wanted(line));
    let found = tokio::time::timeout(PATIENCE, log.wait_for(|lines| position(lines).is_some()))
        .await
        .map(|found| found.map(|lines| lines[position(&lines).unwrap()].clone()));
    match found {
        Ok(Ok(line)) => line,
        Ok(Err(_)) => panic!("the dev server ended; its log: {:#?}", *log.borrow()),
        Err(_) => panic!("the line never came; the log: {:#?}", *log.borrow()),
    }
}
