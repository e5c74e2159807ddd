//! A decoder of AV1 in a process of its own, replaced by shell scripts: its failures affect its own request and no other.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Command,
    time::Duration,
};

use ravif::{Encoder, Img, RGB8};
use safelight_images::{Limits, limits::Av1Decoder};
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::timeout};

use crate::{client::Client, form::Form, pictures::png, service::Service};

/// The time after which a test fails whose process has not ended.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The first bytes of an answer: a picture, 8 bits a sample, monochrome, matrix 2 (unspecified), full range.
const GRAY: [u8; 5] = [0, 8, 0, 2, 0];

/// An AVIF of 16 by 16 pixels.
fn avif() -> Vec<u8> {
    let pixels = [RGB8::new(200, 30, 40); 256];
    let encoder = Encoder::new().with_speed(10);
    encoder
        .encode_rgb(Img::new(&pixels[..], 16, 16))
        .unwrap()
        .avif_file
}

/// A service whose decoder is a script in a folder, where it also finds what the test leaves there.
struct Stage {
    service: Service,
    folder: TempDir,
}

impl Stage {
    fn new(script: &str) -> Self {
        Self::within(Limits::default(), script)
    }

    fn within(mut limits: Limits, script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("decoder"), script).unwrap();
        let started = folder.path().join("started");
        assert!(
            Command::new("mkfifo")
                .arg(started)
                .status()
                .unwrap()
                .success()
        );
        let enter = format!("cd '{}' && . ./decoder", folder.path().display());
        limits.pixels.decode.av1 = Av1Decoder::Process {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), enter.into()],
        };
        let service = Service::with(Limits {
            workers: 4,
            ..limits
        });
        Self { service, folder }
    }

    async fn send(&self, image: &[u8]) -> Client {
        let mut client = self.service.connect().await;
        client.send(&Form::steps(image, "[]").chunked(8192)).await;
        client
    }

    /// The process numbers of so many decoders, as soon as all have written theirs.
    async fn started(&self, count: usize) -> Vec<u32> {
        let path = self.folder.path().join("started");
        // Open for writing as well, so that no end is seen between two of them.
        let pipe = fs::File::options().read(true).write(true).open(&path);
        let lines = BufReader::new(pipe.unwrap()).lines().take(count);
        let pids = spawn_blocking(|| lines.map(|line| line.unwrap().parse().unwrap()).collect());
        let Ok(numbers) = timeout(TEST_TIMEOUT, pids).await else {
            // Lets the thread go.
            fs::write(path, "none\n").unwrap();
            panic!("no decoder has started");
        };
        numbers.unwrap()
    }

    /// Sends its instruction to a waiting decoder.
    fn order(&self, decoder: u32, word: &str) {
        let orders = self.folder.path().join(format!("orders.{decoder}"));
        fs::write(orders, format!("{word}\n")).unwrap();
    }
}

fn exists(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

/// Waits until the kernel has removed a process, so that it is no zombie either.
async fn gone(process: u32) {
    let gone = async {
        while exists(process) {
            tokio::task::yield_now().await;
        }
    };
    timeout(TEST_TIMEOUT, gone)
        .await
        .expect("the process stays");
}

#[tokio::test]
async fn a_decoder_that_aborts_fails_its_own_request_and_no_other() {
    let stage = Stage::new(
        "mkfifo orders.$$; echo $$ > started; read order < orders.$$\n\
         [ $order = abort ] && kill -ABRT $$\n\
         exec cat answer",
    );
    fs::write(
        stage.folder.path().join("answer"),
        [&GRAY[..], &[90; 256]].concat(),
    )
    .unwrap();
    let [mut one, mut other] = [stage.send(&avif()).await, stage.send(&avif()).await];
    let [first, second] = stage.started(2).await[..] else {
        panic!("two decoders");
    };
    stage.order(first, "abort");
    // Whichever it is, the other one is still being decoded.
    let dead = tokio::select! {
        answer = one.answer() => { std::mem::swap(&mut one, &mut other); answer }
        answer = other.answer() => answer,
    };
    dead.assert_error(422, 9516, "the decoder of image/avif failed");
    stage
        .service
        .post(&Form::steps(&png(1, 1, [0, 0, 0]), "[]"))
        .await
        .assert_good("image/png");
    stage.order(second, "answer");
    one.answer().await.assert_good("image/png");
}

#[tokio::test]
async fn a_decoder_that_hangs_is_killed_when_the_time_is_over() {
    let mut limits = Limits::default();
    limits.pixels.time = Duration::from_secs(2);
    let stage = Stage::within(limits, "echo $$ > started; exec sleep 100");
    let mut client = stage.send(&avif()).await;
    let [decoder] = stage.started(1).await[..] else {
        panic!("one decoder");
    };
    client.answer().await.assert_error(504, 9529, "2000 ms");
    assert!(!exists(decoder), "whoever got the answer can rely on it");
}

#[tokio::test]
async fn a_decoder_ends_when_nobody_waits_for_its_picture() {
    let mut limits = Limits::default();
    // The end of the time would end the decoder as well.
    limits.pixels.time = Duration::MAX;
    let stage = Stage::within(limits, "echo $$ > started; exec sleep 100");
    let client = stage.send(&avif()).await;
    let [decoder] = stage.started(1).await[..] else {
        panic!("one decoder");
    };
    assert!(exists(decoder));
    drop(client);
    gone(decoder).await;
}

#[tokio::test]
async fn an_answer_is_believed_only_if_it_is_exactly_one() {
    let stage = Stage::new("exec cat answer");
    let samples = [90; 256];
    let tampered = |at: usize, byte: u8| {
        let mut head = GRAY;
        head[at] = byte;
        [&head[..], &samples].concat()
    };
    let text = |length: u16, bytes: usize| {
        let length = length.to_ne_bytes();
        [&[1][..], &length, &vec![b'x'; bytes]].concat()
    };
    for (what, answer) in [
        ("nothing", Vec::new()),
        ("a head without samples", GRAY.to_vec()),
        ("one sample too few", [&GRAY[..], &samples[1..]].concat()),
        ("one sample too many", [&GRAY[..], &samples, &[0]].concat()),
        ("an unknown kind", tampered(0, 4)),
        ("an unknown depth", tampered(1, 9)),
        ("samples of two bytes that are not there", tampered(1, 10)),
        ("an unknown layout", tampered(2, 4)),
        ("chroma that is not there", tampered(2, 3)),
        ("an unknown range", tampered(4, 2)),
        ("a text that breaks off", text(5, 4)),
        ("a text that goes on", text(5, 6)),
        ("a text of no size that texts have", text(u16::MAX, 65_535)),
    ] {
        fs::write(stage.folder.path().join("answer"), answer).unwrap();
        let form = Form::steps(&avif(), "[]");
        let answer = stage.service.post(&form).await;
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
        answer.assert_error(422, 9516, "the decoder of image/avif failed");
    }
    let whole = [&GRAY[..], &samples].concat();
    fs::write(stage.folder.path().join("answer"), whole).unwrap();
    let form = Form::steps(&avif(), "[]");
    stage.service.post(&form).await.assert_good("image/png");
}

#[tokio::test]
async fn a_decoders_error_about_a_file_reaches_the_client_and_one_about_itself_does_not() {
    let stage = Stage::new("exec cat answer");
    for (answer, status, code, names) in [
        (
            &b"\x01\x04\x00why\n"[..],
            422,
            9516,
            "could not decode image/avif: why ",
        ),
        (b"\x02", 415, 9412, "image/avif with a coding"),
        (b"\x03\x06\x00secret", 422, 9516, "the log says how"),
    ] {
        fs::write(stage.folder.path().join("answer"), answer).unwrap();
        let answer = stage.service.post(&Form::steps(&avif(), "[]")).await;
        answer.assert_error(status, code, names);
        assert!(!answer.text().contains("secret"));
    }
}

#[tokio::test]
async fn a_decoder_that_cannot_be_started_is_no_fault_of_the_file() {
    let mut limits = Limits::default();
    limits.pixels.decode.av1 = Av1Decoder::Process {
        program: "/nowhere/safelight".into(),
        arguments: Vec::new(),
    };
    let service = Service::with(limits);
    let answer = service.post(&Form::steps(&avif(), "[]")).await;
    answer.assert_error(500, 9523, "/nowhere/safelight");
}
