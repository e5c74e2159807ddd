//! Workers that fail: each ends in a clear answer, and everybody else is served.

use futures_util::future::join_all;

use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests;

/// Everything still works after what happened.
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
        async move { get(address, "/print?id=1&ms=3600000").await }
    });
    // The first piece of its first line proves that the request is inside the instance: its line is open.
    loop {
        let answer = get(server.address, "/panic").await;
        assert_eq!(answer.status, 500);
        if waiting.is_finished() {
            break;
        }
    }
    let answer = waiting.await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.header("safelight-error")),
        (503, "bystander")
    );
    assert!(answer.text().contains("GET /panic"), "{answer:?}");
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
    let server = DevServer::start(guests::misbehaving(), "[limits]\ncpu_ms = 2000\n").await;
    let spinning: Vec<_> = (0..3)
        .map(|_| {
            let address = server.address;
            tokio::spawn(async move { get(address, "/spin").await })
        })
        .collect();
    let mut served_meanwhile = 0;
    while !spinning.iter().all(tokio::task::JoinHandle::is_finished) {
        let answer = get(server.address, "/host").await;
        // A request may be put into the instance of a spinning one just before it spins.
        assert!(answer.status == 200 || answer.header("safelight-error") == "bystander");
        served_meanwhile += usize::from(answer.status == 200);
    }
    assert!(served_meanwhile > 3, "only {served_meanwhile} were served");
    for spin in join_all(spinning).await {
        assert_eq!(spin.unwrap().status, 503);
    }
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
async fn an_instance_that_grew_large_is_replaced() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    assert_eq!(get(server.address, "/hold?mb=70").await.text().trim(), "70");
    // The next request may still find it; the one after that may not.
    get(server.address, "/hold?mb=1").await;
    assert_eq!(get(server.address, "/hold?mb=1").await.text().trim(), "1");
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
async fn a_second_answer_never_becomes_part_of_the_first() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/twice").await;
    let whole =
        answer.broken.is_none() && !String::from_utf8_lossy(&answer.body).contains("HTTP/1.1");
    assert!(answer.broken.is_some() || whole, "{answer:?}");
    serves(&server).await;
}

#[tokio::test]
async fn the_platforms_own_paths_never_reach_the_worker() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/cdn-cgi/image/width=80/a.png").await;
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
