//! The time for a call to fail with its process: a second at most, and eight for a process that is runnable.
//!
//! The clock is paused, so the time that passes is that of timers alone.

use std::io::ErrorKind;
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use safelight_hop::{Body, body};
use safelight_net::Deadlines;
use safelight_net::pool::{Pool, PoolError, is_protocol_error};

use super::call::{CallError, ImagesHandle, is_refusal};
use super::health;
use super::kill::{KillHandle, KillWaiters};
use super::link::{Link, ProcessState, Unhealthy};
use super::supervise::describe_end;

/// The time after which a test fails whose process does not start.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
/// The resolution of tokio's timers.
const TICK: Duration = Duration::from_millis(1);

/// A call in flight, and the error that it ends with.
async fn failed_call(socket: &Path) -> (CallError, Duration) {
    let (_state, states) = watch::channel(ProcessState::Up(0));
    let pool = Pool::new(socket, Deadlines::default());
    let handle = ImagesHandle(Arc::new(Link::new(pool, states)));
    let started = Instant::now();
    let call = handle.send(request(), 1, |_| ()).await;
    (call.map(|_| ()).unwrap_err(), started.elapsed())
}

fn request() -> http::Request<Body> {
    http::Request::post("/transform")
        .header("host", "images")
        .body(body::full("a form"))
        .unwrap()
}

/// A process that reads a call and sends these bytes.
async fn process(listener: UnixListener, answer: &[u8]) {
    let (mut stream, _) = listener.accept().await.unwrap();
    read_head(&mut stream).await;
    stream.write_all(answer).await.unwrap();
}

async fn read_head(stream: &mut UnixStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
}

fn socket() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.sock");
    (folder, path)
}

#[tokio::test(start_paused = true)]
async fn a_call_fails_with_the_end_of_its_process() {
    let (_folder, path) = socket();
    let listener = UnixListener::bind(&path).unwrap();
    let ((error, time), ()) = tokio::join!(failed_call(&path), process(listener, b"HTTP/1.1 2"));
    assert!(
        matches!(&error, CallError::Pool(PoolError::Exchange(error)) if !is_protocol_error(error)),
        "{error:?}"
    );
    assert_eq!(time, Duration::ZERO, "the call waited");
}

#[tokio::test(start_paused = true)]
async fn a_call_fails_with_the_first_word_that_is_no_answer() {
    let (_folder, path) = socket();
    let listener = UnixListener::bind(&path).unwrap();
    let talk = process(listener, b"who goes there?\r\n\r\n");
    let ((error, time), ()) = tokio::join!(failed_call(&path), talk);
    assert!(
        matches!(&error, CallError::Pool(PoolError::Exchange(error)) if is_protocol_error(error)),
        "{error:?}"
    );
    assert_eq!(time, Duration::ZERO, "the call waited");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_a_connection_fails_within_a_second() {
    let (_folder, path) = socket();
    // The socket is bound and never listens, or there is none. A listener that was dropped would not do: a child that
    // another test starts meanwhile holds its descriptor until it is executed, and takes the connection.
    let stale = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    stale
        .bind(&socket2::SockAddr::unix(&path).unwrap())
        .unwrap();
    for _ in 0..2 {
        let (error, time) = failed_call(&path).await;
        assert!(matches!(error, CallError::Down), "{error:?}");
        assert!(time <= SECOND + TICK, "{time:?}");
        let _ = std::fs::remove_file(&path);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_a_connection_goes_to_the_process_that_replaces_the_first() {
    let (_folder, path) = socket();
    let (state, states) = watch::channel(ProcessState::Up(0));
    let link = Arc::new(Link::new(Pool::new(&path, Deadlines::default()), states));
    let handle = ImagesHandle(link.clone());
    let replacement = async {
        assert_eq!(link.unhealthy(0).await, Unhealthy::RefusesConnections);
        state.send_replace(ProcessState::Down);
        let listener = UnixListener::bind(&path).unwrap();
        state.send_replace(ProcessState::Up(1));
        process(listener, b"HTTP/1.1 204 No Content\r\n\r\n").await;
    };
    let mut call = pin!(handle.send(request(), 1, |_| ()));
    tokio::select! {
        answer = &mut call => panic!("no replacement was asked: {:?}", answer.map(|_| ())),
        () = replacement => {}
    }
    assert_eq!(call.await.unwrap().status(), 204);
}

/// A process that ends resets the connections that it has not accepted.
#[test]
fn a_connection_that_is_reset_before_it_is_accepted_counts_as_refused() {
    assert!(is_refusal(ErrorKind::ConnectionReset));
    assert!(!is_refusal(ErrorKind::PermissionDenied));
}

/// A process of a test, killed at the end.
struct Other(Child);

impl Other {
    fn run(program: &str, arguments: &[&str], state: char) -> Self {
        let other = Self(Command::new(program).args(arguments).spawn().unwrap());
        // The clock of tokio is paused in these tests.
        let begun = std::time::Instant::now();
        // Between fork and exec the child is a copy of this program.
        while health::main_thread(other.0.id()) != Some(state) {
            assert!(
                begun.elapsed() < TEST_TIMEOUT,
                "{program} is not in {state}"
            );
            std::thread::yield_now();
        }
        other
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The time until a process that takes connections and sends nothing counts as hung.
async fn time_to_notice(process: &Other) -> Duration {
    let (_folder, path) = socket();
    let _listener = UnixListener::bind(&path).unwrap();
    let (_calls, in_flight) = watch::channel(1);
    let started = Instant::now();
    let why = health::until_unhealthy(&path, process.0.id(), in_flight).await;
    assert_eq!(why, "does not answer");
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_process_that_hangs_is_noticed_within_a_second() {
    let asleep = Other::run("sleep", &["1000"], 'S');
    let time = time_to_notice(&asleep).await;
    assert!(time <= SECOND + 3 * TICK, "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_hangs_is_left_alone_while_nobody_waits_for_it() {
    let asleep = Other::run("sleep", &["1000"], 'S');
    let (_folder, path) = socket();
    let _listener = UnixListener::bind(&path).unwrap();
    let (calls, in_flight) = watch::channel(0);
    let mut noticed = pin!(health::until_unhealthy(&path, asleep.0.id(), in_flight));
    timeout(3_600 * SECOND, &mut noticed).await.unwrap_err();
    calls.send_replace(1);
    assert_eq!(noticed.await, "does not answer");
}

/// The process may be waiting for a processor.
#[tokio::test(start_paused = true)]
async fn a_process_that_hangs_and_looks_as_if_it_worked_is_noticed_after_seven() {
    let busy = Other::run("sh", &["-c", "while :; do :; done"], 'R');
    let time = time_to_notice(&busy).await;
    assert!(time > 7 * SECOND && time < 8 * SECOND, "{time:?}");
}

#[tokio::test]
async fn a_process_that_was_killed_by_a_fault_was_not_unhealthy() {
    let (kill_handle, mut kills) = KillHandle::new();
    let mut sleep = tokio::process::Command::new("sleep");
    let mut child = sleep.arg("1000").kill_on_drop(true).spawn().unwrap();
    let mut waiting = KillWaiters::default();
    tokio::select! {
        () = kills.end_of(&mut child, &mut waiting) => {}
        () = kill_handle.kill() => panic!("the end was told before it was known"),
    }
    let status = child.wait().await;
    assert_eq!(
        describe_end(Some("refuses connections"), status, &waiting),
        "ended: signal: 9 (SIGKILL)"
    );
}
