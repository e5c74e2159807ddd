//! The log of a server, line by line.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

use crate::HarnessError;

/// The lines so far, and the lines to come.
#[derive(Clone)]
pub(crate) struct Log(watch::Receiver<Vec<String>>);

impl Log {
    /// Collects the lines of both outputs.
    pub(crate) fn follow(
        out: impl AsyncRead + Send + Unpin + 'static,
        err: impl AsyncRead + Send + Unpin + 'static,
    ) -> Self {
        let (sender, receiver) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        tokio::spawn(collect(out, sender.clone()));
        tokio::spawn(collect(err, sender));
        Self(receiver)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Waits for a line that satisfies `wanted`, and returns the first one.
    pub(crate) async fn wait_for_line(
        &self,
        wanted: impl Fn(&str) -> bool,
        timeout: Duration,
    ) -> Result<String, HarnessError> {
        let mut line = None;
        let found = |lines: &[String]| {
            line = lines.iter().find(|line| wanted(line)).cloned();
            line.is_some()
        };
        self.wait_for_lines(found, timeout).await?;
        Ok(line.unwrap_or_default())
    }

    /// Waits until the lines satisfy `wanted`.
    pub(crate) async fn wait_for_lines(
        &self,
        mut wanted: impl FnMut(&[String]) -> bool,
        timeout: Duration,
    ) -> Result<(), HarnessError> {
        let mut log = self.0.clone();
        let found = log.wait_for(|lines| wanted(lines));
        match tokio::time::timeout(timeout, found).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(HarnessError::Exited(self.lines())),
            Err(_) => Err(HarnessError::Timeout(self.lines())),
        }
    }
}

async fn collect(output: impl AsyncRead + Unpin, sender: Arc<watch::Sender<Vec<String>>>) {
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        // A program of a build, which writes to the same output, may write anything.
        let line = String::from_utf8_lossy(line).into_owned();
        sender.send_modify(|all| all.push(line));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Log;

    #[tokio::test]
    async fn lines_that_are_not_utf8_are_read_on() {
        let log = Log::follow(&b"one \xff\r\ntwo"[..], tokio::io::empty());
        let two = log.wait_for_line(|line| line == "two", Duration::from_secs(60));
        assert_eq!(two.await.unwrap(), "two");
        assert_eq!(log.lines(), ["one \u{fffd}", "two"]);
    }
}
