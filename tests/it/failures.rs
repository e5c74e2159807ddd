//! Workers that fail: each failure is a clear answer, and all other requests are served.

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::get;
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;

/// Asserts that the server still works after a failure.
async fn serves(server: &DevServer) {
    let answer = get(server.address, "/host").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_panic_is_a_500_with_the_workers_last_words() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/panic").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (500, "trap")
    );
    assert!(
        answer.text().contains("this worker panics on purpose"),
        "{answer:?}"
    );
    serves(&server).await;
}

#[tokio::test]
async fn those_who_shared_the_instance_of_a_panic_are_told_whose_it_was() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let waiting = tokio::spawn({
        let address = server.address;
        async move { get(address, "/sleep?ms=3600000").await }
    });
    // The panic may come before the other request, or in another instance, so it is repeated until it hits.
    let panics = async {
        while !waiting.is_finished() {
            assert_eq!(get(server.address, "/panic").await.status, 500);
        }
    };
    timeout(TEST_TIMEOUT, panics)
        .await
        .expect("no panic hits the instance");
    let answer = waiting.await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (503, "bystander")
    );
    assert!(answer.text().contains("GET /panic"), "{answer:?}");
    serves(&server).await;
}

#[tokio::test]
async fn a_status_that_ends_no_request_is_an_error_of_the_worker() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for status in [100, 101, 103] {
        let answer = get(server.address, &format!("/status?code={status}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("safelight-error")),
            (500, "worker-error")
        );
        let text = format!("the worker answered with the status {status}, which ends no request");
        assert!(answer.text().contains(&text), "{answer:?}");
        server.line(|line| line.contains(&text)).await;
    }
    serves(&server).await;
}

#[tokio::test]
async fn a_worker_that_spins_is_stopped_at_its_cpu_limit() {
    let server = DevServer::start(guests::misbehaving(), "[limits]\ncpu_ms = 300\n").await;
    let answer = get(server.address, "/spin").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (503, "cpu-limit")
    );
    assert!(answer.text().contains("CPU limit of 300 ms"), "{answer:?}");
    serves(&server).await;
}

#[tokio::test]
async fn others_are_served_while_more_workers_spin_than_there_are_threads() {
    let server = DevServer::start(guests::misbehaving(), "[limits]\ncpu_ms = 300000\n").await;
    let spinning: Vec<_> = (0..3)
        .map(|_| {
            let address = server.address;
            tokio::spawn(async move { get(address, "/spin").await })
        })
        .collect();
    // Each answer below is given while all three spin: their limit is far away.
    let served = async {
        let mut served = 0;
        while served < 5 {
            let answer = get(server.address, "/host").await;
            served += usize::from(answer.status == 200);
        }
    };
    timeout(TEST_TIMEOUT, served)
        .await
        .expect("others are not served");
    assert!(!spinning.iter().any(tokio::task::JoinHandle::is_finished));
    spinning.iter().for_each(tokio::task::JoinHandle::abort);
    join_all(spinning).await;
}

#[tokio::test]
async fn waiting_does_not_count_as_cpu_time() {
    let server = DevServer::start(guests::misbehaving(), "[limits]\ncpu_ms = 100\n").await;
    let answer = get(server.address, "/sleep?ms=400").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_worker_that_allocates_without_end_is_stopped_at_its_memory_limit() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/allocate").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (503, "memory-limit")
    );
    assert!(
        answer.text().contains("more than its limit of 134217728"),
        "{answer:?}"
    );
    serves(&server).await;
}

#[tokio::test]
async fn the_memory_of_all_instances_has_a_limit() {
    let limit = "[safelight]\nmemory_mb = 128\ninstances_memory_mb = 100\n";
    let server = DevServer::start(guests::misbehaving(), limit).await;
    // The memory of an instance that has died is there for the next one.
    for _ in 0..3 {
        let answer = get(server.address, "/allocate").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("safelight-error")),
            (503, "memory-limit")
        );
        assert!(answer.text().contains("the 104857600 bytes"), "{answer:?}");
        serves(&server).await;
    }
}

#[tokio::test]
async fn an_instance_whose_first_memory_is_too_much_for_all_is_refused() {
    let limit = "[safelight]\ninstances_memory_mb = 1\n";
    let server = DevServer::start(guests::misbehaving(), limit).await;
    let answer = get(server.address, "/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (503, "memory-limit")
    );
    assert!(answer.text().contains("the 1048576 bytes"), "{answer:?}");
}

#[tokio::test]
async fn an_instance_that_grew_large_is_replaced() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    assert_eq!(get(server.address, "/hold?mb=70").await.text().trim(), "70");
    // One more request may still be taken by the large instance; then it is gone.
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(
            get(server.address, "/hold?mb=1")
                .await
                .text()
                .trim()
                .to_owned(),
        );
    }
    assert!(!held.contains(&"72".to_owned()), "{held:?}");
}

#[tokio::test]
async fn an_error_that_the_worker_returns_is_a_500_with_its_text() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/error").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (500, "worker-error")
    );
    assert!(
        answer.text().contains("this worker fails on purpose"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_second_answer_never_follows_the_first() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let requests = "GET /twice HTTP/1.1\r\nhost: localhost\r\n\r\nGET /host HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    client.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = String::new();
    // A connection may close after the first answer, or continue with the next request.
    let _ = client.read_to_string(&mut answers).await;
    assert!(answers.contains("\r\n\r\nfirst\n"), "{answers}");
    assert!(!answers.contains("second"), "{answers}");
    serves(&server).await;
}

#[tokio::test]
async fn the_platforms_own_paths_never_reach_the_worker() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/cdn-cgi/rum").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (404, "not-served")
    );
}

#[tokio::test]
async fn work_after_the_response_is_done_and_its_failure_is_logged() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    assert_eq!(
        get(server.address, "/wait-until?ms=50&id=7").await.status,
        200
    );
    server
        .line(|line| line.contains("stdout | after the response 7"))
        .await;
    server
        .line(|line| line.contains("and this failed on purpose"))
        .await;
}
