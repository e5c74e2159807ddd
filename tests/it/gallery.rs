//! The gallery as a browser shows it: every picture in the size that its URL asks for, and none that is not whole.

use std::net::SocketAddr;
use std::path::Path;

use image::{GenericImageView, Rgba, RgbaImage};
use safelight_harness::{FAULT_HEADER, Fault};
use serde::Deserialize;

use crate::browser::Browser;
use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests::repository;

/// Wide enough for all pictures of the page side by side.
const SCREEN: (u32, u32) = (1_440, 700);

/// The background in the page's own style sheet.
const BACKGROUND: Rgba<u8> = Rgba([0x1A, 0x10, 0x14, 255]);

/// What the page's pictures have become, each of which is decoded first.
const PICTURES: &str = "
    (async () => {
        const pictures = [...document.images];
        const decoded = await Promise.allSettled(pictures.map(picture => picture.decode()));
        return pictures.map((picture, index) => {
            const place = picture.getBoundingClientRect();
            return {
                source: picture.getAttribute('src'),
                complete: picture.complete,
                decoded: decoded[index].status === 'fulfilled',
                size: [picture.naturalWidth, picture.naturalHeight],
                place: [place.x, place.y, place.width, place.height].map(Math.round),
            };
        });
    })()";

/// A picture as the page has it.
#[derive(Debug, Deserialize)]
struct Picture {
    source: String,
    complete: bool,
    decoded: bool,
    /// In the picture's own pixels.
    size: (u32, u32),
    /// Left, top, width and height on the screen.
    place: (u32, u32, u32, u32),
}

#[tokio::test]
async fn a_browser_shows_every_picture_in_the_size_that_its_url_asks_for() {
    let state = tempfile::tempdir().unwrap();
    let server = gallery(state.path()).await;
    let mut browser = Browser::start(SCREEN.0, SCREEN.1).await;

    let pictures = pictures(&mut browser, server.address).await;
    assert_eq!(pictures.len(), 4);
    for picture in &pictures {
        assert!(picture.complete && picture.decoded, "{picture:?}");
        let asked = asked(server.address, &picture.source).await;
        assert_eq!(picture.size, asked, "{picture:?}");
        // Nor does the page stretch it.
        let (_, _, width, height) = picture.place;
        assert_eq!((width, height), asked, "{picture:?}");
    }

    let shot = browser.screenshot().await;
    browser.close().await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery.png");
    std::fs::write(file, &shot).unwrap();
    let shot = image::load_from_memory_with_format(&shot, image::ImageFormat::Png).unwrap();
    let shot = shot.into_rgba8();
    assert_eq!(shot.dimensions(), SCREEN);
    assert_eq!(*shot.get_pixel(0, 0), BACKGROUND);
    for picture in &pictures {
        let colours = colours(&shot, picture);
        assert!(colours > 16, "{colours} colours: {picture:?}");
    }
}

#[tokio::test]
async fn a_browser_shows_no_picture_whose_bytes_did_not_all_come() {
    let state = tempfile::tempdir().unwrap();
    let server = gallery(state.path()).await;
    let mut browser = Browser::start(SCREEN.0, SCREEN.1).await;
    let fault = Fault::truncate("image-url", 500).to_string();
    browser.send_header(FAULT_HEADER, &fault).await;

    let pictures = pictures(&mut browser, server.address).await;
    browser.close().await;
    assert_eq!(pictures.len(), 4);
    for picture in pictures {
        assert!(!picture.decoded && picture.size == (0, 0), "{picture:?}");
    }
}

async fn gallery(state: &Path) -> DevServer {
    let folder = repository().join("examples/gallery");
    let state = format!("--persist-to={}", state.display());
    DevServer::start_in(&folder, &[state]).await
}

async fn pictures(browser: &mut Browser, address: SocketAddr) -> Vec<Picture> {
    browser.open(&format!("http://{address}/")).await;
    serde_json::from_value(browser.evaluate(PICTURES).await).unwrap()
}

/// The size that a picture's URL asks for; a height that it leaves open follows from the original.
async fn asked(address: SocketAddr, source: &str) -> (u32, u32) {
    let rest = source.strip_prefix("/cdn-cgi/image/").unwrap();
    let (options, original) = rest.split_once('/').unwrap();
    let option = |name: &str| {
        let mut pairs = options.split(',').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.parse::<u32>().unwrap())
    };
    let width = option("width").unwrap();
    if let Some(height) = option("height") {
        return (width, height);
    }
    let original = get(address, &format!("/{original}")).await;
    let original = image::load_from_memory(&original.body).unwrap();
    let height = f64::from(width) * f64::from(original.height()) / f64::from(original.width());
    (width, format!("{height:.0}").parse().unwrap())
}

/// How many colours a picture has on the screen.
fn colours(shot: &RgbaImage, picture: &Picture) -> usize {
    let (left, top, width, height) = picture.place;
    let view = shot.view(left, top, width, height);
    let colours: std::collections::HashSet<_> = view.pixels().map(|pixel| pixel.2.0).collect();
    colours.len()
}
