//! A real browser without a window, driven by the DevTools protocol: JSON on two pipes, with a NUL after each message.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::dev_server::TEST_TIMEOUT;

/// The names of the program, the first of which is the one of Debian's package.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The name of a website that the browser resolves to this machine.
pub(crate) const REBOUND: &str = "rebound.example";

/// The browser reads commands at 3 and writes to 4, and a child of ours has only 0 to 2: the shell moves them.
const PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// Flags: no window, no first-run dialogs, and no request to other hosts. [`REBOUND`] leads to this machine.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-default-browser-check",
    "--no-first-run",
];

/// A browser with one page. Dropping it kills the process and all that it started, and removes what they wrote.
pub(crate) struct Browser {
    commands: ChildStdin,
    messages: BufReader<ChildStdout>,
    last_id: u64,
    /// The events that arrived while an answer was awaited.
    events: Vec<Value>,
    /// The page that commands are for; before there is one, they are for the browser.
    session: Option<String>,
    // Dropped in this order: nothing writes to the folder any more when it is removed.
    process: Process,
    folder: TempDir,
}

/// The browser and its helpers, which are a process group.
struct Process(Child);

impl Browser {
    /// Starts the browser with an empty page of this size in CSS pixels, each of which is one of the screen's.
    pub(crate) async fn start(width: u32, height: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Process(command(&folder).spawn().unwrap());
        let commands = process.0.stdin.take().unwrap();
        let messages = process.0.stdout.take().unwrap();
        let mut browser = Self {
            commands: ChildStdin::from_std(commands).unwrap(),
            messages: BufReader::new(ChildStdout::from_std(messages).unwrap()),
            last_id: 0,
            events: Vec::new(),
            session: None,
            process,
            folder,
        };
        let target = json!({ "url": "about:blank" });
        let target = browser.call("Target.createTarget", target).await;
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", target).await;
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        browser.call("Page.enable", json!({})).await;
        browser.call("Network.enable", json!({})).await;
        let lifecycle = json!({ "enabled": true });
        let method = "Page.setLifecycleEventsEnabled";
        browser.call(method, lifecycle).await;
        let uncached = json!({ "cacheDisabled": true });
        browser.call("Network.setCacheDisabled", uncached).await;
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let method = "Emulation.setDeviceMetricsOverride";
        browser.call(method, size).await;
        browser
    }

    /// Sends this header with every request from now on.
    pub(crate) async fn send_header(&mut self, name: &str, value: &str) {
        let headers = json!({ "headers": { name: value } });
        self.call("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Opens a page and waits until it has loaded, with all that it needs to be shown.
    pub(crate) async fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
        let loader = &opened["loaderId"];
        self.event(|event| {
            let about = &event["params"];
            event["method"] == "Page.lifecycleEvent"
                && about["name"] == "load"
                && about["loaderId"] == *loader
        })
        .await;
    }

    /// Evaluates an expression on the page. Returns its value, or that of its promise.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let wanted =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", wanted).await;
        assert!(answer["exceptionDetails"].is_null(), "{answer}");
        answer["result"]["value"].take()
    }

    /// Returns a PNG of the whole page, with the parts beyond the edge of the screen.
    pub(crate) async fn screenshot(&mut self) -> Vec<u8> {
        let mut metrics = self.call("Page.getLayoutMetrics", json!({})).await;
        let mut clip = metrics["cssContentSize"].take();
        clip["scale"] = json!(1);
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self.call("Page.captureScreenshot", whole).await;
        BASE64_STANDARD
            .decode(shot["data"].as_str().unwrap())
            .unwrap()
    }

    /// Ends the browser and makes sure that nothing stays of it.
    pub(crate) async fn close(mut self) {
        self.session = None;
        self.call("Browser.close", json!({})).await;
        while self.read().await.is_some() {}
        let Self {
            process, folder, ..
        } = self;
        drop(process);
        folder.close().expect("the browser's folder can be removed");
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let command = format!("{command}\0");
        if let Err(error) = self.commands.write_all(command.as_bytes()).await {
            panic!("{method}: {error}: {}", self.log());
        }
        loop {
            let mut message = self.next().await;
            if message["id"] != self.last_id {
                self.events.push(message);
                continue;
            }
            let error = &message["error"];
            assert!(error.is_null(), "{method}: {error}");
            return message["result"].take();
        }
    }

    async fn event(&mut self, wanted: impl Fn(&Value) -> bool) {
        while !self.events.drain(..).any(|event| wanted(&event)) {
            let event = self.next().await;
            self.events.push(event);
        }
    }

    async fn next(&mut self) -> Value {
        match self.read().await {
            Some(message) => message,
            None => panic!("the browser ended: {}", self.log()),
        }
    }

    /// The next message, or nothing when the browser has ended.
    async fn read(&mut self) -> Option<Value> {
        let mut message = Vec::new();
        let read = timeout(TEST_TIMEOUT, self.messages.read_until(0, &mut message)).await;
        read.expect("the browser does not answer").unwrap();
        let whole = message.strip_suffix(b"\0")?;
        Some(serde_json::from_slice(whole).unwrap())
    }

    /// Returns the browser's own log.
    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        // An error says that all of the group has ended already.
        let _ = Command::new("kill")
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}

/// The browser's command line, by which everything that it writes is in the folder.
fn command(folder: &TempDir) -> Command {
    let folder = folder.path();
    let mut command = Command::new("sh");
    command.args(["-c", PIPES, "sh"]).arg(program()).args(FLAGS);
    // The browser refuses its sandbox to root.
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.arg("--no-sandbox");
    }
    command.arg(format!("--user-data-dir={}/profile", folder.display()));
    for home in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
        command.env(home, folder);
    }
    let log = File::create(folder.join("log")).unwrap();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0);
    command
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = PROGRAMS.iter().flat_map(|program| {
        let folders = std::env::split_paths(&path);
        folders.map(move |folder| folder.join(program))
    });
    found.find(|program| program.is_file()).unwrap_or_else(|| {
        panic!("none of {PROGRAMS:?} is on the path; Debian's package is chromium")
    })
}
