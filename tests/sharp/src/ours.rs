//! Our side: the images process itself, and a client with a number of requests in flight.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use safelight_images::{Limits, PixelProgram, run};
use safelight_net::socket::{BoundSocket, bind};
use safelight_protocol::form;
use serde_json::json;

use crate::{
    Outcome,
    job::Job,
    measure::{Measured, cpu_ms},
};

/// The argument with which this program is its own second process.
pub(crate) const SERVE: &str = "--serve";
/// The argument with which this program is a pixel process.
pub(crate) const PIXELS: &str = "--pixels";
const BOUNDARY: &str = "--------------------------000000000000000000000000";

/// The second process: serves until its input ends.
pub(crate) fn serve(socket: &Path) -> Outcome<()> {
    safelight_images::heap::limit_malloc_arenas();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let BoundSocket { listener, file } = bind(socket)?;
        println_line("ready")?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            let _until_the_end = std::io::stdin().read_to_end(&mut Vec::new());
            stop.send(())
        });
        let program = PixelProgram {
            program: std::env::current_exe()?,
            arguments: vec![PIXELS.into()],
        };
        run(listener, Limits::default(), program, async {
            let _either_way = stopped.await;
        })
        .await?;
        drop(file);
        Ok(())
    })
}

fn println_line(text: &str) -> Outcome<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// One measurement of a job.
pub(crate) fn measure(job: &Job, concurrency: usize, folder: &Path) -> Outcome<Measured> {
    let service = Service::start(folder)?;
    let request = request(job)?;
    service.work(&request, concurrency, concurrency)?;
    let before = cpu_ms(&service.process)?;
    let started = Instant::now();
    let result = service.work(&request, job.count, concurrency)?;
    let ms = started.elapsed().as_secs_f64() * 1e3;
    Measured::new(&service.process, job.count, ms, before, result)
}

struct Service {
    process: Child,
    socket: PathBuf,
    _alive: Option<ChildStdin>,
}

impl Service {
    fn start(folder: &Path) -> Outcome<Self> {
        let socket = folder.join("images.sock");
        let mut process = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
        let alive = process.stdin.take();
        Ok(Self {
            process,
            socket,
            _alive: alive,
        })
    }

    /// Sends a request `count` times over some connections. Returns one of the results.
    fn work(&self, request: &[u8], count: usize, lanes: usize) -> Outcome<Vec<u8>> {
        let taken = AtomicUsize::new(0);
        let lane = || -> Result<Vec<u8>, String> {
            let text = |error: &dyn std::fmt::Display| error.to_string();
            let mut stream =
                BufReader::new(UnixStream::connect(&self.socket).map_err(|e| text(&e))?);
            let mut result = Vec::new();
            while taken.fetch_add(1, Ordering::Relaxed) < count {
                result = exchange(&mut stream, request).map_err(|error| text(&error))?;
            }
            Ok(result)
        };
        let results = thread::scope(|scope| {
            let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
            lanes
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect::<Vec<_>>()
        });
        let mut last = Vec::new();
        for result in results {
            let result = result.map_err(|_panic| "a client thread panicked")??;
            if !result.is_empty() {
                last = result;
            }
        }
        Ok(last)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self._alive = None;
        let _ended = self.process.wait();
    }
}

fn request(job: &Job) -> Outcome<Vec<u8>> {
    let mut body = form::file_head(BOUNDARY, form::IMAGE).into_bytes();
    body.extend(std::fs::read(&job.input)?);
    body.extend(form::PART_END.as_bytes());
    let steps = json!([{"imageIndex": 0, "width": job.width}]).to_string();
    body.extend(form::string_part(BOUNDARY, form::TRANSFORMS, &steps).as_bytes());
    body.extend(form::string_part(BOUNDARY, form::OUTPUT_FORMAT, job.format).as_bytes());
    if let Some(quality) = job.quality {
        let quality = quality.to_string();
        body.extend(form::string_part(BOUNDARY, form::OUTPUT_QUALITY, &quality).as_bytes());
    }
    body.extend(form::tail(BOUNDARY).as_bytes());
    let head = format!(
        "POST /transform HTTP/1.1\r\nhost: images\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
        form::content_type(BOUNDARY),
        body.len()
    );
    Ok([head.into_bytes(), body].concat())
}

fn exchange(stream: &mut BufReader<UnixStream>, request: &[u8]) -> Outcome<Vec<u8>> {
    stream.get_mut().write_all(request)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head)? == 0 {
            return Err("the images process closed the connection".into());
        }
    }
    let head = String::from_utf8(head)?.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .ok_or("an answer without a length")?;
    let mut body = vec![0; length.trim().parse()?];
    stream.read_exact(&mut body)?;
    if !head.starts_with("http/1.1 200") {
        return Err(String::from_utf8_lossy(&body).into());
    }
    Ok(body)
}
