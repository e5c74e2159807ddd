//! A running images process and one connection to it, by a client that knows no more HTTP than it needs.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use safelight_images_client::READY_LINE;
use safelight_protocol::form;
use tempfile::TempDir;

const BOUNDARY: &str = "--------------------------012345678901234567890123";

/// An images process that ends with this value.
pub(crate) struct Images {
    process: Child,
    connection: BufReader<UnixStream>,
    _folder: TempDir,
}

/// Resident memory, in kilobytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

impl Images {
    /// Starts the program as an images process, and connects.
    pub(crate) fn start(program: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("images.sock");
        let mut process = Command::new(program)
            .args(["images", "--end-with-stdin", "--socket"])
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = process.stdout.take().context("its output is a pipe")?;
        let mut lines = BufReader::new(output).lines();
        let mut said = lines.by_ref().map_while(Result::ok);
        ensure!(
            said.any(|line| line == READY_LINE),
            "the images process is not ready"
        );
        // The thread drains the process's log, which would block the process when its pipe is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Self {
            process,
            connection: BufReader::new(UnixStream::connect(&socket)?),
            _folder: folder,
        })
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Requests a picture as raw pixels. Returns the status of the answer.
    pub(crate) fn decode(&mut self, picture: &[u8]) -> anyhow::Result<u16> {
        let body = [
            form::file_head(BOUNDARY, form::IMAGE).as_bytes(),
            picture,
            form::PART_END.as_bytes(),
            form::string_part(BOUNDARY, form::TRANSFORMS, "[]").as_bytes(),
            form::string_part(BOUNDARY, form::OUTPUT_FORMAT, "rgba").as_bytes(),
            form::tail(BOUNDARY).as_bytes(),
        ]
        .concat();
        let head = format!(
            "POST /transform HTTP/1.1\r\nhost: images\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
            form::content_type(BOUNDARY),
            body.len()
        );
        let stream = self.connection.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)?;
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<u16> {
        let mut first = String::new();
        self.connection.read_line(&mut first)?;
        let status = first.split(' ').nth(1).context("an answer")?.parse()?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = self.connection.by_ref().take(length);
        std::io::copy(&mut body, &mut std::io::sink())?;
        Ok(status)
    }

    /// Reads the resident memory of the process.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let field = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let words = line.context("the kernel tells it")?.trim();
            Ok(words.trim_end_matches(" kB").parse()?)
        };
        Ok(Memory {
            now: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Breaks a file at three places that depend on the number alone. Its first bytes stay, so that its format is recognised.
pub(crate) fn broken(file: &[u8], number: u64) -> Vec<u8> {
    const KEPT: usize = 16;

    let mut file = file.to_vec();
    let mut state = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    for _ in 0..3 {
        // Knuth's generator; its upper bits are good enough.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let [place, change, ..] = (state >> 16).to_le_bytes().map(usize::from);
        let spread = usize::try_from(state >> 33).unwrap_or(0) ^ place;
        if let Some(at) = spread.checked_rem(file.len().saturating_sub(KEPT))
            && let Some(byte) = file.get_mut(KEPT + at)
        {
            *byte ^= u8::try_from(change).unwrap_or(0) | 1;
        }
    }
    file
}
