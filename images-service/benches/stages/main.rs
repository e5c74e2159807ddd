//! Times each stage of the work on pixels, and whole requests, against `memcpy` of the same pixels in the same run.
//!
//! ```sh
//! cargo bench -p safelight-images --bench stages              # everything, beside the baseline
//! cargo bench -p safelight-images --bench stages -- encode    # stages with this in their name
//! cargo bench -p safelight-images --bench stages -- --write   # everything, as the new baseline
//! ```
//!
//! A number says how many times the pixels that a stage works on (those of its larger end) could have been copied in
//! the same time. It depends on the machine much less than a time does. Stage and copy alternate; each number is the
//! ratio of the medians.

mod baseline;
mod pictures;
mod stage;
mod stages;

use std::{
    error::Error,
    io::{self, Write},
};

use self::{baseline::Baseline, pictures::Pictures};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // Cargo adds `--bench` to the caller's arguments.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let write = words.iter().any(|word| word == "--write");
    let filter = words.iter().find(|word| !word.starts_with("--"));
    if let Some(unknown) = words
        .iter()
        .find(|word| word.starts_with("--") && *word != "--write")
    {
        return Err(format!("{unknown} is not known here").into());
    }
    if write && filter.is_some() {
        return Err("a baseline has every stage: give --write alone".into());
    }

    let baseline = Baseline::read()?;
    let mut measured = Baseline::default();
    let pictures = Pictures::make()?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", Baseline::HEAD)?;
    for stage in stages::all(&pictures)? {
        if filter.is_some_and(|word| !stage.name.contains(word.as_str())) {
            continue;
        }
        let ratio = stage.measure();
        writeln!(out, "{}", baseline.row(&stage.name, ratio))?;
        out.flush()?;
        measured.push(stage.name, ratio);
    }
    if write {
        measured.write()?;
    }
    Ok(())
}
