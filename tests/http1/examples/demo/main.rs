//! A pipeline within a pipeline, on the HTTP/1 stack that loses the ends of answers and on ours: how many pictures arrive?
//!
//! The inner pipeline draws a picture onto a picture and answers with some megabytes of PNG. The outer one fetches that over a Unix
//! socket, at its own pace, and has it resized and written as WebP. Nothing in it compares the bytes with the promised length.
//!
//! | module | holds |
//! |---|---|
//! | `inner` | the inner pipeline, served in three ways |
//! | `outer` | the outer pipeline |
//! | `client` | one request and its answer, as far as it arrives |
//! | `form` | the forms of both |
//! | `upload` | the upload of a request, of either hyper |
//! | `table` | the outcomes as a table |

mod client;
mod form;
mod inner;
mod outer;
mod table;
#[path = "../../src/upload.rs"]
mod upload;

use std::future::pending;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safelight_images::{Limits, PixelProgram, process};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use inner::Inner;
use outer::Outcome;

const AT_A_TIME: usize = 8;

/// The argument that makes this program a pixel process.
const PIXELS: &str = "pixels";

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(PIXELS) {
        return process::serve();
    }
    tokio::runtime::Runtime::new()?.block_on(demonstrate())
}

/// Prints the table. Its test fails unless the table is as it must be.
async fn demonstrate() -> io::Result<()> {
    let requests = if cfg!(test) { 4 } else { 25 };
    let demo = Demo::start()?;
    let mut out = io::stdout();
    writeln!(out, "{}", table::HEAD)?;
    for inner in [Inner::Old, Inner::Current, Inner::Images] {
        let outcomes = demo.run(inner, requests).await?;
        writeln!(out, "{}", table::row(inner, &outcomes))?;
        #[cfg(test)]
        tests::check(inner, &outcomes, requests);
    }
    Ok(())
}

/// The images process of both pipelines, and a folder for sockets.
struct Demo {
    folder: TempDir,
}

impl Demo {
    fn start() -> io::Result<Self> {
        let demo = Self {
            folder: tempfile::tempdir()?,
        };
        let listener = UnixListener::bind(demo.images())?;
        let program = PixelProgram {
            program: std::env::current_exe()?,
            arguments: vec![PIXELS.into()],
        };
        tokio::spawn(async move {
            safelight_images::run(listener, Limits::default(), program, pending()).await
        });
        Ok(demo)
    }

    fn images(&self) -> PathBuf {
        self.folder.path().join("images.sock")
    }

    /// Runs the outer pipeline several times, some at a time, over an inner one with this server.
    async fn run(&self, inner: Inner, requests: usize) -> io::Result<Vec<Outcome>> {
        let images: Arc<Path> = self.images().into();
        let socket: Arc<Path> = match inner {
            Inner::Images => images.clone(),
            Inner::Old | Inner::Current => {
                let socket = self.folder.path().join(format!("{inner:?}.sock"));
                let listener = UnixListener::bind(&socket)?;
                tokio::spawn(inner::serve(inner, listener, images.clone()));
                socket.into()
            }
        };
        let permits = Arc::new(Semaphore::new(AT_A_TIME));
        let mut batch = JoinSet::new();
        for _ in 0..requests {
            let (permits, socket, images) = (permits.clone(), socket.clone(), images.clone());
            batch.spawn(async move {
                let _permit = permits.acquire().await.map_err(io::Error::other)?;
                outer::run(&socket, &images).await
            });
        }
        batch.join_all().await.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Inner, outer::Outcome};

    /// Verifies that the old stack cuts every picture, which the outer pipeline then cannot decode, and that ours delivers
    /// every picture, even to a handler that drops its upload.
    pub(super) fn check(inner: Inner, outcomes: &[Outcome], requests: usize) {
        assert_eq!(outcomes.len(), requests);
        for outcome in outcomes {
            assert!(outcome.promised > 3_300_000, "{inner:?}: {outcome:?}");
            match inner {
                Inner::Old => {
                    assert!(outcome.is_cut(), "{outcome:?}");
                    assert!(outcome.said.contains("9516"), "{outcome:?}");
                }
                Inner::Current | Inner::Images => {
                    assert!(!outcome.is_cut(), "{inner:?}: {outcome:?}");
                    assert!(outcome.said.starts_with("200 image/webp"), "{outcome:?}");
                }
            }
        }
    }
}
