//! Pixel processes: what breaks one breaks its own request, and what one says is believed only if it makes sense.

use std::{collections::HashSet, fs, path::Path, time::Duration};

use http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use safelight_images::Limits;
use safelight_protocol::{error::ERROR_HEADER, form};

use crate::{
    client::{Client, TEST_TIMEOUT},
    form::Form,
    pictures::png,
    service::Service,
    watched::{Watched, exists},
};

impl Watched {
    /// Checks that a small request is served.
    async fn assert_serves(&self) {
        self.service.post(&small()).await.assert_good("image/png");
    }

    /// Checks that the header of a small picture is read.
    async fn assert_informs(&self) {
        let info = Form::info().file(form::IMAGE, &png(1, 1, [0; 3])).end();
        self.service
            .post(&info)
            .await
            .assert_good("application/json");
    }
}

/// Returns whether a process has worked for longer than it takes to start.
fn is_busy(process: i32) -> bool {
    const TICKS: u64 = 20;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields);
    let time = fields.and_then(|fields| fields.split(' ').nth(11)?.parse().ok());
    time.is_some_and(|time: u64| time >= TICKS)
}

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: images\r\n\r\n";

fn small() -> Form {
    Form::steps(&png(2, 2, [1, 2, 3]), "[]")
}

#[tokio::test]
async fn a_process_that_ends_fails_its_request_with_the_stage_that_it_was_in() {
    for (answer, status) in [("abort", 422), ("encoding-abort", 500)] {
        let watched = Watched::with_arguments(Limits::default(), &["stand-in", answer]);
        let failed = watched.service.post(&small()).await;
        failed.assert_error(status, 9516, "this image");
    }
}

#[tokio::test]
async fn a_process_that_hangs_is_gone_when_the_answer_is_there() {
    let mut limits = Limits::default();
    limits.pixels.time = Duration::from_millis(300);
    let watched = Watched::with_arguments(limits, &["stand-in", "hang"]);
    let mut client = watched.service.connect().await;
    client.send(&small().chunked(8192)).await;
    let mut seen = HashSet::new();
    let looking = async {
        loop {
            seen.extend(watched.processes());
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::select! {
        answer = client.answer() => answer,
        () = looking => unreachable!("it never ends"),
    };
    answer.assert_error(504, 9529, "300 ms");
    // The spare has not worked, and stays.
    let gone = seen.iter().filter(|pid| !exists(**pid));
    assert_eq!(gone.count(), 1, "{seen:?}");
}

#[tokio::test]
async fn a_message_that_makes_no_sense_fails_its_request_alone() {
    for (answer, status, code) in [
        ("long", 422, 9516),
        ("cut", 422, 9516),
        ("{", 422, 9516),
        (r#"{"Unknown":1}"#, 422, 9516),
        (r#"{"Ready":{"missing":[]}}"#, 422, 9516),
        // An answer to another question.
        (r#"{"Done":{"done":"Healthy","held":1}}"#, 500, 9523),
        // A result that is longer than the shared memory.
        (
            r#"{"Done":{"done":{"Transform":{"length":9999999999,"content_type":"image/png","facts":null}},"held":1}}"#,
            500,
            9523,
        ),
        // A content type that no result has.
        (
            r#"{"Done":{"done":{"Transform":{"length":1,"content_type":"text/html","facts":null}},"held":1}}"#,
            500,
            9523,
        ),
        // More memory than there is.
        (
            r#"{"Planned":{"needed":18446744073709551615,"held":0}}"#,
            503,
            9522,
        ),
    ] {
        let watched = Watched::with_arguments(Limits::default(), &["stand-in", answer]);
        let failed = watched.service.post(&small()).await;
        failed.assert_error(status, code, "");
    }
}

#[tokio::test]
async fn a_killed_process_fails_its_own_request_and_the_next_one_works() {
    let watched = Watched::start(Limits::default());
    let mut busy = watched.service.connect().await;
    let steps = r#"[{"imageIndex":0,"width":6000,"height":6000,"fit":"squeeze","blur":250}]"#;
    busy.send(&Form::steps(&png(1000, 1000, [9, 8, 7]), steps).chunked(8192))
        .await;
    // Whichever process works on it, it ends.
    let killing = async {
        loop {
            for pid in watched.processes().into_iter().filter(|pid| is_busy(*pid)) {
                let _gone = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::select! {
        answer = busy.answer() => answer,
        () = killing => unreachable!("it never ends"),
    };
    assert_eq!(
        answer.header(ERROR_HEADER),
        Some("err=9516"),
        "{}",
        answer.text()
    );
    let next = watched.service.post(&small()).await;
    next.assert_good("image/png");
    busy.send(&small().chunked(8192)).await;
    busy.answer().await.assert_good("image/png");
}

#[tokio::test]
async fn a_process_that_was_killed_or_stopped_while_it_was_idle_costs_no_request() {
    for sign in [Signal::KILL, Signal::STOP] {
        let watched = Watched::start(Limits::default());
        watched.assert_serves().await;
        watched.assert_informs().await;
        // The processes of the pool, a spare if there is one, and the lane's.
        for pid in watched.processes() {
            kill_process(Pid::from_raw(pid).unwrap(), sign).unwrap();
        }
        watched.assert_serves().await;
        watched.assert_informs().await;
        let mut client = watched.service.connect().await;
        client.send(HEALTH).await;
        client.answer().await.assert_good("application/json");
    }
}

#[tokio::test]
async fn a_health_check_does_not_wait_for_a_process_that_is_stopped() {
    let watched = Watched::start(Limits::default());
    let mut client = watched.service.connect().await;
    client.send(HEALTH).await;
    client.answer().await.assert_good("application/json");
    let stopped = watched.processes();
    for pid in &stopped {
        kill_process(Pid::from_raw(*pid).unwrap(), Signal::STOP).unwrap();
    }
    // The service would be killed after two checks without an answer.
    for _ in 0..3 {
        client.send(HEALTH).await;
        client.answer().await.assert_good("application/json");
    }
    assert!(
        stopped.iter().all(|pid| exists(*pid)),
        "the answers waited for the end of a stopped process"
    );
}

#[tokio::test]
async fn two_processes_that_do_not_begin_fail_the_request_and_not_its_image() {
    let watched = Watched::with_arguments(Limits::default(), &["stand-in", "unbegun"]);
    let failed = watched.service.post(&small()).await;
    failed.assert_error(500, 9523, "ended before it began");
}

#[tokio::test]
async fn the_kernel_says_that_a_process_is_confined() {
    let watched = Watched::start(Limits::default());
    watched.assert_serves().await;
    let processes = watched.processes();
    assert!(!processes.is_empty());
    for pid in processes {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
        let status = read("status");
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_ascii_whitespace().nth(1))
                .map(str::to_owned)
        };
        assert_eq!(field("NoNewPrivs:").as_deref(), Some("1"), "{status}");
        assert_eq!(field("Seccomp:").as_deref(), Some("2"), "{status}");
        assert_eq!(read("environ"), "");
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        for descriptor in descriptors.map(|entry| entry.unwrap().path()) {
            let file = fs::read_link(&descriptor).unwrap();
            let file = file.to_str().unwrap();
            let is_own = file.starts_with("socket:")
                || file.starts_with("/memfd:safelight-pixels-output")
                || file == "/dev/null"
                // The log.
                || descriptor.ends_with("2");
            assert!(is_own, "{} is {file}", descriptor.display());
        }
        assert_eq!(
            fs::read_link(format!("/proc/{pid}/cwd")).unwrap(),
            Path::new("/")
        );
        let smaps = read("smaps");
        let input = smaps.split_once("/memfd:safelight-pixels-input").unwrap().1;
        let flags = input
            .lines()
            .find(|line| line.starts_with("VmFlags:"))
            .unwrap();
        // It may never become writable.
        assert!(!flags.split(' ').any(|flag| flag == "mw"), "{flags}");
    }
}

/// Returns the soft limit of private memory of the process that worked last.
fn soft_limits(watched: &Watched) -> Vec<u64> {
    let limits = watched.processes().into_iter().filter_map(|pid| {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max data size"))?;
        line.split_ascii_whitespace().nth(3)?.parse().ok()
    });
    limits.collect()
}

#[tokio::test]
async fn the_limit_of_memory_is_the_admitted_one() {
    let limits = Limits {
        workers: 1,
        ..Limits::default()
    };
    let most = limits.pixels.memory;
    let watched = Watched::start(limits);
    watched.assert_serves().await;
    let low = soft_limits(&watched).into_iter().min().unwrap();
    assert!(low < most / 2, "{low}");
    let larger = Form::steps(&png(3000, 3000, [1, 2, 3]), "[]");
    watched.service.post(&larger).await.assert_good("image/png");
    let pixels = 3000 * 3000;
    let limits = soft_limits(&watched);
    assert!(
        limits
            .iter()
            .any(|limit| (low + 4 * pixels..low + 40 * pixels).contains(limit)),
        "{limits:?} from {low}"
    );
}

#[tokio::test]
async fn a_request_beyond_the_memory_of_all_is_refused_and_the_process_goes_on() {
    let limits = Limits {
        memory_total: 800_000_000,
        workers: 1,
        ..Limits::default()
    };
    let watched = Watched::start(limits);
    let steps = r#"[{"imageIndex":0,"width":9000,"height":9000,"fit":"squeeze"}]"#;
    let large = Form::steps(&png(1000, 1000, [1, 2, 3]), steps);
    let refused = watched.service.post(&large).await;
    refused.assert_error(503, 9522, "all requests together");
    watched.assert_serves().await;
}

#[tokio::test]
async fn a_form_is_given_up_once_its_process_has_begun() {
    // A form with its copy, or its copy beside another form.
    let watched = Watched::start(Limits {
        held_bytes: 700_000,
        ..Limits::default()
    });
    let mut picture = png(1000, 1000, [9, 8, 7]);
    picture.resize(200_000, 0);
    let steps = r#"[{"imageIndex":0,"width":6000,"height":6000,"fit":"squeeze","blur":250}]"#;
    let mut busy = watched.service.connect().await;
    busy.send(&Form::steps(&picture, steps).chunked(8192)).await;
    while !watched.processes().into_iter().any(is_busy) {
        tokio::task::yield_now().await;
    }
    let info = Form::info().file(form::IMAGE, &picture).end();
    let informed = watched.service.post(&info).await;
    informed.assert_good("application/json");
}

#[tokio::test]
async fn a_result_takes_memory_until_its_client_has_read_it() {
    let limits = Limits {
        memory_total: 1_200_000_000,
        memory_wait: Duration::from_millis(200),
        workers: 1,
        ..Limits::default()
    };
    let service = Service::with(limits);
    let steps = r#"[{"imageIndex":0,"width":6000,"height":4000,"fit":"squeeze"}]"#;
    let large = Form::transform()
        .file(form::IMAGE, &png(2, 2, [1, 2, 3]))
        .string(form::TRANSFORMS, steps)
        .string(form::OUTPUT_FORMAT, "rgba")
        .end();
    let mut readers = Vec::new();
    let refused = loop {
        let mut reader = service.connect().await;
        reader.send(&large.chunked(8192)).await;
        // The rest of the answer is left on the socket.
        let (status, _) = reader.head().await;
        if status != StatusCode::OK {
            break status;
        }
        readers.push(reader);
        assert!(readers.len() < 10, "ten results of 96 MB are held");
    };
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!readers.is_empty());
    drop(readers);
    let whole = service.post(&large).await;
    assert_eq!(
        (whole.status, whole.body.len()),
        (StatusCode::OK, 96_000_000)
    );
}

#[tokio::test]
async fn a_full_queue_keeps_neither_info_nor_health_waiting() {
    let limits = Limits {
        workers: 0,
        ..Limits::default()
    };
    let service = Service::with(limits);
    let mut waiting = service.connect().await;
    waiting.send(&small().chunked(8192)).await;
    let info = Form::info().file(form::IMAGE, &png(1, 1, [0; 3])).end();
    service.post(&info).await.assert_good("application/json");
    let mut client: Client = service.connect().await;
    client.send(HEALTH).await;
    client.answer().await.assert_good("application/json");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named() {
    let service = Service::with_arguments(Limits::default(), &["unknown"]);
    let answer = service.post(&small()).await;
    answer.assert_error(503, 9522, "a pixel process did not start");
}

#[tokio::test]
async fn processes_end_with_their_service() {
    let mut watched = Watched::start(Limits::default());
    watched.assert_serves().await;
    let processes = watched.processes();
    watched.service.stop();
    watched.into_service().ended().await.unwrap();
    let gone = async {
        while processes.iter().any(|pid| exists(*pid)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, gone).await.unwrap();
}
