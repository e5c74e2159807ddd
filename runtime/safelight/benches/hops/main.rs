//! The cost of the layers around a binding call, as ratios: calls with and without a layer take turns, at four sizes of answer.
//!
//! `cargo bench -p safelight --bench hops`; `-- --sittings N` for more or fewer repetitions. A call takes the path of every
//! binding call, from the layers over the pool and a Unix socket to a second process and back, without a guest.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark is read on the terminal"
)]

mod call;
mod load;
mod report;
mod stand_in;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use safelight_hop::log::Log;
use safelight_images_client::ImagesProcess;
use safelight_protocol::settings::ImagesSettings;

use call::{Caller, Layers, PROCESSES, RECORDING};
use load::{Load, SIZES};
use report::Table;

/// Number of sittings. Each starts the processes anew, because the layout of memory is constant in the life of a process.
const SITTINGS: usize = 6;
/// Calls whose transport a recording process keeps, as for 100 requests.
const TRANSPORTS: u16 = 400;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Started as a stand-in for the images process.
    if arguments.first().is_some_and(|role| role == "images") {
        return stand_in::run(&arguments);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let sittings = sittings(&arguments)?;
    // A call starts on a worker thread, as those of guests do.
    runtime.block_on(async { tokio::spawn(run(sittings)).await? })
}

/// `--bench` comes from cargo.
fn sittings(arguments: &[String]) -> anyhow::Result<usize> {
    let mut sittings = SITTINGS;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--sittings" => {
                let number = arguments.next().context("--sittings needs a number")?;
                sittings = number.parse().context("--sittings needs a number")?;
            }
            other => bail!("unknown argument {other}; there is --sittings N"),
        }
    }
    Ok(sittings.max(1))
}

async fn run(sittings: usize) -> anyhow::Result<()> {
    println!("{}", report::HOW_TO_READ);
    let programs = [
        (Load::Bytes, std::env::current_exe()?),
        (Load::Pixels, PathBuf::from(env!("CARGO_BIN_EXE_safelight"))),
    ];
    for (load, program) in programs {
        let mut table = Table::new();
        for sitting in 0..sittings {
            eprint!("\r{load}: {} of {sittings} ", sitting + 1);
            sit(&mut table, load, &program, sitting).await?;
        }
        eprintln!();
        println!("{load}: medians\n{}", table.at(0.5));
        println!("{load}: the fastest tenth\n{}", table.at(0.1));
    }
    Ok(())
}

/// Starts the processes, of which one records its transports, and calls them by turns.
async fn sit(table: &mut Table, load: Load, program: &Path, sitting: usize) -> anyhow::Result<()> {
    let mut processes = Vec::new();
    for place in 0..PROCESSES {
        // The order of the starts must not matter.
        let number = (place + sitting) % PROCESSES;
        let settings = ImagesSettings {
            transports: if number == RECORDING { TRANSPORTS } else { 0 },
            ..ImagesSettings::default()
        };
        let log = Log::new(std::io::sink());
        let process = ImagesProcess::start(program.into(), settings, log).await?;
        processes.push((number, process));
    }
    processes.sort_by_key(|(number, _)| *number);
    let callers = processes.iter();
    let callers: Vec<_> = callers.map(|(_, process)| Caller::new(process)).collect();
    let mut chance = fastrand::Rng::with_seed(sitting as u64);
    for size in SIZES {
        let mut sitting_of_size = table.sitting(size);
        let mut order = Layers::ALL;
        for _ in 0..load.rounds(size) {
            // The order of the calls must not matter.
            chance.shuffle(&mut order);
            for layers in order {
                let caller = callers.get(layers.process()).context("no such process")?;
                // The first call only wakes the process, which another one may have kept from the processor.
                for counts in [false, true] {
                    let request = load.request(size, layers)?;
                    let time = caller.call(request, layers, size).await?;
                    if counts {
                        sitting_of_size.add(layers, time);
                    }
                }
            }
        }
        sitting_of_size.digest(load::digest_time(size));
        table.take(sitting_of_size);
    }
    for (_, process) in processes {
        process.stop().await;
    }
    Ok(())
}
