//! The images process dies, hangs, refuses or answers garbage: calls in flight fail by name, and the next ones work.

use safelight_protocol::settings::DeadlineSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener};

use crate::client::post;
use crate::dev_server::DevServer;
use crate::guests;
use crate::processes::{connections, gone, images_child, images_pid, socket_folder};
use crate::slow_reader::{SlowReader, picture};
use crate::stand_in::{Part, StandIn};

pub(crate) fn signal(pid: u64, name: &str) {
    let status = std::process::Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn a_process_that_dies_within_an_answer_breaks_it_visibly_and_is_replaced() {
    let mut server = DevServer::start(guests::misbehaving(), "").await;
    let first = images_pid(&server).await;
    let (upload, pixels) = picture();
    let path = "/upload-image?format=rgb";
    let client = SlowReader::post(server.address, path, &upload).await;
    client.until_stuck().await;
    signal(first, "KILL");
    server
        .line(|line| line.contains("the images process ended: signal: 9"))
        .await;
    assert!(client.rest().await.len() < pixels.len());
    let fault = server
        .line(|line| line.contains("IMAGES /transform 200") && line.contains("FAILED"))
        .await;
    assert!(fault.contains("broke off"), "{fault}");
    assert!(
        fault.contains(&format!("{} bytes expected", pixels.len())),
        "{fault}"
    );

    server
        .line(|line| line.contains("the images process is back"))
        .await;
    let second = images_pid(&server).await;
    assert_ne!(first, second);
    let folder = socket_folder(second);
    server.signal("INT");
    assert!(server.ended().await.success());
    gone(second).await;
    assert!(!folder.exists(), "{} is left behind", folder.display());
}

#[tokio::test]
async fn a_process_that_hangs_is_killed_and_replaced() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let first = images_pid(&server).await;
    signal(first, "STOP");
    let (upload, _) = picture();
    let failed = post(server.address, "/upload-image", upload.clone()).await;
    assert_eq!(failed.status, 500);
    assert!(failed.text().contains("9523"), "{failed:?}");
    server
        .line(|line| line.contains("IMAGES /transform 500 9523: the images process ended"))
        .await;
    server
        .line(|line| line.contains("the images process does not answer, and was killed"))
        .await;
    server
        .line(|line| line.contains("the images process is back"))
        .await;
    gone(first).await;
    assert_ne!(images_pid(&server).await, first);
    assert_eq!(
        post(server.address, "/upload-image", upload).await.status,
        200
    );
}

#[tokio::test]
async fn a_process_that_dies_before_it_answers_fails_the_call_by_name() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let first = images_pid(&server).await;
    let socket = socket_folder(first).join("images.sock");
    // A health check that the first call began is over, so the next one belongs to the call below.
    connections(&socket, |count| count <= 2).await;
    let (upload, _) = picture();
    let (half, _) = upload.split_at(upload.len() / 2);
    let length = upload.len();
    let head = format!(
        "POST /upload-image HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(head.as_bytes()).await.unwrap();
    // Without the other half, the call has no answer, and the process is healthy.
    client.write_all(half).await.unwrap();
    // The listener, the connection of the call, and that of a health check, which comes only while a call is in flight.
    connections(&socket, |count| count >= 3).await;
    signal(first, "KILL");
    let mut failed = Vec::new();
    while !failed.windows(4).any(|four| four == b"9523") {
        let read = client.read_buf(&mut failed).await.unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&failed));
    }
    assert!(failed.starts_with(b"HTTP/1.1 500 "));
    server
        .line(|line| line.contains("IMAGES /transform 500 9523: the images process ended"))
        .await;
    server
        .line(|line| line.contains("the images process ended: signal: 9"))
        .await;
    works_again(&server).await;
}

#[tokio::test]
async fn a_process_that_refuses_connections_and_does_not_come_back_fails_the_call_by_name() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let socket = socket_folder(images_child(&server)).join("images.sock");
    // Neither can be connected to, nor replaced by a process that starts.
    std::fs::remove_file(&socket).unwrap();
    std::fs::create_dir(&socket).unwrap();
    let (upload, _) = picture();
    let failed = post(server.address, "/upload-image", upload).await;
    assert_eq!(failed.status, 500);
    assert!(failed.text().contains("9502"), "{failed:?}");
    server
        .line(|line| line.contains("IMAGES /transform 502 9502: the images process cannot be"))
        .await;
    server
        .line(|line| line.contains("the images process refuses connections, and was killed"))
        .await;
    std::fs::remove_dir(&socket).unwrap();
    works_again(&server).await;
}

#[tokio::test]
async fn a_process_that_answers_garbage_fails_the_call_by_name() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let socket = socket_folder(images_child(&server)).join("images.sock");
    std::fs::remove_file(&socket).unwrap();
    let impostor = UnixListener::bind(&socket).unwrap();
    let exchange = tokio::spawn(async move {
        let (mut stream, _) = impostor.accept().await.unwrap();
        // A process that speaks before it is asked would be cut off for that.
        stream.read_exact(&mut [0; 100]).await.unwrap();
        stream
            .write_all(
                b"who goes there?

",
            )
            .await
            .unwrap();
        stream
    });
    let (upload, _) = picture();
    let failed = post(server.address, "/upload-image", upload).await;
    assert_eq!(failed.status, 500);
    assert!(failed.text().contains("9523"), "{failed:?}");
    server
        .line(|line| {
            line.contains("IMAGES /transform 500 9523: the images process answered garbage")
        })
        .await;
    server
        .line(|line| line.contains("the images process answers garbage, and was killed"))
        .await;
    exchange.await.unwrap();
    works_again(&server).await;
}

/// Waits until the process is back, and calls it.
async fn works_again(server: &DevServer) {
    server
        .line(|line| line.contains("the images process is back"))
        .await;
    let (upload, _) = picture();
    assert_eq!(
        post(server.address, "/upload-image", upload).await.status,
        200
    );
}

/// Waits until a stand-in is replaced by a process that serves, and stops it.
async fn is_back(process: StandIn) {
    process.line("the images process is back").await;
    assert_eq!(process.call("/nothing").await.status, 404);
    assert!(!process.leaves_something().await);
}

#[tokio::test]
async fn a_process_that_refuses_connections_is_replaced() {
    let process = StandIn::start(&[Part::Refuses, Part::Held], DeadlineSettings::default()).await;
    // The call waits for the replacement, which cannot be ready before the call has failed.
    let (answer, held) = tokio::join!(process.call("/nothing"), process.held_start());
    assert_eq!(
        (answer.status, answer.code(), answer.body.as_deref()),
        (
            502,
            "err=9502",
            Ok("ERROR 9502: the images process cannot be reached: it is being restarted")
        ),
        "{answer:?}"
    );
    process.line("refuses connections, and was killed").await;
    drop(held);
    is_back(process).await;
}

#[tokio::test]
async fn while_no_process_can_be_started_calls_fail_as_unreachable() {
    let process = StandIn::start(&[Part::Refuses, Part::Dies], DeadlineSettings::default()).await;
    let answer = process.call("/nothing").await;
    assert_eq!(
        (answer.status, answer.code()),
        (502, "err=9502"),
        "{answer:?}"
    );
    assert!(!process.leaves_something().await);
}

async fn is_replaced_for_garbage(part: Part) {
    let process = StandIn::start(&[part, Part::Real], DeadlineSettings::default()).await;
    let answer = process.call("/nothing").await;
    assert_eq!(
        (answer.status, answer.code()),
        (500, "err=9523"),
        "{answer:?}"
    );
    let text = answer.body.unwrap();
    assert!(text.contains("garbage"), "{text}");
    process.line("answers garbage, and was killed").await;
    is_back(process).await;
}

#[tokio::test]
async fn a_process_that_answers_garbage_is_replaced() {
    is_replaced_for_garbage(Part::AnswersGarbage).await;
}

#[tokio::test]
async fn a_process_that_speaks_before_it_is_asked_is_replaced() {
    is_replaced_for_garbage(Part::Speaks).await;
}

/// Those bytes belong to no call, and none may meet them as an answer.
#[tokio::test]
async fn a_process_that_goes_on_speaking_after_its_answer_is_replaced() {
    let process = StandIn::start(&[Part::SpeaksOn, Part::Real], DeadlineSettings::default()).await;
    let answer = process.call("/nothing").await;
    assert_eq!(
        (answer.status, answer.body.as_deref()),
        (200, Ok("ok")),
        "{answer:?}"
    );
    process.line("answers garbage, and was killed").await;
    is_back(process).await;
}

#[tokio::test]
async fn a_process_that_ends_within_an_answer_is_replaced() {
    let process =
        StandIn::start(&[Part::EndsWithin, Part::Real], DeadlineSettings::default()).await;
    let answer = process.call("/nothing").await;
    assert!(answer.body.is_err(), "{answer:?}");
    process.line("ended: exit status: 4").await;
    is_back(process).await;
}

#[tokio::test]
async fn an_answer_that_stalls_in_a_healthy_process_ends_in_an_error() {
    let deadlines = DeadlineSettings {
        body_read_ms: 2_000,
        ..DeadlineSettings::default()
    };
    let process = StandIn::start(&[Part::Stalls], deadlines).await;
    let error = process.call("/nothing").await.body.unwrap_err();
    assert!(error.contains("no byte came for 2s"), "{error}");
    assert_eq!(process.starts(), 1, "it is in good health");
    assert!(!process.leaves_something().await);
}

#[tokio::test]
async fn a_process_that_fails_to_start_three_times_says_why_and_how_to_look() {
    let parts = [
        Part::Refuses,
        Part::Dies,
        Part::Dies,
        Part::Dies,
        Part::Real,
    ];
    let process = StandIn::start(&parts, DeadlineSettings::default()).await;
    process.call("/nothing").await;
    let how = process
        .line("it failed 3 times in a row; to see why, run: ")
        .await;
    assert!(how.contains(" images --socket "), "{how}");
    process.line("    last word of start 4").await;
    process.line("the images process is back").await;
    assert_eq!(process.call("/nothing").await.status, 404);
    assert_eq!(process.starts(), 5);
    assert!(!process.leaves_something().await);
}

#[tokio::test]
async fn a_first_start_that_fails_is_an_error_with_the_last_words() {
    let Err(error) = StandIn::try_start(&[Part::Dies], DeadlineSettings::default()).await else {
        panic!("it started");
    };
    let text = error.to_string();
    assert!(text.contains("exit status: 3"), "{text}");
    assert!(text.contains("last word of start 1"), "{text}");
}

#[tokio::test]
async fn a_process_that_is_dropped_without_being_stopped_leaves_nothing_either() {
    let process = StandIn::start(&[Part::Stalls], DeadlineSettings::default()).await;
    let folder = process.folder();
    assert!(folder.exists());
    process.abandon().await;
    assert!(!folder.exists(), "{} is left behind", folder.display());
}
