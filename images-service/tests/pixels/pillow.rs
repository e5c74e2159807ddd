//! Pillow, the imaging library of Python, as an independent decoder and encoder, and other libraries beside it.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
    thread,
};

use crate::request::Pixels;

/// Exactly these versions, so that a difference is ours. The others: HEIC, which Pillow itself does not have; fonts; and
/// what packs WOFF2.
const PACKAGES: [&str; 4] = [
    "pillow==12.0.0",
    "pillow-heif==1.8.1",
    "fonttools==4.60.1",
    "brotli==1.2.0",
];

/// Runs Python code that finds `Image`, `sys`, `io` and the bytes of its input as `data`; whatever it hands to
/// `put` is returned.
pub(crate) fn python(code: &str, input: &[u8]) -> Vec<u8> {
    let script = format!(
        "import io, sys\nfrom PIL import Image, ImageCms\ndata = sys.stdin.buffer.read()\n\
         put = sys.stdout.buffer.write\n{code}\n"
    );
    let mut process = Command::new(interpreter())
        .args(["-I", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the virtual environment has an interpreter");
    let mut stdin = process.stdin.take().expect("it is a pipe");
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        process.wait_with_output().expect("it ran")
    });
    assert_success("the script", output)
}

/// A picture of Pillow's, saved with the given arguments. The code sees `w` and `h` and makes `im`.
pub(crate) fn saved((width, height): (u32, u32), make: &str, arguments: &str) -> Vec<u8> {
    let code = format!(
        "w, h = {width}, {height}\n{make}\nout = io.BytesIO()\nim.save(out, {arguments})\nput(out.getvalue())"
    );
    python(&code, &[])
}

/// Decodes an image with Pillow. Returns Pillow's name for the channels, and the pixels as RGBA with straight alpha.
pub(crate) fn read(image: &[u8]) -> (String, Pixels) {
    let code = "im = Image.open(io.BytesIO(data)); im.load()\n\
                put(('%s %d %d\\n' % (im.mode, *im.size)).encode()); put(im.convert('RGBA').tobytes())";
    let bytes = python(code, image);
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a head line");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a line of text");
    let mut words = head.split(' ');
    let mode = words.next().expect("a mode").to_owned();
    let mut side = || words.next().expect("a side").parse().expect("a number");
    let pixels = Pixels {
        width: side(),
        height: side(),
        data: bytes[end + 1..].to_vec(),
    };
    (mode, pixels)
}

/// A colourful picture of the given mode for the code of `saved`.
pub(crate) fn painted(mode: &str) -> String {
    format!(
        "im = Image.new('RGBA', (w, h))\n\
         im.putdata([((x * 255) // w, (y * 255) // h, 200 - (x * y) // max(w, h), 55 + (x * 200) // w)\n\
                     for y in range(h) for x in range(w)])\n\
         im = im if '{mode}' == 'RGBA' else im.convert('RGB').convert('{mode}')"
    )
}

fn interpreter() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let place = target.join(PACKAGES.join("-").replace("==", "-"));
        // Other test processes may do the same at the same time.
        let lock =
            File::create(target.join("pillow.lock")).expect("the target folder can be written");
        lock.lock().expect("the lock file can be locked");
        if !place.join("ready").exists() {
            install(&place);
        }
        place.join("bin/python")
    })
}

fn install(place: &Path) {
    let run =
        |program: &Path, arguments: &[&str]| {
            let name = program.display();
            let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| {
            panic!("these tests need python3 (3.10 or later) with its venv module; {name}: {error}")
        });
            assert_success(&format!("{name} {}", arguments.join(" ")), output);
        };
    // The remains of an interrupted run are useless.
    let _absent = fs::remove_dir_all(place);
    let path = place
        .to_str()
        .expect("the target folder has a name in Unicode");
    run(Path::new("python3"), &["-m", "venv", path]);
    let install = ["-m", "pip", "install", "--quiet"];
    run(
        &place.join("bin/python"),
        &[&install[..], &PACKAGES].concat(),
    );
    fs::write(place.join("ready"), "").expect("the target folder can be written");
}

fn assert_success(what: &str, output: Output) -> Vec<u8> {
    assert!(
        output.status.success(),
        "{what} failed; these tests need python3 (3.10 or later) with venv and pip:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
