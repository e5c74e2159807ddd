//! Faults. Each kind has a test that shows its effect on a worker.

use std::fmt;
use std::time::Duration;

/// The header that applies a fault to one request alone. Its value is the fault's text.
pub const FAULT_HEADER: &str = "safelight-fault";

/// A fault: a kind, and the name of a binding as its target, or `*` for every target that the kind applies to.
///
/// A fault applies to every call unless [`nth`](Self::nth) or [`rate`](Self::rate) restricts it. Its text is an argument of
/// `safelight dev --fault`, which refuses an invalid fault: the server then does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    target: String,
    kind: String,
    path: Option<String>,
    when: Option<String>,
    seed: Option<u64>,
}

impl Fault {
    /// Each call begins after this delay, in whole milliseconds up to ten minutes.
    ///
    /// A worker that waits for its picture still delivers it:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::delay("IMAGES", Duration::from_millis(300)))
    ///     .start()
    ///     .await?;
    /// let begun = std::time::Instant::now();
    /// assert_eq!(server.get("/careful-image").await?.status, 200);
    /// assert!(begun.elapsed() >= Duration::from_millis(300));
    /// # Ok(())
    /// # }
    /// ```
    pub fn delay(binding: &str, time: Duration) -> Self {
        Self::new(binding, format!("delay={}", time.as_millis()))
    }

    /// The service reads the upload slowly: this many bytes, from 1 to 2^30, in each interval of whole milliseconds, from 1 to
    /// 60,000.
    ///
    /// An upload that takes a while is no reason to give up:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::slow_reader("IMAGES", 20_000, Duration::from_millis(20)))
    ///     .start()
    ///     .await?;
    /// let answer = server.get("/careful-image").await?;
    /// assert!(answer.status == 200 && answer.is_whole());
    /// server.wait_for_line(|line| line.contains("FAULT IMAGES:slow_reader=20000/20 applied")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn slow_reader(binding: &str, bytes: u32, interval: Duration) -> Self {
        Self::new(
            binding,
            format!("slow_reader={bytes}/{}", interval.as_millis()),
        )
    }

    /// The service sends its answer slowly: this many bytes, from 1 to 2^30, in each interval of whole milliseconds, from 1 to
    /// 60,000.
    ///
    /// A slow answer still arrives whole, also through a worker that only passes it on:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::slow_writer("IMAGES", 50_000, Duration::from_millis(20)))
    ///     .start()
    ///     .await?;
    /// let answer = server.get("/photo").await?;
    /// assert!(answer.status == 200 && answer.is_whole());
    /// server.wait_for_line(|line| line.contains("FAULT IMAGES:slow_writer=50000/20 applied")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn slow_writer(binding: &str, bytes: u32, interval: Duration) -> Self {
        Self::new(
            binding,
            format!("slow_writer={bytes}/{}", interval.as_millis()),
        )
    }

    /// The answer ends after this many bytes, at most 2^40.
    ///
    /// A worker that only passes the picture on has sent its head by then, so its client sees a broken transfer, and never a
    /// short 200; one that waits for the whole picture can still answer 502:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::truncate("IMAGES", 200_000))
    ///     .start()
    ///     .await?;
    /// let passed_on = server.get("/photo").await?;
    /// assert!(passed_on.status == 200 && !passed_on.is_whole());
    ///
    /// let waited_for = server.get("/careful-image").await?;
    /// assert_eq!(waited_for.status, 502);
    /// assert!(waited_for.text().contains("was cut short"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn truncate(binding: &str, bytes: u64) -> Self {
        Self::new(binding, format!("truncate={bytes}"))
    }

    /// The byte at this offset of the answer, from 0 to 2^40, is inverted.
    ///
    /// The length is right and the picture is wrong. Only the digest detects this:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::corrupt("IMAGES", 100_000))
    ///     .start()
    ///     .await?;
    /// let passed_on = server.get("/photo").await?;
    /// assert!(passed_on.status == 200 && !passed_on.is_whole());
    ///
    /// let waited_for = server.get("/careful-image").await?;
    /// assert_eq!(waited_for.status, 502);
    /// assert!(waited_for.text().contains("was altered on its way"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn corrupt(binding: &str, offset: u64) -> Self {
        Self::new(binding, format!("corrupt={offset}"))
    }

    /// The connection ends before an answer.
    ///
    /// For the worker this is an error of the binding:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::reset("IMAGES").nth(2))
    ///     .start()
    ///     .await?;
    /// assert_eq!(server.get("/careful-image").await?.status, 200);
    /// let answer = server.get("/careful-image").await?;
    /// assert_eq!(answer.status, 502);
    /// assert!(answer.text().contains("9523"));
    /// assert_eq!(server.get("/careful-image").await?.status, 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset(binding: &str) -> Self {
        Self::new(binding, "reset".to_owned())
    }

    /// There is never an answer.
    ///
    /// A worker that gives up after 50 ms can still answer its client:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::hang("IMAGES"))
    ///     .start()
    ///     .await?;
    /// let answer = server.post("/drop-answer?ms=50", "anything").await?;
    /// assert_eq!(answer.text(), "dropped\n");
    /// server.wait_for_line(|line| line.contains("the worker dropped the call before its end")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn hang(binding: &str) -> Self {
        Self::new(binding, "hang".to_owned())
    }

    /// The answer is this error of the Images binding, with its status and its mark: 9402, 9410, 9412, 9413, 9432, 9502,
    /// 9516, 9522, 9523, 9525 or 9529.
    ///
    /// A worker can distinguish a busy service from a wrong picture:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::error("IMAGES", 9522))
    ///     .start()
    ///     .await?;
    /// let answer = server.get("/careful-image").await?;
    /// assert_eq!(answer.status, 502);
    /// assert!(answer.text().contains("IMAGES_TRANSFORM_ERROR 9522"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn error(binding: &str, code: u16) -> Self {
        Self::new(binding, format!("error={code}"))
    }

    /// The answer has this status, from 200 to 599. The service is not called.
    ///
    /// This is the answer of a gateway between worker and service:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::status("IMAGES", 503))
    ///     .start()
    ///     .await?;
    /// let answer = server.get("/careful-image").await?;
    /// assert_eq!(answer.status, 502);
    /// assert!(answer.text().contains("503"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(binding: &str, status: u16) -> Self {
        Self::new(binding, format!("status={status}"))
    }

    /// The service's process is killed while it has the call. The server starts another.
    ///
    /// One request fails, and those after it are served:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::crash("IMAGES").nth(1))
    ///     .start()
    ///     .await?;
    /// assert_eq!(server.get("/careful-image").await?.status, 502);
    /// server.wait_for_line(|line| line.contains("the images process is back")).await?;
    /// assert_eq!(server.get("/careful-image").await?.status, 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn crash(binding: &str) -> Self {
        Self::new(binding, "crash".to_owned())
    }

    /// The pixel process of the call is killed. The images process and its other calls go on.
    ///
    /// The call fails with 9516 of Images, and the next one is served:
    ///
    /// ```
    /// use safelight_harness::{DevServer, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving")
    ///     .fault(Fault::crash_pixels("IMAGES").nth(1))
    ///     .start()
    ///     .await?;
    /// let failed = server.get("/careful-image").await?;
    /// assert!(failed.text().contains("ERROR 9516"));
    /// assert_eq!(server.get("/careful-image").await?.status, 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn crash_pixels(binding: &str) -> Self {
        Self::new(binding, "crash=pixels".to_owned())
    }

    fn new(target: &str, kind: String) -> Self {
        Self {
            target: target.to_owned(),
            kind,
            path: None,
            when: None,
            seed: None,
        }
    }

    /// Restricts the fault to calls of this path of the service, such as `/transform`: a slash and up to 255 further printable
    /// characters without a comma.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Restricts the fault to the call of this number, from 1 to 1,000,000,000.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.when = Some(format!("nth={nth}"));
        self
    }

    /// Restricts the fault to a random share of the calls, from 0 to 1, with up to six digits after the point.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.when = Some(format!("rate={rate}"));
        self
    }

    /// Sets the seed of [`rate`](Self::rate), up to 2^63-1: the same seed selects the same calls. The default is the fault's
    /// place in the list.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

/// Writes the form that `safelight dev --fault` and the header take.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.target, self.kind)?;
        if let Some(path) = &self.path {
            write!(f, ",path={path}")?;
        }
        if let Some(when) = &self.when {
            write!(f, ",{when}")?;
        }
        match self.seed {
            Some(seed) => write!(f, ",seed={seed}"),
            None => Ok(()),
        }
    }
}
