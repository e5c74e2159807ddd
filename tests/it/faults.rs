//! Faults from the command line, the config and a request's header, which apply to their own calls alone.
//!
//! The harness's documentation shows and tests the effect of each kind on a worker.

use std::process::Command;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use safelight_harness::{Answer, Client, FAULT_HEADER, Fault};
use tokio::net::TcpStream;

use crate::client::{get, post};
use crate::dev_server::{DevServer, TEST_TIMEOUT, project};
use crate::guests::{self, SAFELIGHT};
use crate::processes::images_child;
use crate::trace::masked;

/// Gets a path with faults of its own.
async fn get_with(server: &DevServer, path: &str, faults: &[&str]) -> Answer {
    let request = faults.iter().fold(Request::get(path), |request, fault| {
        request.header(FAULT_HEADER, *fault)
    });
    let request = request.body(Bytes::new()).unwrap();
    let client = Client::new(server.address, TEST_TIMEOUT);
    client.send(request).await.unwrap()
}

/// Returns whether a fault breaks the body of a path's answer.
async fn breaks(server: &DevServer, path: &str, fault: &str) -> bool {
    let request = Request::get(path).header(FAULT_HEADER, fault);
    let request = request.body(Bytes::new()).unwrap();
    let client = Client::new(server.address, TEST_TIMEOUT);
    let answer = client.send(request).await.expect("a response");
    answer.status == 200 && !answer.is_whole()
}

/// The words with which the program refuses a config or arguments.
fn refusal(config: &str, arguments: &[&str]) -> String {
    let folder = project(guests::misbehaving(), config);
    let output = Command::new(SAFELIGHT)
        .args(["dev", "--port", "0"])
        .arg(folder.path())
        .args(arguments)
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

const IMAGES: &str = "[images]\nbinding = \"IMAGES\"\n";

#[tokio::test]
async fn a_fault_of_the_config_strikes_and_is_told_at_the_start_and_when_it_does() {
    let config = "[[safelight.faults]]\nbinding = \"IMAGES\"\ntruncate = 200000\nnth = 2\n";
    let server = DevServer::start(guests::misbehaving(), config).await;
    assert!(
        server
            .lines()
            .contains(&"a fault is on: IMAGES:truncate=200000,nth=2".to_owned())
    );
    assert_eq!(get(server.address, "/careful-image").await.status, 200);
    let cut = get(server.address, "/careful-image").await;
    assert_eq!(cut.status, 502);
    assert!(cut.text().contains("200000 received"), "{cut:?}");
    server
        .line(|line| {
            line == "  [2] FAULT IMAGES:truncate=200000,nth=2 applied to IMAGES /transform"
        })
        .await;
    assert_eq!(get(server.address, "/careful-image").await.status, 200);
}

#[tokio::test]
async fn a_picture_that_is_cut_or_altered_is_a_broken_transfer_and_never_a_short_200() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let whole = get(server.address, "/photo").await;
    assert_eq!((whole.status.as_u16(), &whole.broken), (200, &None));
    let last = whole.body.len() - 1;
    for fault in [
        "IMAGES:truncate=0".to_owned(),
        "IMAGES:truncate=200000".to_owned(),
        format!("IMAGES:truncate={last}"),
        "IMAGES:corrupt=0".to_owned(),
        format!("IMAGES:corrupt={last}"),
    ] {
        assert!(breaks(&server, "/photo", &fault).await, "{fault}");
    }
}

#[tokio::test]
async fn a_picture_that_is_cut_is_told_once_with_its_hop_and_its_counts() {
    // The worker passes the picture on, or copies it, and its error with it.
    for path in ["/photo", "/photo-copy"] {
        let server = DevServer::start(guests::misbehaving(), "").await;
        assert!(breaks(&server, path, "IMAGES:truncate=200000").await);
        server.line(|line| line.contains("BROKEN")).await;
        server.line(|line| line.contains("FAILED")).await;
        let log = server.lines();
        let told = log.iter().filter(|line| line.contains("200000 received"));
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), 1, "{path}: {log:#?}");
        assert_eq!(
            masked(told[0]),
            "  [#] IMAGES /transform # image/jpeg #x# > # step > image/png #x# (# MB in, # KB out) in T FAILED: \
             the answer of IMAGES was cut short: # bytes expected, # received",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_fault_that_comes_too_late_for_its_answer_says_so() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for fault in ["IMAGES:truncate=90000000", "IMAGES:corrupt=90000000"] {
        let answer = get_with(&server, "/careful-image", &[fault]).await;
        assert_eq!(answer.status, 200);
        server
            .line(|line| line.contains(&format!("FAULT {fault} missed IMAGES /transform")))
            .await;
    }
}

#[tokio::test]
async fn a_fault_of_one_request_happens_to_no_other() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let one = get_with(&server, "/careful-image", &["IMAGES:error=9522"]);
    let (one, other) = tokio::join!(one, get(server.address, "/careful-image"));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (502, 200));
    assert_eq!(get(server.address, "/careful-image").await.status, 200);
}

#[tokio::test]
async fn several_faults_of_one_request_all_happen() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let faults = [
        "IMAGES:delay=20",
        "IMAGES:slow_writer=500000/5",
        "IMAGES:truncate=300000",
    ];
    let answer = get_with(&server, "/careful-image", &faults).await;
    assert!(answer.text().contains("300000 received"), "{answer:?}");
    for fault in faults {
        server
            .line(|line| line.contains(&format!("FAULT {fault} applied")))
            .await;
    }
}

#[tokio::test]
async fn the_worker_never_sees_the_header() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let plain = get(server.address, "/headers").await;
    let faulty = get_with(&server, "/headers", &["IMAGES:hang", "*:reset"]).await;
    assert_eq!(faulty.text(), plain.text());
    assert!(!faulty.text().contains("fault"), "{faulty:?}");
}

#[tokio::test]
async fn a_header_that_is_no_fault_is_a_400_that_names_the_problem() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for (fault, problem) in [
        ("IMAGES:truncate", "must give truncate a value"),
        ("IMAGES:explode", "has an unknown term `explode`"),
        (
            "NOPE:hang",
            "is aimed at NOPE, which the worker does not have; it has: IMAGES",
        ),
    ] {
        let answer = get_with(&server, "/host", &["IMAGES:hang", fault]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("safelight-error")),
            (400, "bad-request")
        );
        assert!(answer.text().contains(problem), "{answer:?}");
        assert!(answer.text().contains(fault), "{answer:?}");
    }
}

#[tokio::test]
async fn a_seed_repeats_its_run_exactly() {
    let run = async || {
        let fault = Fault::status("IMAGES", 500).rate(0.5).seed(7);
        let server = DevServer::start_with(guests::misbehaving(), "", &[fault]).await;
        let mut applied = Vec::new();
        for _ in 0..24 {
            let answer = post(server.address, "/info", "no picture").await;
            applied.push(!answer.text().contains("9412"));
        }
        applied
    };
    let (first, second) = tokio::join!(run(), run());
    assert_eq!(first, second);
    assert!(first.contains(&true) && first.contains(&false), "{first:?}");
}

#[tokio::test]
async fn a_crash_kills_the_process_and_not_the_calls_after_it() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get_with(&server, "/careful-image", &["IMAGES:crash"]).await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("ERROR 9523"), "{answer:?}");
    server
        .line(|line| line.contains("the images process ended: signal: 9"))
        .await;
    server
        .line(|line| line.contains("the images process is back"))
        .await;
    let after = get(server.address, "/careful-image").await;
    assert_eq!(
        after.status,
        200,
        "{}",
        String::from_utf8_lossy(&after.body)
    );
}

#[tokio::test]
async fn a_crash_of_pixels_fails_its_call_and_keeps_the_form_and_the_images_process() {
    let kept = tempfile::tempdir().unwrap();
    let keep = format!("--keep-crashers={}", kept.path().display());
    let server = DevServer::start_by(guests::misbehaving(), "", &[keep]).await;
    let images = images_child(&server);
    let answer = get_with(&server, "/careful-image", &["IMAGES:crash=pixels"]).await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("ERROR 9516"), "{answer:?}");
    server
        .line(|line| line.contains("a pixel process ended") && line.contains("signal: 9"))
        .await;
    server.line(|line| line.contains("kept a form")).await;
    let files: Vec<_> = kept.path().read_dir().unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let after = get(server.address, "/careful-image").await;
    assert_eq!(after.status, 200, "{after:?}");
    assert_eq!(images_child(&server), images);
}

#[tokio::test]
async fn a_hanging_call_ends_with_the_client_that_waits_for_it() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let driver = tokio::spawn(driver);
    let request = Request::get(format!("http://{}/photo", server.address))
        .header(FAULT_HEADER, "IMAGES:hang")
        .body(Empty::<Bytes>::new().boxed())
        .unwrap();
    let waiting = tokio::spawn(sender.send_request(request));
    server
        .line(|line| line.contains("FAULT IMAGES:hang applied"))
        .await;
    waiting.abort();
    driver.abort();
    server.line(|line| line.contains("the client left")).await;
    server
        .line(|line| line.contains("IMAGES /transform 500"))
        .await;
    assert_eq!(get(server.address, "/careful-image").await.status, 200);
}

#[tokio::test]
async fn a_star_reaches_fetch_too() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let url = format!("/fetch?url=http://{}/host", server.address);
    assert_eq!(get(server.address, &url).await.status, 200);
    assert!(breaks(&server, &url, "*:truncate=3").await);
    let reset = get_with(&server, &url, &["*:reset"]).await;
    assert_eq!(reset.header("safelight-error"), "worker-error", "{reset:?}");
}

#[test]
fn a_fault_that_cannot_be_is_refused_before_anything_starts() {
    for (fault, words) in [
        ("IMAGES:explode", "has an unknown term `explode`"),
        (
            "PHOTOS:hang",
            "is aimed at PHOTOS, which the worker does not have; it has: IMAGES",
        ),
    ] {
        let refused = refusal(IMAGES, &["--fault", fault]);
        assert!(
            refused.contains(words) && refused.contains(fault),
            "{refused}"
        );
    }
    let refused = refusal("", &["--fault", "*:crash"]);
    assert!(
        refused.contains("crash needs an Images binding"),
        "{refused}"
    );
}

#[test]
fn all_mistakes_in_the_faults_of_a_config_are_reported_with_their_lines() {
    let faults = "[[safelight.faults]]\nbinding = \"PHOTOS\"\nhang = true\n\n[[safelight.faults]]\nbinding = \"IMAGES\"\ntruncate = -1\n";
    let refused = refusal(&format!("{faults}{IMAGES}"), &[]);
    for expected in [
        "wrangler.toml:5:11: `safelight.faults[0].binding` is aimed at PHOTOS",
        "wrangler.toml:10:12: `safelight.faults[1].truncate` has an invalid truncate: expected a whole number",
    ] {
        assert!(refused.contains(expected), "{refused}");
    }
}
