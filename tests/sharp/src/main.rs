//! The images process against sharp, doing the same work on the same machine in the same run.
//!
//! ```sh
//! cargo run --release -p safelight-against-sharp            # everything, three rounds
//! cargo run --release -p safelight-against-sharp -- AVIF 5  # jobs with this in their name, five rounds
//! ```
//!
//! Ours is the whole images process: forms over its socket, both ends of the socket counted in its time. sharp is the bare
//! library in Node, without any server before it. Every measurement has a process of its own; the two sides take turns.
//! It needs Node 20 and npm, and installs the sharp that `package.json` names into the target folder.

mod inputs;
mod job;
mod measure;
mod ours;
mod quality;
mod report;
mod sharp;

use std::{error::Error, path::PathBuf};

use self::{inputs::Inputs, job::Job, measure::Measured};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The numbers of requests in flight at the same time.
const CONCURRENCY: [usize; 2] = [1, 4];

fn main() -> Outcome<()> {
    // Cargo adds `--bench` to the caller's arguments.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if let [command, socket] = words.as_slice()
        && command == ours::SERVE
    {
        return ours::serve(&PathBuf::from(socket));
    }
    if words == [ours::PIXELS] {
        return Ok(safelight_images::process::serve()?);
    }
    let rounds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(3);
    let wanted = words.iter().find(|word| word.parse::<usize>().is_err());

    let folder = target()?.join("against-sharp");
    std::fs::create_dir_all(&folder)?;
    sharp::install(&folder)?;
    let inputs = Inputs::make(&folder)?;
    report::head();
    for job in job::all(&inputs) {
        if wanted.is_none_or(|word| job.name.contains(word.as_str())) {
            compare(&job, &folder, rounds)?;
        }
    }
    Ok(())
}

/// The folder that cargo builds into: the program stands in one of its profiles.
fn target() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program
        .ancestors()
        .nth(2)
        .ok_or("the program is not in a target folder")?;
    Ok(folder.to_owned())
}

/// One row of the table for each concurrency.
fn compare(job: &Job, folder: &std::path::Path, rounds: usize) -> Outcome<()> {
    let options = quality::sharp_options(job, folder)?;
    for concurrency in CONCURRENCY {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _round in 0..rounds {
            ours.push(ours::measure(job, concurrency, folder)?);
            theirs.push(sharp::measure(job, &options, concurrency, folder)?);
        }
        let (ours, theirs) = (Measured::median(ours), Measured::median(theirs));
        let qualities = quality::scores(job, &ours, &theirs, folder)?;
        report::row(job, concurrency, [&ours, &theirs], qualities, &options);
    }
    Ok(())
}
