//! The images process ends with the runtime, in whatever way that ends, and is replaced when it dies.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{get, post};
use crate::dev_server::{DevServer, TEST_TIMEOUT, until};
use crate::guests;
use crate::slow_reader::picture;

/// The number of the images process, as it says itself.
pub(crate) async fn images_pid(server: &DevServer) -> u64 {
    let answer = get(server.address, "/binding-get?name=IMAGES&path=/health").await;
    let health: Value = serde_json::from_str(answer.text()).unwrap();
    health["pid"].as_u64().unwrap()
}

/// The number of the images process, as the kernel knows it: without a call, and so without a connection that is kept.
pub(crate) fn images_child(server: &DevServer) -> u64 {
    let is_child = |stat: &str| {
        let (_, rest) = stat.rsplit_once(") ")?;
        (rest.split(' ').nth(1)? == server.pid().to_string()).then_some(())
    };
    let processes = std::fs::read_dir("/proc").unwrap();
    let mut numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .find(|number: &u64| {
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            let arguments = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            is_child(&stat).is_some()
                && arguments
                    .split(|byte| *byte == 0)
                    .any(|arg| arg == b"images")
        })
        .expect("an images process")
}

/// Waits until a process is gone; the kernel says when.
pub(crate) async fn gone(pid: u64) {
    let folder = format!("/proc/{pid}/fd");
    until("the process stays", || {
        Path::new(&folder).read_dir().is_err()
    })
    .await;
}

/// Waits until a socket has so many connections: its listener counts, and so do connections that nobody has accepted yet.
pub(crate) async fn connections(socket: &Path, is_meant: impl Fn(usize) -> bool) {
    let path = socket.to_str().unwrap();
    until("other connections", || {
        let all = std::fs::read_to_string("/proc/net/unix").unwrap();
        is_meant(all.lines().filter(|line| line.ends_with(path)).count())
    })
    .await;
}

/// The folder of the socket that a process listens on.
pub(crate) fn socket_folder(pid: u64) -> PathBuf {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let socket = arguments
        .split(|byte| *byte == 0)
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .find(|argument| argument.ends_with(".sock"))
        .expect("a socket among the arguments");
    Path::new(&socket).parent().unwrap().to_owned()
}

#[tokio::test]
async fn an_interrupt_lets_requests_finish_and_ends_both_processes() {
    let mut server = DevServer::start(guests::misbehaving(), "").await;
    let images = images_pid(&server).await;
    let folder = socket_folder(images);
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"GET /slow-stream?pieces=20&ms=20 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = vec![0; 100];
    client.read_exact(&mut answer).await.unwrap();
    server.signal("INT");
    client.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.contains("piece 20\n") && answer.ends_with("0\r\n\r\n"),
        "{answer}"
    );
    assert!(server.ended().await.success());
    gone(images).await;
    assert!(!folder.exists(), "{} is left behind", folder.display());
    // The instances end with the program, so no request is blamed.
    let log = server.lines();
    assert!(!log.iter().any(|line| line.contains("trapped")), "{log:#?}");
}

#[tokio::test]
async fn the_socket_and_its_folder_are_for_their_user_alone() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let folder = socket_folder(images_pid(&server).await);
    for (path, expected) in [(folder.join("images.sock"), 0o600), (folder, 0o700)] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{}", path.display());
    }
}

#[test]
fn an_images_process_that_is_started_by_hand_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("some/missing");
    let refused = std::process::Command::new(guests::SAFELIGHT)
        .args(["images", "--socket"])
        .arg(missing.join("x.sock"))
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let words = String::from_utf8(refused.stderr).unwrap();
    let expected = format!(
        "error: there is no folder {} for the socket",
        missing.display()
    );
    assert_eq!(words.trim_end(), expected);
    assert!(!folder.path().join("some").exists());
}

#[tokio::test]
async fn a_killed_runtime_leaves_no_images_process_and_no_socket() {
    let mut server = DevServer::start(guests::misbehaving(), "").await;
    let images = images_pid(&server).await;
    let folder = socket_folder(images);
    server.signal("KILL");
    server.ended().await;
    gone(images).await;
    assert!(!folder.exists(), "{} is left behind", folder.display());
}

#[tokio::test]
async fn an_images_process_that_is_killed_or_told_to_end_is_replaced_as_quickly_the_next_time() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for signal in ["KILL", "TERM", "KILL"] {
        let before = images_pid(&server).await;
        let backs = count_backs(&server);
        let killed = std::process::Command::new("kill")
            .args(["-s", signal, &before.to_string()])
            .status();
        assert!(killed.unwrap().success());
        gone(before).await;
        server
            .lines_until(|lines| lines.iter().filter(|line| is_back(line)).count() > backs)
            .await;
        assert_ne!(images_pid(&server).await, before, "{signal}");
    }
    // Each has answered before its end, so that none counts as a failure to start.
    let restarts = server.lines().into_iter();
    let restarts: Vec<_> = restarts.filter(|line| line.contains("restarted")).collect();
    assert!(
        restarts.len() == 3 && restarts.iter().all(|line| line.ends_with("in 100.0 ms")),
        "{restarts:?}"
    );
}

fn is_back(line: &str) -> bool {
    line.contains("the images process is back")
}

fn count_backs(server: &DevServer) -> usize {
    server.lines().iter().filter(|line| is_back(line)).count()
}

#[tokio::test]
async fn a_server_that_is_still_building_hears_a_request_to_end() {
    let folder = crate::dev_server::project(
        Path::new("/nowhere/worker.wasm"),
        // Ends with the program that started it.
        "[build]\ncommand = \"touch started && exec tail --pid=$PPID -f /dev/null\"\n",
    );
    let mut program = tokio::process::Command::new(guests::SAFELIGHT)
        .args(["dev", "--port", "0"])
        .arg(folder.path())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let started = folder.path().join("started");
    until("no build begins", || started.exists()).await;
    let pid = program.id().unwrap().to_string();
    let told = std::process::Command::new("kill")
        .args(["-s", "TERM", &pid])
        .status();
    assert!(told.unwrap().success());
    let ended = tokio::time::timeout(TEST_TIMEOUT, program.wait()).await;
    assert!(ended.expect("the build is waited for").unwrap().success());
}

#[tokio::test]
async fn the_threads_of_the_images_process_share_one_heap() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let (upload, pixels) = picture();
    let answer = post(server.address, "/upload-image?format=rgb", upload).await;
    assert_eq!(answer.body.len(), pixels.len(), "a thread was at work");
    let images = images_pid(&server).await;
    let maps = std::fs::read_to_string(format!("/proc/{images}/maps")).unwrap();
    let maps: Vec<Mapping<'_>> = maps.lines().map(Mapping::parse).collect();
    let further = maps.windows(2).filter(|two| is_further_heap(two)).count();
    assert_eq!(further, 0, "heaps besides the first");
}

/// A line of `/proc/…/maps`.
struct Mapping<'a> {
    start: u64,
    end: u64,
    rights: &'a str,
}

impl<'a> Mapping<'a> {
    fn parse(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let (start, end) = words.next().unwrap().split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        Self {
            start: number(start),
            end: number(end),
            rights: words.next().unwrap(),
        }
    }
}

/// Returns whether two mappings are a thread's heap of glibc: 64 MB at a multiple of 64 MB, of which the first part is in
/// use.
fn is_further_heap(mappings: &[Mapping<'_>]) -> bool {
    const HEAP: u64 = 64 << 20;
    let [used, rest] = mappings else { return false };
    used.start.is_multiple_of(HEAP)
        && rest.end == used.start + HEAP
        && [used.rights, rest.rights] == ["rw-p", "---p"]
}

/// The names of the variables in a process's environment.
fn environment(pid: u64) -> Vec<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let variables = environment.split(|byte| *byte == 0);
    let names = variables.filter_map(|variable| variable.split(|byte| *byte == b'=').next());
    names
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

#[tokio::test]
async fn the_images_process_inherits_neither_secrets_nor_the_projects_folder() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    // The runtime has the tester's environment, where secrets would be.
    let inherited = environment(server.pid().into());
    assert!(inherited.iter().any(|name| name == "PATH"), "{inherited:?}");
    let images = images_child(&server);
    let kept = ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "RUST_LOG"];
    let other: Vec<_> = environment(images)
        .into_iter()
        .filter(|name| !kept.contains(&&**name))
        .collect();
    assert_eq!(other, [""; 0]);
    let folder = std::fs::read_link(format!("/proc/{images}/cwd")).unwrap();
    assert_eq!(folder, Path::new("/"));
    let status = std::fs::read_to_string(format!("/proc/{images}/status")).unwrap();
    assert!(status.contains("\nNoNewPrivs:\t1\n"), "{status}");
}
