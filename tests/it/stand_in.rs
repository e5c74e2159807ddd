//! Programs that stand in for the images process: each start has one behaviour, and the last behaviour repeats.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use http_body_util::BodyExt as _;
use safelight_hop::body::full;
use safelight_hop::log::Log;
use safelight_hop::{Call, RequestContext};
use safelight_images_client::{ImagesProcess, binding};
use safelight_protocol::error::ERROR_HEADER;
use safelight_protocol::settings::{DeadlineSettings, ImagesSettings};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::dev_server::TEST_TIMEOUT;
use crate::guests::SAFELIGHT;

/// The behaviour of the stand-in after one start.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// Is the real images process.
    Real,
    /// Waits until the test lets it go on, and is the real images process then.
    Held,
    /// Ends before it is ready, with a message.
    Dies,
    /// Closes its listener once it is ready.
    Refuses,
    /// Answers with bytes that are not HTTP.
    AnswersGarbage,
    /// Sends bytes before a request.
    Speaks,
    /// Sends more bytes after each answer.
    SpeaksOn,
    /// Ends within an answer.
    EndsWithin,
    /// Sends a part of an answer and stays healthy.
    Stalls,
}

const PROGRAM: &str = r#"#!/usr/bin/env python3
import os, socket, sys, threading

PARTS, PROGRAM, STARTS, GATE = @PARTS@, "@PROGRAM@", "@STARTS@", "@GATE@"
path = sys.argv[sys.argv.index("--socket") + 1]
with open(STARTS, "a+") as starts:
    starts.write(path + "\n")
    starts.seek(0)
    number = len(starts.readlines())
part = PARTS[min(number, len(PARTS)) - 1]
if part == "Held":
    gate = socket.socket(socket.AF_UNIX)
    gate.connect(GATE)
    gate.recv(1)
if part in ("Held", "Real"):
    os.execv(PROGRAM, [PROGRAM] + sys.argv[1:])
if part == "Dies":
    print("first word", "last word of start %d" % number, sep="\n", file=sys.stderr)
    sys.exit(3)
os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()

def read(connection):
    request = b""
    while b"\r\n\r\n" not in request:
        some = connection.recv(65536)
        if not some:
            sys.exit()
        request += some
    return request

def serve(connection):
    if part == "Speaks":
        connection.sendall(b"who goes there?\r\n\r\n")
    while True:
        request = read(connection)
        if part == "SpeaksOn":
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok, and another thing")
            continue
        if part == "AnswersGarbage":
            connection.sendall(b"who goes there?\r\n\r\n")
            return
        healthy = b" /health " in request
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (2 if healthy else 100))
        connection.sendall(b"ok")
        if part == "EndsWithin":
            os._exit(4)

def accept():
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=[connection], daemon=True).start()

if part == "Refuses":
    listener.close()
else:
    threading.Thread(target=accept, daemon=True).start()
print("images process ready", flush=True)
sys.stdin.read()
"#;

/// A supervised stand-in, its log, and what it was started with.
pub(crate) struct StandIn {
    pub(crate) process: ImagesProcess,
    log: watch::Receiver<Vec<String>>,
    starts: PathBuf,
    gate: UnixListener,
    _folder: TempDir,
}

impl StandIn {
    pub(crate) async fn start(parts: &[Part], deadlines: DeadlineSettings) -> Self {
        Self::try_start(parts, deadlines).await.unwrap()
    }

    pub(crate) async fn try_start(
        parts: &[Part],
        deadlines: DeadlineSettings,
    ) -> std::io::Result<Self> {
        let folder = tempfile::tempdir().unwrap();
        let starts = folder.path().join("starts");
        let gate = folder.path().join("gate");
        let program = folder.path().join("stand-in");
        write(&program, parts, &starts, &gate);
        let gate = UnixListener::bind(gate)?;
        let (sink, log) = watch::channel(Vec::new());
        let settings = ImagesSettings {
            deadlines,
            ..ImagesSettings::default()
        };
        let process = ImagesProcess::start(program, settings, Log::new(Lines(sink))).await?;
        Ok(Self {
            process,
            log,
            starts,
            gate,
            _folder: folder,
        })
    }

    /// One call of the binding.
    pub(crate) async fn call(&self, path: &str) -> Answer {
        let request = http::Request::post(path).body(full("")).unwrap();
        let context = RequestContext::background(Log::new(std::io::sink()));
        let call = Call::new("IMAGES".into(), request, context);
        let service = binding::service(self.process.handle());
        let response = service.oneshot(call).await;
        let (head, body) = response.unwrap().into_parts();
        let mark = head.headers.get(ERROR_HEADER);
        Answer {
            status: head.status.as_u16(),
            mark: mark.map(|mark| mark.to_str().unwrap().to_owned()),
            body: match body.collect().await {
                Ok(body) => Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap()),
                Err(error) => Err(format!("{error:?}")),
            },
        }
    }

    /// Waits for a line of the log with these words.
    pub(crate) async fn line(&self, words: &str) -> String {
        let mut log = self.log.clone();
        let is_wanted = |line: &&String| line.contains(words);
        let found = log.wait_for(|lines| lines.iter().any(|line| is_wanted(&line)));
        let lines = tokio::time::timeout(TEST_TIMEOUT, found)
            .await
            .unwrap_or_else(|_| panic!("{words:?} never came: {:#?}", *self.log.borrow()))
            .expect("the log is open as long as the process");
        lines.iter().find(is_wanted).unwrap().clone()
    }

    /// Waits for a start that is held. The start goes on when the returned connection is dropped.
    pub(crate) async fn held_start(&self) -> UnixStream {
        let accepted = tokio::time::timeout(TEST_TIMEOUT, self.gate.accept()).await;
        accepted.expect("no start is held").unwrap().0
    }

    /// Returns the number of starts.
    pub(crate) fn starts(&self) -> usize {
        std::fs::read_to_string(&self.starts)
            .unwrap()
            .lines()
            .count()
    }

    /// Stops it. Returns whether anything is left of its folder.
    pub(crate) async fn leaves_something(self) -> bool {
        let folder = self.folder();
        self.process.stop().await;
        folder.exists()
    }

    /// Drops it without stopping it, and waits until its supervisor has let go of the log.
    pub(crate) async fn abandon(self) {
        let Self {
            process, mut log, ..
        } = self;
        drop(process);
        let closed = async { while log.changed().await.is_ok() {} };
        tokio::time::timeout(TEST_TIMEOUT, closed)
            .await
            .expect("the supervisor still has the log");
    }

    /// The folder of its socket.
    pub(crate) fn folder(&self) -> PathBuf {
        let starts = std::fs::read_to_string(&self.starts).unwrap();
        let socket = Path::new(starts.lines().next().unwrap());
        socket.parent().unwrap().to_owned()
    }
}

/// The answer to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header that marks an error.
    pub(crate) mark: Option<String>,
    pub(crate) body: Result<String, String>,
}

impl Answer {
    /// The code of a marked error.
    pub(crate) fn code(&self) -> &str {
        self.mark.as_deref().unwrap_or("no error")
    }
}

fn write(program: &Path, parts: &[Part], starts: &Path, gate: &Path) {
    let names: Vec<_> = parts.iter().map(|part| part.name()).collect();
    let text = PROGRAM
        .replace("@PARTS@", &format!("{names:?}"))
        .replace("@PROGRAM@", SAFELIGHT)
        .replace("@STARTS@", starts.to_str().unwrap())
        .replace("@GATE@", gate.to_str().unwrap());
    std::fs::write(program, text).unwrap();
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o700)).unwrap();
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Real => "Real",
            Self::Held => "Held",
            Self::Dies => "Dies",
            Self::Refuses => "Refuses",
            Self::AnswersGarbage => "AnswersGarbage",
            Self::Speaks => "Speaks",
            Self::SpeaksOn => "SpeaksOn",
            Self::EndsWithin => "EndsWithin",
            Self::Stalls => "Stalls",
        }
    }
}

/// Collects what is logged; each write is a line, or several.
struct Lines(watch::Sender<Vec<String>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().map(str::to_owned);
        self.0.send_modify(|all| all.extend(lines));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
