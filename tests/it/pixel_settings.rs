//! The pixel settings of a config reach the images process.

use image::ImageFormat;

use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests;
use crate::image_urls::picture;

/// The path by which the worker serves these bytes.
fn served(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("bytes?hex={hex}")
}

async fn start(extra: &str) -> DevServer {
    DevServer::start(guests::misbehaving(), &format!("[safelight]\n{extra}\n")).await
}

/// The answer to these options as text that begins with the error.
async fn refused(server: &DevServer, options: &str, source: &[u8]) -> String {
    let path = format!("/cdn-cgi/image/{options}/{}", served(source));
    let answer = get(server.address, &path).await;
    answer.text().to_owned()
}

#[tokio::test]
async fn a_strict_service_approximates_nothing() {
    let png = picture(60, 40, ImageFormat::Png);
    let path = format!("/cdn-cgi/image/segment=foreground/{}", served(&png));
    let lenient = start("strict = false").await;
    let answer = get(lenient.address, &path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let warning = answer.header("warning").to_owned();
    assert!(warning.contains("segment approximated"), "{warning}");
    let strict = start("strict = true").await;
    let text = refused(&strict, "segment=foreground", &png).await;
    assert!(text.starts_with("ERROR 9522"), "{text}");
}

#[tokio::test]
async fn avif_is_no_input_where_the_config_says_so() {
    let png = picture(60, 40, ImageFormat::Png);
    let server = start("avif_input = false").await;
    let path = format!("/cdn-cgi/image/format=avif/{}", served(&png));
    let avif = get(server.address, &path).await;
    assert_eq!(avif.header("content-type"), "image/avif");
    let text = refused(&server, "width=30", &avif.body).await;
    assert!(text.starts_with("ERROR 9412"), "{text}");
    let usual = start("avif_input = true").await;
    let path = format!("/cdn-cgi/image/width=30,format=png/{}", served(&avif.body));
    let answer = get(usual.address, &path).await;
    assert_eq!(crate::image_urls::size(&answer), (30, 20));
}

#[tokio::test]
async fn pixels_beyond_the_memory_budget_are_refused() {
    let png = picture(60, 40, ImageFormat::Png);
    let server = start("memory_budget_mb = 1").await;
    let text = refused(&server, "width=900,height=600,fit=scale-up", &png).await;
    assert!(text.starts_with("ERROR 9522"), "{text}");
    assert!(text.contains("maximum is 1 MB"), "{text}");
}
