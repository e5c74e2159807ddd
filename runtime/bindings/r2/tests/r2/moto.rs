//! An independent store that speaks the S3 protocol: moto, a server in Python.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use safelight_config::S3;

use crate::client;

/// Exactly this version, so that a difference is ours.
const MOTO: &str = "moto[s3,server]==5.2.5";

/// Ends when its standard input does: with this process, whatever way that ends.
const SERVER: &str = "
import sys, urllib.request
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
bucket = urllib.request.Request(f'http://127.0.0.1:{port}/blobs', method='PUT')
urllib.request.urlopen(bucket).read()
print(port, flush=True)
sys.stdin.read()
server.stop()
";

/// A store of its own for each caller, in the one server of this process.
pub(crate) async fn store() -> S3 {
    let server = tokio::task::spawn_blocking(server).await.unwrap();
    client::s3(format!("http://127.0.0.1:{}", server.port))
}

/// Counts the blobs of an index in the store.
pub(crate) fn count(s3: &S3, own: &str) -> usize {
    let address = s3
        .endpoint
        .strip_prefix("http://")
        .expect("it is on this machine");
    let mut connection = TcpStream::connect(address).expect("the server listens");
    let query = format!("list-type=2&prefix={}/{own}/", s3.prefix);
    let request = format!(
        "GET /{}?{query} HTTP/1.0\r\nhost: {address}\r\n\r\n",
        s3.bucket
    );
    connection
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut answer = String::new();
    connection
        .read_to_string(&mut answer)
        .expect("the server answers");
    assert!(
        answer.contains(" 200 ") && answer.contains("<IsTruncated>false"),
        "{answer}"
    );
    answer.matches("<Key>").count()
}

struct Server {
    port: u16,
    _process: Child,
}

fn server() -> &'static Server {
    static SERVER_OF_THIS_PROCESS: OnceLock<Server> = OnceLock::new();
    SERVER_OF_THIS_PROCESS.get_or_init(|| {
        let mut process = Command::new(interpreter())
            .args(["-I", "-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the virtual environment has an interpreter");
        let mut output = BufReader::new(process.stdout.take().expect("it is a pipe"));
        let mut port = String::new();
        output
            .read_line(&mut port)
            .expect("the server says its port");
        let port = port.trim().parse().expect("a port");
        // The thread drains the server's output, which would block the server when its pipe is full.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Server {
            port,
            _process: process,
        }
    })
}

fn interpreter() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let version = MOTO.rsplit('=').next().expect("it has a version");
    let place = target.join(format!("moto-{version}"));
    // Other test processes may do the same at the same time.
    let lock = File::create(target.join("moto.lock")).expect("the target folder can be written");
    lock.lock().expect("the lock file can be locked");
    if !place.join("ready").exists() {
        install(&place);
    }
    place.join("bin/python")
}

fn install(place: &Path) {
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        assert_success(
            program,
            arguments,
            &output.expect("these tests need python3"),
        );
    };
    // The remains of an interrupted run are useless.
    let _absent = fs::remove_dir_all(place);
    let path = place
        .to_str()
        .expect("the target folder has a name in Unicode");
    run(Path::new("python3"), &["-m", "venv", path]);
    let install = ["-m", "pip", "install", "--quiet", MOTO];
    run(&place.join("bin/python"), &install);
    fs::write(place.join("ready"), "").expect("the target folder can be written");
}

fn assert_success(program: &Path, arguments: &[&str], output: &Output) {
    assert!(
        output.status.success(),
        "{} {} failed; these tests need python3 with venv and pip:\n{}",
        program.display(),
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}
