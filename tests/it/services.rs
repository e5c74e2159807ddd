//! Workers that call workers: in process, streaming, within limits, and never cut silently.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::client::{get, post};
use crate::dev_server::{DevServer, project};
use crate::guests::{self, SAFELIGHT};

const NEXT: &str = "[[services]]\nbinding = \"NEXT\"\nservice = \"inner\"\n";
const SELF: &str = "[[services]]\nbinding = \"SELF\"\nservice = \"test\"\n";

/// A folder with a worker of this name beside the first one, which is called `test`.
pub(crate) fn inner(component: &Path, config: &str) -> TempDir {
    let folder = project(component, config);
    let file = folder.path().join("wrangler.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("name = \"test\"", "name = \"inner\"");
    std::fs::write(file, text).unwrap();
    folder
}

/// Two workers of which the first calls the second as NEXT and itself as SELF.
async fn two() -> (DevServer, TempDir) {
    let inner = inner(guests::misbehaving(), "");
    let folder = inner.path().to_str().unwrap().to_owned();
    let extra = format!("{NEXT}{SELF}");
    let server = DevServer::start_by(guests::misbehaving(), &extra, &[folder]).await;
    (server, inner)
}

#[tokio::test]
async fn the_callee_sees_the_callers_whole_url() {
    let (server, _inner) = two().await;
    let path = "/call?name=NEXT&url=https://Shop.example:444/host?q=a";
    let answer = get(server.address, path).await;
    assert_eq!(answer.text(), "https shop.example:444 /host?q=a\n");
    let path = "/call?name=NEXT&url=http://x/a/./b/../../host";
    assert_eq!(get(server.address, path).await.text(), "http x /host\n");
    let path = "/call?name=NEXT&url=http://x/headers";
    let headers = get(server.address, path).await.text().to_owned();
    assert!(!headers.contains("binding-url"), "{headers}");
}

#[tokio::test]
async fn bodies_stream_through_both_workers_whole() {
    let (server, _inner) = two().await;
    let upload: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    for route in ["echo", "pump"] {
        let path = format!("/call?name=NEXT&url=http://x/{route}");
        let answer = post(server.address, &path, upload.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.broken), (200, None));
        assert!(answer.body == upload, "{route}");
    }
}

#[tokio::test]
async fn a_callee_that_dies_in_the_middle_breaks_its_callers_body_as_well() {
    let (server, _inner) = two().await;
    for end in ["panic", "error"] {
        let path = format!("/call?name=NEXT&url=http://x/stream-then-{end}?pieces=3");
        let answer = get(server.address, &path).await;
        assert_eq!(answer.status, 200, "{end}");
        assert!(answer.broken.is_some(), "{end}: {:?}", answer.text());
    }
}

#[tokio::test]
async fn a_callee_that_fails_is_an_error_of_the_call_that_names_it() {
    let (server, _inner) = two().await;
    let answer = get(server.address, "/call?name=NEXT&url=http://x/panic").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.text().contains("inner: the worker panicked"),
        "{answer:?}"
    );
    server
        .line(|line| line.contains("] inner: stderr | ") && line.contains("panicked"))
        .await;
    let still = get(server.address, "/call?name=NEXT&url=http://x/host").await;
    assert_eq!(still.status, 200);
}

#[tokio::test]
async fn workers_that_call_each_other_without_end_meet_a_limit_that_says_so() {
    let (server, _inner) = two().await;
    let answer = get(server.address, "/again?name=SELF").await;
    assert_eq!(answer.status, 500);
    let words = "service SELF (test): subrequest depth limit exceeded: 16 workers already wait";
    assert!(answer.text().contains(words), "{}", answer.text());
    let path = "/fan?name=NEXT&url=http://x/host&times=31";
    assert_eq!(get(server.address, path).await.status, 200);
    let path = "/fan?name=NEXT&url=http://x/host&times=32";
    let answer = get(server.address, path).await;
    let words = "worker limit exceeded: 32 workers";
    assert!(answer.text().contains(words), "{}", answer.text());
}

#[tokio::test]
async fn a_redirect_of_a_callee_is_an_answer_unless_the_caller_follows() {
    let (server, _inner) = two().await;
    let ask = async |route: &str, rest: &str| {
        let url: String = rest.bytes().map(|byte| format!("%{byte:02x}")).collect();
        get(server.address, &format!("/{route}?name=NEXT&url={url}")).await
    };
    let answer = ask("call", "http://x/redirect?to=/host").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (302, "/host")
    );
    // Through the same binding, whatever host it names.
    for (url, seen) in [
        ("http://x/redirect?to=/host", "http x /host\n"),
        (
            "http://x/redirect?to=https://y.test:8/host",
            "https y.test:8 /host\n",
        ),
        ("http://x/redirect?left=19&to=/host", "http x /host\n"),
        ("http://x/host", "http x /host\n"),
    ] {
        assert_eq!(ask("follow", url).await.text(), seen, "{url}");
    }
    let endless = ask("follow", "http://x/redirect?left=20&to=/host").await;
    assert_eq!(endless.status, 500);
    assert!(
        endless.text().contains("more than 20 redirects"),
        "{}",
        endless.text()
    );
    for (code, status) in [(303, 200), (307, 500)] {
        let url = format!("http://x/redirect%3Fcode={code}%26to=/host");
        let answer = post(
            server.address,
            &format!("/follow?name=NEXT&url={url}"),
            "body",
        )
        .await;
        assert_eq!(answer.status, status, "{code}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_trace_names_who_made_each_call_and_who_was_asked() {
    let back = "[[services]]\nbinding = \"BACK\"\nservice = \"test\"\n";
    let inner = inner(guests::misbehaving(), back);
    let arguments = [
        inner.path().to_str().unwrap().to_owned(),
        "--trace".to_owned(),
    ];
    let server = DevServer::start_by(guests::misbehaving(), NEXT, &arguments).await;
    let nested = "http://x/call%3Fname=BACK%26url=http://y/host";
    let answer = get(server.address, &format!("/call?name=NEXT&url={nested}")).await;
    assert_eq!(answer.text(), "http y /host\n");

    let list = get(server.address, "/cdn-cgi/safelight/trace").await;
    let list: serde_json::Value = serde_json::from_str(list.text()).unwrap();
    let calls = list[0]["calls"].as_array().unwrap().iter();
    let names = calls.map(|call| [&call["worker"], &call["hop"], &call["callee"]]);
    let names: Vec<_> = names.map(|names| names.map(|name| name.as_str())).collect();
    assert_eq!(
        names,
        [
            [None, Some("NEXT"), Some("inner")],
            [Some("inner"), Some("BACK"), Some("test")],
        ]
    );
    server
        .line(|line| line.contains("] ├ call 1 NEXT → inner /call: "))
        .await;
    server
        .line(|line| line.contains("] ├ call 2 inner: BACK → test /host: "))
        .await;
}

#[tokio::test]
async fn the_bindings_socket_has_one_bucket_of_a_name_and_a_warning_for_the_other() {
    let bucket = "[[r2_buckets]]\nbinding = \"PHOTOS\"\nbucket_name = \"photos\"\n";
    let inner = inner(guests::hello_p2(), bucket);
    let folder = inner.path().to_str().unwrap();
    let shared = format!("--persist-to={folder}/state");
    for (number, state, warns) in [(1, None, true), (2, Some(shared), false)] {
        // A server of an earlier round may still be ending, and have its socket.
        let socket = format!("--bindings-socket={folder}/{number}.sock");
        let arguments: Vec<_> = [folder.to_owned(), socket]
            .into_iter()
            .chain(state)
            .collect();
        let server = DevServer::start_by(guests::hello_p2(), bucket, &arguments).await;
        let lines = server.lines().join("\n");
        let words = "r2/photos of inner is not on the bindings socket";
        assert_eq!(lines.contains(words), warns, "{lines}");
        assert!(
            lines.contains("it has: images/IMAGES, r2/photos"),
            "{lines}"
        );
    }
}

#[tokio::test]
async fn a_call_without_its_url_is_refused() {
    let (server, _inner) = two().await;
    let answer = get(server.address, "/binding-get?name=NEXT&path=/host").await;
    assert!(
        answer.text().contains("binding-url must hold"),
        "{answer:?}"
    );
}

#[test]
fn a_service_that_does_not_run_is_a_mistake_of_the_config() {
    let folder = project(guests::hello_p2(), NEXT);
    let output = Command::new(SAFELIGHT)
        .args(["dev", "--port", "0"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    let wanted = "`services[0].service` names the worker `inner`, but this run has `test`";
    assert!(words.contains(wanted), "{words}");
}
