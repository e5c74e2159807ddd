//! The memory that an images process keeps after broken files: thousands of each format over one connection.
//!
//! `cargo bench -p safelight --bench broken`; `-- --files N` for more or fewer of them. Each is a file of the fuzzers' corpus
//! with three changed bytes, so that most decoders decode much of it before they detect the damage. Each format has a process
//! of its own.

#![expect(clippy::print_stdout, reason = "a benchmark is read on the terminal")]

mod images;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};

use images::{Images, broken};

const FORMATS: [&str; 6] = ["avif", "heic", "jpeg", "png", "webp", "gif"];
/// Broken files of each format.
const FILES: u64 = 20_000;
/// The first of them warm the process up.
const WARM_UP: u64 = 200;

fn main() -> anyhow::Result<()> {
    let files = files()?;
    println!("| format | refused | resident before, kB | after | peak | ms a file |");
    println!("|---|---:|---:|---:|---:|---:|");
    for format in FORMATS {
        measure(format, files)?;
    }
    Ok(())
}

/// `--bench` comes from cargo.
fn files() -> anyhow::Result<u64> {
    let mut files = FILES;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--files" => {
                let number = arguments.next().context("--files needs a number")?;
                files = number.parse().context("--files needs a number")?;
            }
            other => bail!("unknown argument {other}; there is --files N"),
        }
    }
    Ok(files)
}

fn measure(format: &str, files: u64) -> anyhow::Result<()> {
    let seeds = seeds(format)?;
    let mut images = Images::start(env!("CARGO_BIN_EXE_safelight"))?;
    let one = |images: &mut Images, number: u64| {
        let index = usize::try_from(number)? % seeds.len();
        images.decode(&broken(&seeds[index], number))
    };
    for number in 0..WARM_UP {
        one(&mut images, number)?;
    }
    let before = images.memory()?;
    let started = Instant::now();
    let mut refused = 0;
    for number in WARM_UP..WARM_UP + files {
        refused += u64::from(one(&mut images, number)? != 200);
    }
    let each = started.elapsed().as_secs_f64() * 1e3 / files.max(1) as f64;
    let after = images.memory()?;
    println!(
        "| {format} | {refused} of {files} | {} | {} | {} | {each:.2} |",
        before.now, after.now, after.peak
    );
    Ok(())
}

/// The fuzzers' files of a format.
fn seeds(format: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images-service/fuzz/corpus");
    let mut paths: Vec<_> = fs::read_dir(corpus.join(format))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    paths.sort();
    let read = |path| Ok(fs::read(path)?);
    paths.into_iter().map(read).collect()
}
