//! Tests of the bindings socket by clients that write the bytes of HTTP/1.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use safelight_hop::faults::Hop;
use safelight_hop::inject::HopFaults;
use safelight_hop::log::{Log, MemoryLog, masked_times};
use safelight_hop::request::RequestGuard;
use safelight_hop::{Answer, Call, HopError, RequestContext, body, caller_url, layered};
use safelight_net::Deadlines;
use safelight_net::deadline;
use safelight_protocol::BindingKind;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::oneshot;
use tower::service_fn;

use super::{SocketNumbers, SocketServer, SocketService, SocketServices};

/// Answers with the request that the service receives.
async fn echo(call: Call) -> Answer {
    let request = match call.context.hop.as_ref() {
        "AUTH" => caller_url::restore(call.request)?,
        _ => call.request,
    };
    let is_leaked = [
        "x-emulator-service",
        "binding-url",
        "safelight-cf-image",
        "safelight-fault",
    ]
    .iter()
    .any(|name| request.headers().contains_key(*name));
    let text = format!("{} {} {is_leaked}", request.method(), request.uri());
    Ok(http::Response::new(body::full(text)))
}

struct Running {
    folder: TempDir,
    log: MemoryLog,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<()>,
}

/// A service of the hop, with its state in a folder.
fn bucket(hop: &str, state: &str) -> SocketService {
    let faults = HopFaults::new(Hop::binding(hop), Arc::default());
    SocketService {
        hop: hop.into(),
        service: layered(service_fn(echo), faults),
        with_caller_url: false,
        state: Some(state.into()),
    }
}

/// A server of two services, as [`echo`] answers them.
fn server(
    log: &MemoryLog,
) -> SocketServer<impl Fn(&Parts, SocketNumbers, deadline::RequestGuard) -> RequestGuard + use<>> {
    let mut services = SocketServices::default();
    assert!(services.insert(BindingKind::R2, "photos", bucket("PHOTOS", "state")));
    let auth = SocketService {
        with_caller_url: true,
        state: None,
        ..bucket("AUTH", "")
    };
    assert!(services.insert(BindingKind::Service, "auth", auth));
    let log = Log::new(log.clone());
    SocketServer {
        services,
        deadlines: Deadlines::default(),
        log: log.clone(),
        begin: move |head: &Parts, _, open| {
            let context = RequestContext::new(7, head.method.clone(), &head.uri, log.clone());
            RequestGuard::new(Arc::new(context), open)
        },
    }
}

fn listener(folder: &TempDir) -> UnixListener {
    UnixListener::bind(folder.path().join("b.sock")).unwrap()
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = MemoryLog::default();
        let (stop, stopped) = oneshot::channel();
        let server = server(&log).run(listener(&folder), async move {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server);
        Self {
            folder,
            log,
            stop,
            server,
        }
    }

    fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("b.sock")
    }

    async fn stop(self) -> String {
        let _ = self.stop.send(());
        self.server.await.unwrap();
        self.log.text()
    }
}

async fn exchange(socket: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let request = request.replace('\n', "\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn the_header_names_the_service_and_never_reaches_it() {
    let running = Running::start();
    let request =
        "GET /?x=1 HTTP/1.1\nhost: fake-host\nx-emulator-service: r2/photos\nconnection: close\n\n";
    let answer = exchange(&running.socket(), request).await;
    assert_eq!(body_of(&answer), "GET /?x=1 false");
    let log = running.stop().await;
    assert_eq!(
        masked_times(&log),
        "  [7] PHOTOS / 200 (0 B in, 15 B out) in T\n[7] GET /?x=1 200 15 B in T\n"
    );
}

#[tokio::test]
async fn a_call_of_a_worker_has_the_url_that_it_was_written_with() {
    let running = Running::start();
    for (target, host, url) in [
        (
            "https://inner.example/a?b=1",
            "",
            "https://inner.example/a?b=1",
        ),
        (
            "/a?b=1",
            "host: inner.example:81\n",
            "http://inner.example:81/a?b=1",
        ),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\n{host}x-emulator-service: service/auth\nconnection: close\n\n"
        );
        let answer = exchange(&running.socket(), &request).await;
        assert_eq!(body_of(&answer), format!("GET {url} false"), "{answer}");
    }
}

#[test]
fn a_name_leads_to_the_first_resource_that_has_it() {
    let mut services = SocketServices::default();
    let mut insert = |id, state| services.insert(BindingKind::R2, id, bucket("PHOTOS", state));
    assert!(insert("photos", "first"));
    assert!(insert("photos", "first"));
    assert!(!insert("photos", "second"));
    assert!(insert("photos", "first"));
    assert!(insert("letters", "second"));
}

#[tokio::test]
async fn a_request_that_names_no_service_is_misdirected_and_says_so() {
    let running = Running::start();
    for (header, reason) in [
        ("", "the header x-emulator-service is missing"),
        (
            "x-emulator-service: r2/nope\n",
            "no service \"r2/nope\" here; there is: r2/photos, service/auth",
        ),
        (
            "x-emulator-service: r2/photos\nx-emulator-service: r2/photos\n",
            "the header x-emulator-service is there twice",
        ),
    ] {
        let request = format!("GET / HTTP/1.1\nhost: x\n{header}connection: close\n\n");
        let answer = exchange(&running.socket(), &request).await;
        let status = format!("HTTP/1.1 421 {reason}\r\n");
        assert!(answer.starts_with(&status), "{answer}");
        assert!(answer.contains("cf-r2-error: {"), "{answer}");
        assert!(answer.contains("\"v4code\":10006"), "{answer}");
    }
}

#[tokio::test]
async fn a_header_of_the_client_never_replaces_one_of_the_socket() {
    let running = Running::start();
    let request = "GET /a HTTP/1.1\nhost: inner.example\nbinding-url: http://evil.example/\n\
                   binding-url: http://evil.example/b\nsafelight-cf-image: {}\n\
                   x-emulator-service: service/auth\nconnection: close\n\n";
    let answer = exchange(&running.socket(), request).await;
    assert_eq!(body_of(&answer), "GET http://inner.example/a false");
}

#[tokio::test]
async fn a_service_never_sees_the_faults_of_a_request() {
    let running = Running::start();
    let request = "GET /a HTTP/1.1\nhost: x\nsafelight-fault: PHOTOS:hang\nsafelight-fault: AUTH:hang\n\
                   x-emulator-service: r2/photos\nconnection: close\n\n";
    let answer = exchange(&running.socket(), request).await;
    assert_eq!(body_of(&answer), "GET /a false");
}

#[tokio::test]
async fn a_call_of_a_worker_without_a_url_is_a_bad_request() {
    let running = Running::start();
    for (target, host, why) in [
        ("/a", "", "its Host is missing"),
        ("/a", "host: a/b\n", "its Host is invalid"),
        ("/a", "host: x:99999\n", "it is not a URL"),
        ("/a", "host: user@x\n", "it has a user before its host"),
        ("*", "host: x\n", "its target is no path"),
        (
            "ftp://x/",
            "host: x\n",
            "it begins with neither http:// nor https://",
        ),
    ] {
        let request = format!(
            "OPTIONS {target} HTTP/1.1\n{host}x-emulator-service: service/auth\nconnection: close\n\n"
        );
        let answer = exchange(&running.socket(), &request).await;
        let status = format!("HTTP/1.1 400 the request has no URL: {why}\r\n");
        assert!(answer.starts_with(&status), "{answer}");
        assert!(!answer.contains("cf-r2-error"), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_serves_on_after_an_upload_that_no_service_read() {
    let running = Running::start();
    let upload = "x".repeat(300_000);
    let request = format!(
        "POST / HTTP/1.1\nhost: x\ncontent-length: 300000\n\n{upload}\
         GET / HTTP/1.1\nhost: x\nx-emulator-service: r2/photos\nconnection: close\n\n"
    );
    let answers = exchange(&running.socket(), &request).await;
    assert!(answers.starts_with("HTTP/1.1 421 "), "{answers}");
    let second = answers.split("HTTP/1.1 ").nth(2).unwrap();
    assert!(second.starts_with("200 "), "{answers}");
    assert_eq!(body_of(second), "GET / false");
}

/// A call that never ends, which reports its beginning, and its end when it is dropped.
fn endless(events: &UnboundedSender<&'static str>) -> SocketService {
    struct Ends(UnboundedSender<&'static str>);
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.send("dropped");
        }
    }
    let events = events.clone();
    let call = service_fn(move |_: Call| {
        let ends = Ends(events.clone());
        async move {
            let _ = ends.0.send("begun");
            std::future::pending::<()>().await;
            drop(ends);
            Err(HopError::Closed)
        }
    });
    let faults = HopFaults::new(Hop::binding("ENDLESS"), Arc::default());
    SocketService {
        service: layered(call, faults),
        ..bucket("ENDLESS", "state")
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_call_and_one_that_only_stops_sending_does_not() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let mut server = server(&MemoryLog::default());
    let r2 = BindingKind::R2;
    assert!(server.services.insert(r2, "endless", endless(&events)));
    let folder = tempfile::tempdir().unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(server.run(listener(&folder), async move {
        let _ = stopped.await;
    }));
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nx-emulator-service: r2/endless\r\n\r\n";
    let socket = folder.path().join("b.sock");
    let mut client = UnixStream::connect(&socket).await.unwrap();
    client.write_all(request).await.unwrap();
    assert_eq!(seen.recv().await, Some("begun"));
    client.shutdown().await.unwrap();
    // Another client's whole exchange gives the server the time to see the first one's end.
    let other = "GET / HTTP/1.1\nhost: x\nx-emulator-service: r2/photos\nconnection: close\n\n";
    assert_eq!(body_of(&exchange(&socket, other).await), "GET / false");
    assert!(seen.is_empty());
    drop(client);
    // A regression fails here instead of standing still.
    let dropped = tokio::time::timeout(Duration::from_secs(60), seen.recv()).await;
    assert_eq!(dropped, Ok(Some("dropped")));
    let _ = stop.send(());
    running.await.unwrap();
}

#[tokio::test]
async fn a_full_socket_stops() {
    let folder = tempfile::tempdir().unwrap();
    let full = server(&MemoryLog::default()).serve(listener(&folder), 0, async {});
    let stopped = tokio::time::timeout(Duration::from_secs(60), full).await;
    assert!(stopped.is_ok());
}
