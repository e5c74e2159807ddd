//! Files with changes, of every kind, through real pixel processes: each has an answer, a request beside it is right, and
//! neither processes nor memory are left over.
//!
//! `SAFELIGHT_MUTATED_FILES` is the number of files of each kind.

use std::{fs, path::Path};

use safelight_images::Limits;
use safelight_protocol::{ErrorCode, error::ERROR_HEADER, extension, form};
use serde_json::json;
use tokio::{task::yield_now, time::timeout};

use crate::{
    client::{Answer, TEST_TIMEOUT},
    fonts::{FontServer, local},
    form::Form,
    pictures::busy,
    watched::{Watched, memory},
};

/// The files of each kind, unless the environment says another number.
const FILES: u64 = 200;

/// The requests that are worked on at a time.
const WORKERS: usize = 2;

/// The path of a font with changes, before its number.
pub(crate) const FONT: &str = "/mutated/";

/// A kind of file, by the folder of its seeds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Picture(&'static str),
    Svg,
    Font,
}

const KINDS: [Kind; 8] = [
    Kind::Picture("jpeg"),
    Kind::Picture("png"),
    Kind::Picture("gif"),
    Kind::Picture("webp"),
    Kind::Picture("avif"),
    Kind::Picture("heic"),
    Kind::Svg,
    Kind::Font,
];

impl Kind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Picture(folder) => folder,
            Self::Svg => "svg",
            Self::Font => "font",
        }
    }

    /// Returns whether a broken file of this kind may have this code.
    fn may_have(self, code: ErrorCode) -> bool {
        let any = [
            ErrorCode::DecodingFailed,
            ErrorCode::TooManyPixels,
            // The sizes that the file claims take too much memory or time.
            ErrorCode::Busy,
            ErrorCode::DeadlinePassed,
        ];
        any.contains(&code)
            || match self {
                // It is no picture any more, or has a part that no decoder knows.
                Self::Picture(_) | Self::Svg => code == ErrorCode::NotAnImage,
                // It is no font any more, or its glyphs are too large for the text.
                Self::Font => code == ErrorCode::BadRequest,
            }
    }

    /// A request for file `number` of this kind.
    fn form(self, seeds: &[Vec<u8>], number: u64, fonts: &FontServer) -> Form {
        let steps = ["[]", r#"[{"imageIndex":0,"width":20,"rotate":90}]"#];
        let steps = steps[usize::try_from(number % 2).unwrap()];
        match self {
            Self::Picture(_) => Form::steps(&mutated(seeds, number), steps),
            Self::Svg => Form::transform()
                .string(extension::CALLER, "url")
                .string(extension::CHOOSE, "svg")
                .file(form::IMAGE, &mutated(seeds, number))
                .string(form::TRANSFORMS, "[]")
                .string(form::OUTPUT_FORMAT, "image/png")
                .end(),
            Self::Font => {
                let url = fonts.url(&format!("{FONT}{number}"));
                let text = json!({"text": "AB", "font": {"url": url}, "size": 40});
                Form::transform()
                    .string(form::TEXT_INPUT, &text.to_string())
                    .string(form::TRANSFORMS, "[]")
                    .string(form::OUTPUT_FORMAT, "image/png")
                    .end()
            }
        }
    }
}

/// The font that a path names.
pub(crate) fn font(path: &str) -> Vec<u8> {
    let number = path.strip_prefix(FONT).unwrap().parse().unwrap();
    mutated(&seeds(Kind::Font), number)
}

/// The files of the fuzzers, which are whole.
fn seeds(kind: Kind) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let files = fs::read_dir(corpus.join(kind.folder())).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One of the files with some changes, but for the first, which has none. The number decides which, so that each can be
/// made again.
fn mutated(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut random = Random(number);
    let mut file = seeds[random.below(seeds.len())].clone();
    let changes = match number {
        0 => 0,
        _ => 1 + random.below(4),
    };
    for _ in 0..changes {
        if file.is_empty() {
            break;
        }
        let at = random.below(file.len());
        match random.below(6) {
            0 => file.truncate(at),
            1 => {
                let end = (at + 1 + random.below(16)).min(file.len());
                let copied = file[at..end].to_vec();
                file.splice(at..at, copied);
            }
            2 => file[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)],
            _ => file[at] ^= 1 << random.below(8),
        }
    }
    file
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).unwrap()
    }
}

/// A request with nothing wrong.
fn honest() -> Form {
    let steps = r#"[{"imageIndex":0,"width":17,"height":13,"fit":"squeeze","blur":2}]"#;
    Form::transform()
        .file(form::IMAGE, &busy())
        .string(form::TRANSFORMS, steps)
        .string(form::OUTPUT_FORMAT, "rgb")
        .end()
}

/// Sends all files of a kind. Returns the number of those that gave a picture.
async fn send_all(kind: Kind, files: u64, watched: &Watched, expected: &Answer) -> u64 {
    let fonts = FontServer::start().await;
    let seeds = seeds(kind);
    let mut client = watched.service.connect().await;
    let mut pictures = 0;
    for number in 0..files {
        let form = kind.form(&seeds, number, &fonts);
        client.send(&form.chunked(8192)).await;
        // Some of the time, another request is there.
        if number % 16 == 0 {
            let beside = watched.service.post(&honest()).await;
            assert_eq!(beside.body, expected.body, "beside {kind:?} {number}");
        }
        let answer = client.answer().await;
        let Some(error) = answer.header(ERROR_HEADER) else {
            assert_eq!(answer.status, 200, "{kind:?} {number}");
            pictures += 1;
            continue;
        };
        let code = error
            .strip_prefix("err=")
            .and_then(|code| code.parse().ok());
        let code = code.and_then(ErrorCode::from_number);
        let text = answer.text();
        assert!(
            code.is_some_and(|code| kind.may_have(code)),
            "{kind:?} {number}: {error}, {text}"
        );
        // No codec panicked, and no process died.
        let is_told = !text.contains("failed at this image");
        assert!(is_told, "{kind:?} {number}: {text}");
    }
    pictures
}

#[tokio::test]
async fn files_with_changes_break_their_own_requests_at_most() {
    let files = std::env::var("SAFELIGHT_MUTATED_FILES");
    let files = files.map_or(FILES, |files| files.parse().unwrap());
    let limits = Limits {
        workers: WORKERS,
        ..local()
    };
    let watched = Watched::start(limits);
    let expected = watched.service.post(&honest()).await;
    expected.assert_good("application/octet-stream");

    let (first, second) = KINDS.split_at(KINDS.len() / 2);
    let lane = async |kinds: &[Kind]| {
        for kind in kinds {
            let pictures = send_all(*kind, files, &watched, &expected).await;
            println!("{kind:?}: {pictures} of {files} are pictures");
            // Without a picture or without a broken file, the changes would be of little use.
            assert!((1..files).contains(&pictures), "{kind:?}: {pictures}");
        }
    };
    tokio::join!(lane(first), lane(second));

    let last = watched.service.post(&honest()).await;
    assert_eq!(last.body, expected.body);
    assert_nothing_left(&watched).await;
}

/// Checks that there are no more processes than may be idle, and that each gives back its memory.
async fn assert_nothing_left(watched: &Watched) {
    /// The bytes of an idle process, by which the images process reckons: its heap is trimmed, and its shared memory is
    /// returned to the system.
    const IDLE_PROCESS: u64 = 16_000_000;

    let processes = watched.processes();
    // Those of the workers, a spare beside them, one more that was started meanwhile, and that of `/info`.
    assert!(processes.len() <= WORKERS + 3, "{processes:?}");
    let held = || {
        let processes = watched.processes();
        let each = processes.iter().map(|pid| {
            let own = memory(*pid, "RssAnon").unwrap_or(0);
            own + memory(*pid, "RssShmem").unwrap_or(0)
        });
        each.sum::<u64>()
    };
    let bound = processes.len() as u64 * IDLE_PROCESS;
    let returned = async {
        while held() > bound {
            yield_now().await;
        }
    };
    let returned = timeout(TEST_TIMEOUT, returned).await;
    assert!(returned.is_ok(), "{} of {bound} bytes", held());
}
