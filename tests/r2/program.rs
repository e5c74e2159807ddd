//! Another program that uses a bucket: this one, run a second time, which does what it is told line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use safelight::config::{S3, Storage};

use crate::bucket::TestBucket;

/// Tells a run of this program where the bucket is that it is to use.
const FOLDER: &str = "SAFELIGHT_TEST_FOLDER";
const ENDPOINT: &str = "SAFELIGHT_TEST_ENDPOINT";

/// What its own lines begin with, among those of a test run.
const SAYS: &str = "SAYS ";

pub(crate) struct Program {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Runs this program as the test `name`, which is to do nothing unless it is run so.
    pub(crate) fn run(name: &str, folder: &Path, storage: &Storage) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(s3) = &storage.s3 {
            command.env(ENDPOINT, &s3.endpoint);
        }
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Runs one that puts and gets the object `k` as it is told.
    pub(crate) fn start(folder: &Path, storage: &Storage) -> Self {
        Self::run("program::obeys", folder, storage)
    }

    pub(crate) fn tell(&mut self, what: &str) {
        let input = self.process.stdin.as_mut().unwrap();
        input.write_all(format!("{what}\n").as_bytes()).unwrap();
    }

    /// The next thing that it says; none when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(said) = line.trim_end_matches('\n').strip_prefix(SAYS) {
                return Some(said.to_owned());
            }
        }
    }

    pub(crate) fn answer(&mut self) -> String {
        self.hear().expect("it still runs")
    }

    pub(crate) fn ask(&mut self, what: &str) -> String {
        self.tell(what);
        self.answer()
    }

    /// Kills it. What it has said before still can be heard.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        self.process.wait().unwrap();
    }
}

/// The bucket that this run of the program was told to use, if it was.
pub(crate) async fn told() -> Option<TestBucket> {
    let folder = std::env::var(FOLDER).ok()?;
    let storage = Storage {
        s3: std::env::var(ENDPOINT).ok().map(|endpoint| S3 {
            endpoint,
            bucket: "blobs".into(),
            region: "us-east-1".into(),
            prefix: "of/tests".into(),
        }),
        ..Storage::default()
    };
    Some(TestBucket::open_at(folder.as_ref(), storage).await)
}

/// The number to begin with, as this run is told.
pub(crate) fn first() -> u64 {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim().parse().unwrap()
}

pub(crate) fn say(what: &str) {
    // One write, so that no half of it arrives; and past the capture of tests.
    let mut output = std::io::stdout();
    output
        .write_all(format!("\n{SAYS}{what}\n").as_bytes())
        .unwrap();
    output.flush().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn obeys() {
    let Some(bucket) = told().await else {
        return;
    };
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "get" => say(bucket.get("k").await.text()),
            "put many" => {
                for number in 100..120 {
                    bucket.put("k", number.to_string()).await;
                }
                say("done");
            }
            line => {
                bucket.put("k", line.strip_prefix("put ").unwrap()).await;
                say("done");
            }
        }
    }
}
