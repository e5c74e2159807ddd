//! A binding made by the recipe alone has what every binding has: the worker, the bindings socket, faults and traces.

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::client::post;
use crate::dev_server::{DevServer, project};
use crate::guests;
use crate::trace::trace_of;

const ECHOES: &str = "\
[[safelight_echo]]
binding = \"ECHO\"
id = \"one\"
[[safelight_echo]]
binding = \"OTHER\"
id = \"two\"
";

async fn server(arguments: &[&str]) -> (DevServer, TempDir) {
    let folder = project(guests::echo(), ECHOES);
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let server = DevServer::start_in(folder.path(), &arguments).await;
    (server, folder)
}

#[tokio::test]
async fn a_worker_calls_it_by_the_sdk() {
    let (server, _folder) = server(&[]).await;
    let answer = post(server.address, "/a/b", "hello").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "hello"));
    for (name, value) in [
        ("echo-id", "one"),
        ("echo-method", "POST"),
        ("echo-path", "/a/b"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    server
        .line(|line| line.contains("] ECHO /a/b 200 (5 B in, 5 B out)"))
        .await;
}

#[tokio::test]
async fn a_foreign_runtime_calls_it_on_the_bindings_socket() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("b.sock");
    let argument = format!("--bindings-socket={}", socket.display());
    let (server, _folder) = server(&[&argument]).await;
    server
        .line(|line| line.ends_with("it has: echo/one, echo/two"))
        .await;
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    let request = "PUT /a?b HTTP/1.1\r\nhost: x\r\nx-emulator-service: echo/two\r\n\
                   content-length: 5\r\nconnection: close\r\n\r\nhello";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    for header in ["echo-id: two", "echo-method: PUT", "echo-path: /a?b"] {
        assert!(answer.contains(&format!("\r\n{header}\r\n")), "{answer}");
    }
}

#[tokio::test]
async fn connections_of_the_bindings_socket_and_their_requests_are_numbered_from_one() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("b.sock");
    let argument = format!("--bindings-socket={}", socket.display());
    let (server, _folder) = server(&[&argument]).await;
    for requests in [&["/a", "/b"][..], &["/c"]] {
        let mut stream = UnixStream::connect(&socket).await.unwrap();
        let last = requests.last().unwrap();
        for path in requests {
            let close = if path == last {
                "connection: close\r\n"
            } else {
                ""
            };
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: x\r\nx-emulator-service: echo/two\r\n{close}\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
        }
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert_eq!(
            answers.matches("HTTP/1.1 200 OK\r\n").count(),
            requests.len(),
            "{answers}"
        );
    }
    for (path, connection, request) in [("/a", 1, 1), ("/b", 1, 2), ("/c", 2, 1)] {
        let trace = trace_of(&server, path).await;
        assert_eq!(trace["client"]["connection"], connection, "{trace:#}");
        assert_eq!(
            trace["client"]["request_on_connection"], request,
            "{trace:#}"
        );
    }
}

#[tokio::test]
async fn a_fault_strikes_it_and_the_trace_says_so() {
    let (server, _folder) = server(&["--fault=ECHO:truncate=2", "--trace"]).await;
    let answer = post(server.address, "/cut", "hello").await;
    assert!(answer.broken.is_some(), "{answer:?}");
    server
        .line(|line| line.contains("] ├ call 1 ECHO /cut: "))
        .await;
    let trace = trace_of(&server, "/cut").await;
    let call = &trace["calls"][0];
    assert_eq!(call["end"], "broken", "{trace:#}");
    assert_eq!(call["faults"], serde_json::json!(["ECHO:truncate=2"]));
    let why = call["fault"].as_str().unwrap();
    assert!(why.contains("5 bytes expected, 2 received"), "{why}");
}
