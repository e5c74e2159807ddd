//! The process that decodes AVIF: its input, its end, and its remains.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use image::{ImageFormat, Rgba, RgbaImage};
use rav1e::prelude::{ChromaSampling, PixelRange};
use safelight_images::deadline::Deadline;
use safelight_images::decode::{self, Options, Shrink};
use safelight_images::image::Image;
use safelight_images::limits::{Av1Decoder, JpegDecoder};
use safelight_images::options::Frames;
use safelight_images::pipeline::PixelLimits;

use crate::client::get;
use crate::deep::{self, Coding};
use crate::dev_server::DevServer;
use crate::guests::{self, SAFELIGHT};
use crate::image_urls::{picture, size};
use crate::images::{Images, broken};
use crate::processes::images_child;

const ARGUMENT: &str = "decode-av1";

fn apart() -> Av1Decoder {
    Av1Decoder::Process {
        program: SAFELIGHT.into(),
        arguments: vec![ARGUMENT.into()],
    }
}

fn coded(depth: u8, chroma: ChromaSampling, size: (usize, usize)) -> Vec<u8> {
    let range = PixelRange::Limited;
    let coding = Coding {
        depth,
        chroma,
        range,
    };
    deep::avif(coding, size, |_, x, y| 0.1 + 0.4 * (x + y)).unwrap()
}

fn decoded(file: &[u8], av1: &Av1Decoder) -> Image {
    let limits = PixelLimits::default();
    let header = decode::inspect(file, Frames::First, &limits.decode).unwrap();
    let options = Options {
        shrink: Shrink::NONE,
        jpeg: JpegDecoder::default(),
        av1,
        memory: limits.memory,
        deadline: &Deadline::new(Duration::MAX),
    };
    let decoded = decode::pixels(file, &header, options, Ok).unwrap();
    decoded.picture.into_first()
}

#[test]
fn every_depth_and_layout_comes_out_as_from_the_same_process() {
    for depth in [8, 10, 12] {
        for chroma in [
            ChromaSampling::Cs444,
            ChromaSampling::Cs422,
            ChromaSampling::Cs420,
            ChromaSampling::Cs400,
        ] {
            let file = coded(depth, chroma, (97, 61));
            let [here, there] = [Av1Decoder::InProcess, apart()].map(|av1| decoded(&file, &av1));
            assert!(here == there, "{depth} bits, {chroma:?}");
        }
    }
}

/// Returns the minor page faults of a process's children that have ended.
fn pages_of_children(process: u64) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').nth(8).unwrap().parse().unwrap()
}

/// Counts the children of a process, including zombies.
fn children(process: u64) -> usize {
    let processes = fs::read_dir("/proc").unwrap();
    let stats =
        processes.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let rest = stat.rsplit_once(") ").map(|(_, rest)| rest);
            rest.and_then(|rest| rest.split(' ').nth(1)) == Some(&process.to_string())
        })
        .count()
}

#[tokio::test]
async fn the_dev_server_decodes_it_in_a_child_of_its_images_process_and_none_stays() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let images = images_child(&server);
    let served =
        |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let mut png = std::io::Cursor::new(Vec::new());
    let glass = RgbaImage::from_fn(60, 40, |x, y| {
        Rgba([200, 30, 40, u8::try_from(x * 3 + y).unwrap()])
    });
    glass.write_to(&mut png, ImageFormat::Png).unwrap();
    for source in [picture(60, 40, ImageFormat::Png), png.into_inner()] {
        let path = format!("/cdn-cgi/image/format=avif/bytes?hex={}", served(&source));
        let avif = get(server.address, &path).await;
        assert_eq!(avif.header("content-type"), "image/avif");
        let before = pages_of_children(images);
        let avif = served(&avif.body);
        let path = format!("/cdn-cgi/image/width=30,format=png/bytes?hex={avif}");
        let answer = get(server.address, &path).await;
        assert_eq!(size(&answer), (30, 20));
        assert!(
            pages_of_children(images) > before,
            "no child has decoded it"
        );
        assert_eq!(children(images), 0);
    }
}

/// Makes the request that the images process writes to a decoder for this AV1.
fn request(data: &[u8], (width, height): (u32, u32), memory: u64) -> Vec<u8> {
    [
        &memory.to_ne_bytes()[..],
        &width.to_ne_bytes(),
        &height.to_ne_bytes(),
        &(data.len() as u64).to_ne_bytes(),
        data,
    ]
    .concat()
}

#[test]
fn a_decoder_is_limited_and_ends_with_whoever_started_it() {
    let file = coded(8, ChromaSampling::Cs444, (640, 480));
    let data = file.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    let data = &file[data..];
    let mut decoder = Command::new(SAFELIGHT)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = decoder.stdin.take().unwrap();
    input
        .write_all(&request(data, (640, 480), 7_000_000))
        .unwrap();
    // The decoder has finished, and cannot end before the test reads the rest of its output.
    let mut output = decoder.stdout.take().unwrap();
    output.read_exact(&mut [0]).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", decoder.id())).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().split_whitespace().next().unwrap().to_owned()
    };
    let memory = 7_000_000 + 2 * data.len() + 64_000_000;
    assert_eq!(limit("Max data size"), memory.to_string());
    assert_eq!(limit("Max core file size"), "0");
    drop(input);
    assert_eq!(decoder.wait().unwrap().code(), Some(1));
}

/// The library keeps tens of kilobytes for each broken file in a process that goes on.
#[test]
fn broken_files_leave_nothing_behind_in_the_images_process() {
    const MAX_GROWTH_KB: u64 = 8_000;

    let corpus = guests::repository().join("images-service/fuzz/corpus/avif/colour");
    let seed = fs::read(corpus).unwrap();
    let mut images = Images::start(SAFELIGHT).unwrap();
    let mut refused = 0;
    let mut memory = Vec::new();
    for number in 0..500 {
        let status = images.decode(&broken(&seed, number)).unwrap();
        refused += u32::from(status != 200);
        if number % 100 == 99 {
            memory.push(images.memory().unwrap());
        }
    }
    assert!(refused > 100, "{refused} of 500 were broken");
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    assert!(last.now < first.now + MAX_GROWTH_KB, "{memory:?}");
    assert!(last.peak < first.peak + MAX_GROWTH_KB, "{memory:?}");
    assert_eq!(children(images.pid().into()), 0);
}

/// The images process discards a decoder's standard error, so the answer has to give the cause.
#[test]
fn a_decoder_that_cannot_begin_says_why_where_it_is_heard() {
    let mut decoder = Command::new(SAFELIGHT)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The first bytes of a request, and its end.
    decoder.stdin.take().unwrap().write_all(&[0; 20]).unwrap();
    let said = decoder.wait_with_output().unwrap().stdout;
    let (head, words) = said.split_at_checked(3).expect("it says nothing");
    assert_eq!(
        head,
        [&[3][..], &u16::try_from(words.len()).unwrap().to_ne_bytes()].concat()
    );
    let words = String::from_utf8_lossy(words);
    assert!(words.contains("the request cannot be read"), "{words}");
}
