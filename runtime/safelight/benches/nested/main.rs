//! The times of the nested pipeline, hop by hop: the example `nested-pipeline` under load.
//!
//! `cargo bench -p safelight --bench nested`; `-- --requests N` for more or fewer of them. Each request composites four PNG
//! overlays onto a JPEG of twelve megapixels, all read from a bucket, and has the answer resized to 800 pixels and written as
//! WebP by its URL: the real program, both processes, every byte over real sockets. The times of the hops are those of the trace.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark is read on the terminal"
)]

mod hops;
mod report;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use safelight_harness::DevServer;
use tokio::task::JoinSet;

use report::Load;

const PICTURE: &str = "/cdn-cgi/image/width=800,format=webp/composite";
const TRACES: &str = "/cdn-cgi/safelight/trace";
/// Requests of each load.
const REQUESTS: usize = 60;
/// The numbers of clients at the same time. Each client sends its next request when it has the answer.
const LOADS: [usize; 2] = [1, 4];
/// Traces that the program keeps: the maximum, which bounds the requests of one load.
const KEPT: usize = 1_000;
/// Requests before the measurement. The first answers come from cold code, and fill the bucket.
const WARM_UP: usize = 3;
/// Longest time for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> anyhow::Result<()> {
    let requests = requests()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(requests))
}

/// `--bench` comes from cargo.
fn requests() -> anyhow::Result<usize> {
    let mut requests = REQUESTS;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--requests" => {
                let number = arguments.next().context("--requests needs a number")?;
                requests = number.parse().context("--requests needs a number")?;
            }
            other => bail!("unknown argument {other}; there is --requests N"),
        }
    }
    ensure!(
        (1..=KEPT).contains(&requests),
        "--requests must be between 1 and {KEPT}"
    );
    Ok(requests)
}

async fn run(requests: usize) -> anyhow::Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let repository = repository.context("the crate lies in the repository")?;
    let state = tempfile::tempdir()?;
    let server = DevServer::builder(repository.join("examples/nested-pipeline"))
        .program(env!("CARGO_BIN_EXE_safelight"))
        .argument(format!("--persist-to={}", state.path().display()))
        .argument(format!("--trace-keep={KEPT}"))
        .timeout(ANSWER_TIMEOUT)
        .start()
        .await?;
    let server = Arc::new(server);
    let mut bytes = 0;
    for _ in 0..WARM_UP {
        bytes = ask(&server, None).await?.1;
    }
    for clients in LOADS {
        eprint!("{requests} requests of {clients} at a time ");
        let load = load(&server, clients, requests, bytes).await?;
        eprintln!();
        println!("{load}");
    }
    Ok(())
}

/// Makes the requests of some clients, and measures them.
async fn load(
    server: &Arc<DevServer>,
    clients: usize,
    requests: usize,
    bytes: usize,
) -> anyhow::Result<Load> {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let server = server.clone();
        // The first clients make the remainder.
        let own = requests / clients + usize::from(client < requests % clients);
        tasks.spawn(async move {
            let mut times = Vec::with_capacity(own);
            for _ in 0..own {
                times.push(ask(&server, Some(bytes)).await?.0);
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::with_capacity(requests);
    while let Some(task) = tasks.join_next().await {
        times.extend(task??);
    }
    let took = started.elapsed();
    let traces = server.get(TRACES).await?;
    Ok(Load {
        clients,
        took,
        times,
        hops: hops::means(&traces.body, PICTURE, requests)?,
    })
}

/// Requests one picture. Returns its time and its bytes, which are always the same.
async fn ask(server: &DevServer, bytes: Option<usize>) -> anyhow::Result<(Duration, usize)> {
    let started = Instant::now();
    let answer = server.get(PICTURE).await?;
    let time = started.elapsed();
    ensure!(answer.is_whole(), "an answer broke: {:?}", answer.broken);
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
    let length = answer.body.len();
    if let Some(bytes) = bytes {
        ensure!(length == bytes, "{length} bytes, and {bytes} before");
        return Ok((time, length));
    }
    let picture = image::load_from_memory_with_format(&answer.body, image::ImageFormat::WebP)?;
    ensure!((picture.width(), picture.height()) == (800, 600));
    Ok((time, length))
}
