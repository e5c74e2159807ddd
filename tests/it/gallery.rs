//! The gallery in a browser: every picture is complete, and has the size that its URL asks for.

use std::net::SocketAddr;
use std::path::Path;

use image::{GenericImageView, Rgba, RgbaImage};
use safelight_harness::{FAULT_HEADER, Fault};
use serde::Deserialize;

use crate::browser::Browser;
use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests::{self, repository};

/// Wide enough for the page to show every picture in its own size.
const SCREEN: (u32, u32) = (1_440, 700);

/// The screen of a small telephone.
const TELEPHONE: (u32, u32) = (320, 640);

/// The pictures of the page.
const COUNT: usize = 27;

/// The background in the page's own style sheet.
const BACKGROUND: Rgba<u8> = Rgba([0x13, 0x10, 0x11, 255]);

/// The script that decodes all pictures of the page and returns their state.
const PICTURES: &str = "
    (async () => {
        const pictures = [...document.images];
        const decoded = await Promise.allSettled(pictures.map(picture => picture.decode()));
        return pictures.map((picture, index) => {
            const place = picture.getBoundingClientRect();
            const figure = picture.closest('figure');
            const link = [...figure.querySelectorAll('a')].find(link => link.offsetParent);
            return {
                source: picture.currentSrc.slice(location.origin.length),
                link: link.getAttribute('href'),
                caption: link.textContent,
                description: picture.alt,
                facts: figure.querySelector('small').textContent,
                complete: picture.complete,
                decoded: decoded[index].status === 'fulfilled',
                size: [picture.naturalWidth, picture.naturalHeight],
                place: [place.x, place.y, place.width, place.height].map(Math.round),
            };
        });
    })()";

/// The size of the whole page.
const PAGE: &str = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]";

/// A picture as the page has it.
#[derive(Debug, Deserialize)]
struct Picture {
    source: String,
    /// The target of the caption's link.
    link: String,
    /// The URL as the caption shows it.
    caption: String,
    description: String,
    /// Its size, format and bytes as the page tells them.
    facts: String,
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
    assert_eq!(pictures.len(), COUNT);
    for picture in &pictures {
        let asked = assert_as_asked(server.address, picture).await;
        // Nor does the page stretch it.
        let (_, _, width, height) = picture.place;
        assert_eq!((width, height), asked, "{picture:?}");
    }

    let page = page(&mut browser).await;
    let shot = browser.screenshot().await;
    browser.close().await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery.png");
    std::fs::write(file, &shot).unwrap();
    let shot = image::load_from_memory_with_format(&shot, image::ImageFormat::Png).unwrap();
    let shot = shot.into_rgba8();
    assert_eq!(page.0, SCREEN.0);
    assert_eq!(shot.dimensions(), page);
    assert_eq!(*shot.get_pixel(0, 0), BACKGROUND);
    for picture in &pictures {
        let colours = colours(&shot, picture);
        assert!(colours > 16, "{colours} colours: {picture:?}");
    }
}

#[tokio::test]
async fn a_telephone_shows_every_picture_between_the_edges_of_its_screen() {
    let state = tempfile::tempdir().unwrap();
    let server = gallery(state.path()).await;
    let mut browser = Browser::start(TELEPHONE.0, TELEPHONE.1).await;

    let pictures = pictures(&mut browser, server.address).await;
    let page = page(&mut browser).await;
    browser.close().await;
    assert_eq!(page.0, TELEPHONE.0, "the page can be moved sideways");
    assert_eq!(pictures.len(), COUNT);
    for picture in &pictures {
        let (width, height) = assert_as_asked(server.address, picture).await;
        let (left, _, shown_width, shown_height) = picture.place;
        assert!(left + shown_width <= TELEPHONE.0, "{picture:?}");
        // The page keeps its shape, to the next pixel.
        let kept = f64::from(shown_width) * f64::from(height) / f64::from(width);
        assert!((kept - f64::from(shown_height)).abs() <= 1.0, "{picture:?}");
    }
}

#[tokio::test]
async fn the_code_that_the_page_shows_is_the_workers() {
    let folder = repository().join("examples/gallery");
    let page = std::fs::read_to_string(folder.join("public/index.html")).unwrap();
    let worker = std::fs::read_to_string(folder.join("src/pictures.rs")).unwrap();
    let packed = |text: &str| text.split_whitespace().collect::<String>();
    let worker = packed(&worker);
    let shown: Vec<&str> = page.split("<pre>").skip(1).collect();
    assert_eq!(shown.len(), 6);
    for rest in shown {
        let (code, _) = rest.split_once("</pre>").unwrap();
        assert!(worker.contains(&packed(code)), "{code}");
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
    assert_eq!(pictures.len(), COUNT);
    for picture in pictures {
        assert!(!picture.decoded && picture.size == (0, 0), "{picture:?}");
    }
}

async fn gallery(state: &Path) -> DevServer {
    let state = format!("--persist-to={}", state.display());
    DevServer::start_in(&guests::example("gallery"), &[state]).await
}

async fn pictures(browser: &mut Browser, address: SocketAddr) -> Vec<Picture> {
    browser.open(&format!("http://{address}/")).await;
    serde_json::from_value(browser.evaluate(PICTURES).await).unwrap()
}

async fn page(browser: &mut Browser) -> (u32, u32) {
    serde_json::from_value(browser.evaluate(PAGE).await).unwrap()
}

/// Asserts that a picture is complete, has the size that its URL asks for, and is described by its caption. Returns the size.
async fn assert_as_asked(address: SocketAddr, picture: &Picture) -> (u32, u32) {
    assert!(picture.complete && picture.decoded, "{picture:?}");
    assert!(!picture.description.is_empty(), "{picture:?}");
    assert_eq!(picture.link, picture.source, "{picture:?}");
    assert_eq!(picture.caption, picture.source, "{picture:?}");
    let asked = asked(address, &picture.source).await;
    assert_eq!(picture.size, asked, "{picture:?}");
    let facts: Vec<&str> = picture.facts.split(" · ").collect();
    assert_eq!(
        facts[0],
        format!("{} × {}", asked.0, asked.1),
        "{picture:?}"
    );
    assert!(facts[facts.len() - 1].ends_with(" kB"), "{picture:?}");
    asked
}

/// The size that a picture's URL asks for; inside of a box that it only has to fit in, it has the original's shape.
async fn asked(address: SocketAddr, source: &str) -> (u32, u32) {
    let rest = source.strip_prefix("/cdn-cgi/image/").unwrap();
    let (options, original) = rest.split_once('/').unwrap();
    let option = |name: &str| {
        let mut pairs = options.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let pixels = |name: &str| option(name).unwrap().parse::<u32>().unwrap();
    let (width, height) = (pixels("width"), pixels("height"));
    if option("fit") != Some("contain") {
        return (width, height);
    }
    let original = get(address, &format!("/{original}")).await;
    let original = image::load_from_memory(&original.body).unwrap();
    let (own_width, own_height) = (f64::from(original.width()), f64::from(original.height()));
    let scale = (f64::from(width) / own_width).min(f64::from(height) / own_height);
    let side = |length: f64| format!("{:.0}", length * scale).parse().unwrap();
    (side(own_width), side(own_height))
}

/// Counts the colours of a picture on the screen.
fn colours(shot: &RgbaImage, picture: &Picture) -> usize {
    let (left, top, width, height) = picture.place;
    let view = shot.view(left, top, width, height);
    let colours: std::collections::HashSet<_> = view.pixels().map(|pixel| pixel.2.0).collect();
    colours.len()
}
