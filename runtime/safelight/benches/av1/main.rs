//! The cost of decoding AV1 in a process of its own: the same pictures inside and outside, taking turns.
//!
//! `cargo bench -p safelight --bench av1`; `-- --turns N` for more or fewer of them.

#![expect(clippy::print_stdout, reason = "a benchmark is read on the terminal")]

#[path = "../../../../images-service/tests/pixels/deep.rs"]
mod deep;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rav1e::prelude::{ChromaSampling, PixelRange};
use safelight_images::deadline::Deadline;
use safelight_images::decode::{self, Options, Shrink};
use safelight_images::limits::{Av1Decoder, JpegDecoder};
use safelight_images::options::Frames;
use safelight_images::pipeline::PixelLimits;

use deep::Coding;

const TURNS: usize = 30;
const SIZES: [(usize, usize); 3] = [(64, 64), (640, 480), (2000, 1500)];

fn main() -> anyhow::Result<()> {
    let turns = turns()?;
    let apart = Av1Decoder::Process {
        program: env!("CARGO_BIN_EXE_safelight").into(),
        arguments: vec!["decode-av1".into()],
    };
    println!("| pixels | here, ms | in a process of its own, ms | ratio | more, ms |");
    println!("|---|---:|---:|---:|---:|");
    for size in SIZES {
        let coding = Coding {
            depth: 8,
            chroma: ChromaSampling::Cs420,
            range: PixelRange::Full,
        };
        let file = deep::avif(coding, size, textured).map_err(anyhow::Error::msg)?;
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for _ in 0..turns {
            here.push(time(&file, &Av1Decoder::InProcess)?);
            there.push(time(&file, &apart)?);
        }
        let (here, there) = (median(here), median(there));
        println!(
            "| {}x{} | {here:.2} | {there:.2} | {:.2} | {:.2} |",
            size.0,
            size.1,
            there / here,
            there - here
        );
    }
    Ok(())
}

/// `--bench` comes from cargo.
fn turns() -> anyhow::Result<usize> {
    let mut turns = TURNS;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--turns" => {
                let number = arguments.next().context("--turns needs a number")?;
                turns = number.parse().context("--turns needs a number")?;
            }
            other => bail!("unknown argument {other}; there is --turns N"),
        }
    }
    Ok(turns.max(1))
}

/// Waves of every length, so that there is something to decode everywhere.
fn textured(plane: usize, x: f64, y: f64) -> f64 {
    let waves = [7.0, 31.0, 97.0, 311.0];
    let sum: f64 = waves
        .iter()
        .map(|wave| (x * wave).sin() * (y * wave + x * 5.0).cos())
        .sum();
    let depth = if plane == 0 { 0.1 } else { 0.03 };
    0.5 + depth * sum
}

/// Milliseconds from the file to its pixels.
fn time(file: &[u8], av1: &Av1Decoder) -> anyhow::Result<f64> {
    let limits = PixelLimits::default();
    let started = Instant::now();
    let header = decode::inspect(file, Frames::First, &limits.decode)?;
    let options = Options {
        shrink: Shrink::NONE,
        jpeg: JpegDecoder::default(),
        av1,
        memory: limits.memory,
        deadline: &Deadline::new(Duration::MAX),
    };
    decode::pixels(file, &header, options, Ok)?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
