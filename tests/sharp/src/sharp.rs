//! The other side: sharp in a Node process.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    Outcome,
    job::Job,
    measure::{Measured, cpu_ms},
};

/// Installs what `package.json` names, once.
pub(crate) fn install(folder: &Path) -> Outcome<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["package.json", "sharp.mjs"] {
        fs::copy(here.join(name), folder.join(name))?;
    }
    if folder.join("node_modules/sharp").exists() {
        return Ok(());
    }
    let status = Command::new("npm")
        .args([
            "install",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--silent",
        ])
        .current_dir(folder)
        .status()
        .map_err(|error| format!("npm, which comes with Node: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("npm could not install sharp".into())
    }
}

/// One measurement of a job.
pub(crate) fn measure(
    job: &Job,
    options: &Value,
    concurrency: usize,
    folder: &Path,
) -> Outcome<Measured> {
    let output = folder.join("sharp.out");
    let mut node = Node::start(
        folder,
        &json!({
            "input": job.input,
            "output": output,
            "width": job.width,
            "format": job.sharp.0,
            "options": options,
            "animated": job.animated,
            "concurrency": concurrency,
            "count": job.count,
        }),
    )?;
    let before = cpu_ms(&node.process)?;
    let ms = node.work()?;
    Measured::new(&node.process, job.count, ms, before, fs::read(output)?)
}

/// Pixels of an encoded image as sharp decodes it: RGB, row by row.
pub(crate) fn decode(image: &[u8], folder: &Path) -> Outcome<Vec<u8>> {
    let (input, output) = (folder.join("decode.in"), folder.join("decode.out"));
    fs::write(&input, image)?;
    let mut node = Node::start(
        folder,
        &json!({
            "input": input, "output": output, "format": "raw",
            "options": {}, "animated": false, "concurrency": 1, "count": 1,
        }),
    )?;
    node.work()?;
    Ok(fs::read(output)?)
}

struct Node {
    process: Child,
    input: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Node {
    /// Starts it and waits until it has warmed up.
    fn start(folder: &Path, job: &Value) -> Outcome<Self> {
        let mut process = Command::new("node")
            .arg("sharp.mjs")
            .arg(job.to_string())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(process.stdout.take().ok_or("no pipe")?);
        let input = process.stdin.take();
        let mut node = Self {
            process,
            input,
            lines,
        };
        node.line()?;
        Ok(node)
    }

    /// Does the work. Returns its time in milliseconds.
    fn work(&mut self) -> Outcome<f64> {
        writeln!(self.input.as_mut().ok_or("no pipe")?)?;
        let said: Value = serde_json::from_str(&self.line()?)?;
        Ok(said["ms"].as_f64().ok_or("no time")?)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Err("sharp's process ended early; its error stands above".into());
        }
        Ok(line)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.input = None;
        let _ended = self.process.wait();
    }
}
