//! workerd, with a worker whose bindings lead to a socket of ours.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use serde_json::Value;
use tempfile::TempDir;

use crate::TEST_TIMEOUT;

/// The config of every workerd of the tests. The words in capitals stand for what differs.
const TEMPLATE: &str = r#"
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-09-01",
      bindings = [BINDINGS],
    )),
SERVICES  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
"#;

/// A worker of workerd: its bindings and the services behind them in workerd's own notation, in which SOCKET stands for the
/// path of a socket, and its script.
pub(crate) struct WorkerConfig {
    pub(crate) bindings: &'static str,
    pub(crate) services: &'static str,
    pub(crate) script: &'static str,
}

/// Images bound as the platform's own tools bind it: the client inside workerd, the service outside.
const CONFIG: WorkerConfig = WorkerConfig {
    bindings: r#"(name = "IMAGES", wrapped = (
        moduleName = "cloudflare-internal:images-api",
        innerBindings = [(name = "fetcher", service = "images")],
      ))"#,
    services: r#"
    (name = "images", external = (address = "unix:SOCKET", http = ())),
"#,
    script: include_str!("worker.js"),
};

/// Has workerd end with the standard input of this, and so with the test process, whatever way that ends. Its output is workerd's
/// alone, so that it is at its end when workerd is.
const WORKERD: &str = r#"
"$0" serve --control-fd=1 config.capnp &
exec > /dev/null
cat
kill -KILL $!
wait
"#;

/// workerd, which ends with this value, and the images process after it, if it has one of its own.
pub(crate) struct Workerd {
    pub(crate) address: SocketAddr,
    workerd: Child,
    output: Receiver<String>,
    images: Option<Child>,
    _folder: TempDir,
}

impl Workerd {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let socket = folder.path().join("images.sock");
        let images = images(&socket);
        let mut workerd = Self::with(folder, &CONFIG, &socket);
        workerd.images = Some(images);
        workerd
    }

    /// workerd alone, with this worker, whose services stand behind `socket`.
    pub(crate) fn with(folder: TempDir, worker: &WorkerConfig, socket: &Path) -> Self {
        let config = TEMPLATE
            .replace("BINDINGS", worker.bindings)
            .replace("SERVICES", worker.services)
            .replace("SOCKET", socket.to_str().expect("a path in Unicode"));
        fs::write(folder.path().join("config.capnp"), config).expect("the folder can be written");
        fs::write(folder.path().join("worker.js"), worker.script)
            .expect("the folder can be written");
        let mut workerd = Command::new("/bin/sh")
            .args(["-c", WORKERD])
            .arg(program())
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("workerd starts");
        let output = output(&mut workerd);
        let first = output.recv_timeout(TEST_TIMEOUT);
        let listening: Value = serde_json::from_str(&first.expect("workerd says something"))
            .expect("workerd says where it listens");
        let port = listening["port"].as_u64().expect("a port");
        let port = u16::try_from(port).expect("a port of 16 bits");
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            workerd,
            output,
            images: None,
            _folder: folder,
        }
    }

    /// Closes the standard input, and waits for the end of the output, which workerd alone writes to.
    pub(crate) fn end(&mut self) {
        drop(self.workerd.stdin.take());
        let end = self.output.recv_timeout(TEST_TIMEOUT);
        assert_eq!(
            end,
            Err(RecvTimeoutError::Disconnected),
            "workerd still runs"
        );
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        // Closes its standard input.
        let _ended_already = self.workerd.wait();
        if let Some(images) = &mut self.images {
            let _ended_already = images.kill();
            let _ended_already = images.wait();
        }
    }
}

/// Ends with its standard input, and so with this process, whatever way that ends.
fn images(socket: &Path) -> Child {
    let mut images = Command::new(env!("CARGO_BIN_EXE_safelight"))
        .args(["images", "--end-with-stdin", "--socket"])
        .arg(socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the images process starts");
    let ready = output(&mut images).recv_timeout(TEST_TIMEOUT);
    let ready = ready.expect("the images process says something");
    assert!(!ready.is_empty(), "the images process is not ready");
    images
}

/// Receives the first line of the output. The rest is read and dropped, so that writes do not block. The channel is closed at the
/// end of the output.
fn output(process: &mut Child) -> Receiver<String> {
    let mut output = BufReader::new(process.stdout.take().expect("it is a pipe"));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        output.read_line(&mut line).expect("it writes text");
        let _test_has_ended = sender.send(line);
        output.read_to_end(&mut Vec::new())
    });
    receiver
}

/// The program itself, of exactly the version in `package.json`, installed by npm once for all test processes.
fn program() -> PathBuf {
    const PACKAGE: &str = include_str!("package.json");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let place = target.join("workerd");
    let lock = File::create(target.join("workerd.lock")).expect("the target folder can be written");
    lock.lock().expect("the lock file can be locked");
    let ready = place.join("ready");
    if fs::read_to_string(&ready).ok().as_deref() != Some(PACKAGE) {
        // The files of an older version or of an interrupted run are of no use.
        let _absent = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).expect("the target folder can be written");
        fs::write(place.join("package.json"), PACKAGE).expect("the target folder can be written");
        let installed = Command::new("npm")
            .args(["install", "--no-package-lock", "--no-audit", "--no-fund"])
            .args(["--ignore-scripts", "--silent"])
            .current_dir(&place)
            .status()
            .expect("these tests need npm");
        assert!(installed.success(), "npm could not install workerd");
        fs::write(ready, PACKAGE).expect("the target folder can be written");
    }
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "64",
    };
    place.join(format!(
        "node_modules/@cloudflare/workerd-linux-{machine}/bin/workerd"
    ))
}
