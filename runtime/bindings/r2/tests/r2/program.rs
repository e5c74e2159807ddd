//! A second program that uses a bucket: `r2-writer`, a binary target of this package.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use safelight_config::Storage;

/// The time after which a test fails instead of standing still.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(60);

const WRITER: &str = env!("CARGO_BIN_EXE_r2-writer");

pub(crate) struct Program {
    process: Child,
    /// The lines of its output. The channel is closed at the end.
    lines: Receiver<String>,
}

/// The place at which a writer is killed.
#[derive(Clone, Copy)]
pub(crate) enum Kill {
    /// At its event, where it waits.
    Within,
    /// After its event, while it goes on.
    Beyond,
}

impl Kill {
    /// Every second one of many rounds kills the writer within its event.
    pub(crate) const fn in_round(round: u64) -> Self {
        match round % 2 {
            0 => Self::Within,
            _ => Self::Beyond,
        }
    }
}

impl Program {
    /// Runs the writer in one of its modes.
    pub(crate) fn run(mode: &str, folder: &Path, storage: &Storage) -> Self {
        let mut command = Command::new(WRITER);
        command
            .arg(mode)
            .arg(folder)
            .args(storage.s3.as_ref().map(|s3| &s3.endpoint));
        Self::spawn(command)
    }

    /// Runs the writer in one of its modes on a disk of 4 MB, which it alone sees in the folder.
    pub(crate) fn run_on_a_small_disk(mode: &str, folder: &Path) -> Self {
        let mount = "mount -t tmpfs -o size=4m tmpfs \"$2\" && exec \"$0\" \"$1\" \"$2\"";
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", mount])
            .args([WRITER, mode])
            .arg(folder);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            // A kill may cut a line off, which is then no event.
            while output.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
                let _test_has_ended = sender.send(line.trim_end().to_owned());
                line.clear();
            }
        });
        Self { process, lines }
    }

    pub(crate) fn write(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line of its output; none when it has ended.
    pub(crate) fn next_line(&self) -> Option<String> {
        match self.lines.recv_timeout(TEST_TIMEOUT) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the writer says nothing"),
        }
    }

    /// Has the writer begin with the number `first`, and kills it at its event number `event`, or at the next one that is
    /// no answer. Returns all its events.
    pub(crate) fn kill_at(mut self, event: usize, kill: Kill, first: u64) -> Vec<String> {
        let hold = match kill {
            Kill::Within => event,
            Kill::Beyond => usize::MAX,
        };
        self.write(&format!("{first} {hold}"));
        let mut events = Vec::new();
        let mut is_killed = false;
        // The output from before the kill still arrives.
        while let Some(line) = self.next_line() {
            let is_answer = line.starts_with("answered ");
            events.push(line);
            if !is_killed && !is_answer && events.len() >= event {
                self.kill();
                is_killed = true;
            }
        }
        assert!(is_killed, "the writer ended by itself: {events:?}");
        events
    }

    pub(crate) fn answer(&self) -> String {
        self.next_line().expect("the writer still runs")
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.write(line);
        self.answer()
    }

    /// Kills it. Its earlier output can still be read.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
    }
}

/// The known facts of a program that was killed.
pub(crate) struct Killed<B> {
    /// The numbers of the operations that it answered.
    pub(crate) answered: Vec<u64>,
    /// The last operation that it began.
    pub(crate) begun: Option<B>,
}

impl<B> Killed<B> {
    /// Reads the program's events. `begun` reads the words of an operation's beginning.
    pub(crate) fn from_events(events: &[String], begun: impl Fn(&[&str]) -> B) -> Self {
        let mut killed = Self {
            answered: Vec::new(),
            begun: None,
        };
        for event in events {
            match event.split(' ').collect::<Vec<_>>().as_slice() {
                ["begun", words @ ..] => killed.begun = Some(begun(words)),
                ["answered", number] => killed.answered.push(number.parse().unwrap()),
                ["piece"] => {}
                other => panic!("{other:?}"),
            }
        }
        killed
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        self.process.wait().unwrap();
    }
}
