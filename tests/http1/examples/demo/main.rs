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

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use inner::Inner;
use outer::Outcome;

const REQUESTS: usize = 25;
const AT_A_TIME: usize = 8;

#[tokio::main]
async fn main() -> io::Result<()> {
    let demo = Demo::start()?;
    let mut out = io::stdout();
    writeln!(out, "{}", table::HEAD)?;
    for inner in [Inner::Old, Inner::Current, Inner::Images] {
        let outcomes = demo.run(inner, REQUESTS).await?;
        writeln!(out, "{}", table::row(inner, &outcomes))?;
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
        tokio::spawn(async move {
            let limits = safelight_images::Limits::default();
            safelight_images::run(listener, limits, std::future::pending()).await
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
    use super::{Demo, Inner};

    const FEW: usize = 4;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_old_stack_cuts_every_picture_and_the_outer_pipeline_cannot_decode_it() {
        let outcomes = Demo::start().unwrap().run(Inner::Old, FEW).await.unwrap();
        assert_eq!(outcomes.len(), FEW);
        for outcome in outcomes {
            assert!(outcome.promised > 3_300_000, "{outcome:?}");
            assert!(outcome.is_cut(), "{outcome:?}");
            assert!(outcome.said.contains("9516"), "{outcome:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn our_stack_delivers_every_picture_even_to_a_handler_that_drops_its_upload() {
        let demo = Demo::start().unwrap();
        for inner in [Inner::Current, Inner::Images] {
            let outcomes = demo.run(inner, FEW).await.unwrap();
            assert_eq!(outcomes.len(), FEW);
            for outcome in outcomes {
                assert!(outcome.promised > 3_300_000, "{outcome:?}");
                assert!(!outcome.is_cut(), "{inner:?}: {outcome:?}");
                assert!(outcome.said.starts_with("200 image/webp"), "{outcome:?}");
            }
        }
    }
}
