//! Pictures by URL: `/cdn-cgi/image/<options>/<source>` through the real program.

use bytes::Bytes;
use http::{Method, Request};
use image::{ImageFormat, Rgb, RgbImage};
use safelight_harness::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{Answer, get, post, send};
use crate::dev_server::DevServer;
use crate::guests;
use crate::hosts::{Host, answer};

/// An opaque picture in the given format.
pub(crate) const RED: [u8; 3] = [200, 30, 40];

pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    plain(width, height, RED, format)
}

/// A picture of one colour.
pub(crate) fn plain(width: u32, height: u32, color: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_pixel(width, height, Rgb(color));
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn size(answer: &Answer) -> (u32, u32) {
    assert_eq!(answer.broken, None);
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    let picture = image::load_from_memory(&answer.body).unwrap();
    (picture.width(), picture.height())
}

pub(crate) fn error(answer: &Answer) -> (u16, String) {
    let mark = answer.header("cf-resized").to_owned();
    assert!(answer.text().starts_with("ERROR "), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    (answer.status.as_u16(), mark)
}

/// Sends a request with headers of the client.
pub(crate) async fn ask(server: &DevServer, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header("host", server.address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(server.address, request.body(Bytes::new()).unwrap()).await
}

/// A host that serves one answer, on a free port; also what it was asked.
async fn host(answer: Vec<u8>) -> (std::net::SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(&answer).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (address, task)
}

fn whole(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{head}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The path by which the worker serves a picture of 60 by 40 pixels.
pub(crate) fn kept() -> String {
    let png = picture(60, 40, ImageFormat::Png);
    let hex: String = png.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("bytes?hex={hex}")
}

async fn start() -> DevServer {
    DevServer::start(guests::misbehaving(), "").await
}

#[tokio::test]
async fn a_picture_of_the_worker_is_resized_with_the_platforms_headers() {
    let server = start().await;
    let path = format!("/cdn-cgi/image/width=30,format=webp/{}", kept());
    let answer = get(server.address, &path).await;
    assert_eq!(size(&answer), (30, 20));
    assert_eq!(answer.header("content-type"), "image/webp");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(
        answer
            .header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    let resized = answer.header("cf-resized");
    assert!(resized.starts_with("internal=ok/m q=0 n="), "{resized}");
    assert!(
        resized.ends_with(&format!(" l={}", answer.body.len())),
        "{resized}"
    );
    assert!(
        answer.header("etag").ends_with(":kept\""),
        "{}",
        answer.header("etag")
    );
    assert_eq!(answer.header("cache-control"), "max-age=7200");
    assert_eq!(answer.header("set-cookie"), "");
    // Both hops are in the log, each with its bytes.
    server
        .line(|line| line.contains("image-source /bytes"))
        .await;
    server
        .line(|line| line.contains("image-url /transform"))
        .await;
    let etag = answer.header("etag").to_owned();
    let again = ask(&server, &path, &[("if-none-match", &etag)]).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

#[tokio::test]
async fn the_format_may_be_left_open() {
    let server = start().await;
    for (options, accept, expected, vary) in [
        ("width=30", "image/webp", "image/png", ""),
        ("format=auto", "image/webp,*/*", "image/webp", "accept"),
        ("format=auto", "image/avif,*/*", "image/avif", "accept"),
        ("format=auto", "*/*", "image/jpeg", "accept"),
        ("format=png", "", "image/png", ""),
        ("compression=fast", "", "image/jpeg", ""),
    ] {
        let path = format!("/cdn-cgi/image/{options}/{}", kept());
        let answer = ask(&server, &path, &[("accept", accept)]).await;
        assert_eq!(
            answer.header("content-type"),
            expected,
            "{options} {accept}"
        );
        assert_eq!(answer.header("vary"), vary, "{options}");
    }
    let answer = get(
        server.address,
        &format!("/cdn-cgi/image/format=json,width=30/{}", kept()),
    )
    .await;
    assert_eq!(answer.header("content-type"), "application/json");
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&json["width"], &json["height"]), (&30.into(), &20.into()));
    assert_eq!(json["original"]["width"], 60);
    assert_eq!(json["original"]["format"], "image/png");
}

#[tokio::test]
async fn a_tag_stands_for_one_result_whatever_the_client_reads() {
    let server = start().await;
    let path = format!("/cdn-cgi/image/format=auto/{}", kept());
    let webp = ask(&server, &path, &[("accept", "image/webp")]).await;
    let etag = webp.header("etag").to_owned();
    for (accept, status) in [("image/webp", 304), ("*/*", 200)] {
        let headers = [("accept", accept), ("if-none-match", &etag)];
        let again = ask(&server, &path, &headers).await;
        assert_eq!(
            (again.status.as_u16(), again.header("vary")),
            (status, "accept")
        );
    }
}

#[tokio::test]
async fn each_failure_has_its_number_and_its_status() {
    let server = start().await;
    for (path, status, mark) in [
        ("fit=fill/kept", 400, "err=9401"),
        ("background=notacolour/KEPT", 400, "err=9401"),
        ("width=30/", 400, "err=9401"),
        ("width=30/status?code=404", 404, "err=9404"),
        ("width=30/status?code=403", 403, "err=9408"),
        ("width=30/status?code=503", 502, "err=9509"),
        ("width=30/panic", 502, "err=9509"),
        ("width=30/host", 415, "err=9412"),
        ("width=30/https://example.com/a.png", 403, "err=9401"),
        ("width=30/file:///etc/passwd", 403, "err=9406"),
        ("width=30/cdn-cgi/image/width=3/kept", 508, "err=9403"),
        ("width=30/cdn-cgi/safelight/trace", 404, "err=9404"),
    ] {
        let answer = get(
            server.address,
            &format!("/cdn-cgi/image/{}", path.replace("KEPT", &kept())),
        )
        .await;
        assert_eq!(
            error(&answer),
            (status, mark.to_owned()),
            "{path}: {}",
            answer.text()
        );
    }
    let looped = ask(
        &server,
        "/cdn-cgi/image/width=3/kept",
        &[("via", "image-resizing")],
    )
    .await;
    assert_eq!(error(&looped), (508, "err=9403".into()));
    let posted = post(server.address, "/cdn-cgi/image/width=3/kept", "").await;
    assert_eq!(error(&posted), (405, "err=9424".into()));
    let path = "/cdn-cgi/image/fit=fill,onerror=redirect/kept?a=b";
    let redirect = get(server.address, path).await;
    assert_eq!(redirect.status, 307);
    let expected = format!("http://{}/kept?a=b", server.address);
    assert_eq!(redirect.header("location"), expected);
}

#[tokio::test]
async fn a_picture_of_another_host_needs_to_be_allowed_twice() {
    let png = picture(50, 50, ImageFormat::Png);
    let (address, asked) = host(whole("etag: \"x\"\r\n", &png)).await;
    let path = format!("/cdn-cgi/image/width=10/http://{address}/a.png?b=c");
    let extra = "[safelight]\nallowed_origins = [\"127.0.0.1\"]\n";
    let closed = DevServer::start(guests::misbehaving(), extra).await;
    let refused = get(closed.address, &path).await;
    assert_eq!(error(&refused), (403, "err=9401".into()));
    assert!(
        refused.text().contains("allowed_addresses"),
        "{}",
        refused.text()
    );
    let open = format!(
        "{extra}allowed_addresses = [\"loopback:{}\"]\n",
        address.port()
    );
    let server = DevServer::start(guests::misbehaving(), &open).await;
    let headers = [("cookie", "secret=1"), ("authorization", "Basic x")];
    let answer = ask(&server, &path, &headers).await;
    assert_eq!(size(&answer), (10, 10));
    let asked = asked.await.unwrap().to_ascii_lowercase();
    assert!(asked.starts_with("get /a.png?b=c http/1.1\r\n"), "{asked}");
    assert!(asked.contains("via: image-resizing\r\n"), "{asked}");
    assert!(
        !asked.contains("cookie") && !asked.contains("authorization"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_source_that_breaks_off_is_an_error_that_names_its_hop() {
    let png = picture(50, 50, ImageFormat::Png);
    let mut half = whole("", &png);
    half.truncate(half.len() - 10);
    let (address, _asked) = host(half).await;
    let extra = "[safelight]\nallowed_origins = [\"*\"]\nallowed_addresses = [\"loopback\"]\n";
    let server = DevServer::start(guests::misbehaving(), extra).await;
    let path = format!("/cdn-cgi/image/width=10/http://{address}/a.png");
    let answer = get(server.address, &path).await;
    assert_eq!(error(&answer), (422, "err=9416".into()));
    assert!(answer.text().contains("image-source"), "{}", answer.text());
}

#[tokio::test]
async fn a_fault_on_either_hop_is_an_error_that_names_it() {
    for (fault, expected, named) in [
        (
            Fault::truncate("image-source", 20),
            (422, "err=9416"),
            "image-source",
        ),
        (
            Fault::reset("image-source"),
            (502, "err=9402"),
            "image-source",
        ),
        (
            Fault::status("image-source", 404),
            (404, "err=9404"),
            "image-source",
        ),
        (
            Fault::truncate("image-url", 20),
            (500, "err=9523"),
            "image-url",
        ),
        (
            Fault::corrupt("image-url", 20),
            (500, "err=9523"),
            "image-url",
        ),
        (Fault::reset("image-url"), (500, "err=9523"), "image-url"),
        (
            Fault::error("image-url", 9522),
            (503, "err=9522"),
            "image-url",
        ),
    ] {
        let server = DevServer::start_with(guests::misbehaving(), "", &[fault]).await;
        let answer = get(
            server.address,
            &format!("/cdn-cgi/image/width=30,f=png/{}", kept()),
        )
        .await;
        let found = error(&answer);
        assert_eq!((found.0, found.1.as_str()), expected, "{}", answer.text());
        assert!(answer.text().contains(named), "{}", answer.text());
    }
}

#[tokio::test]
async fn the_path_says_how_to_turn_it_on_when_there_is_no_images_binding() {
    let server = DevServer::start_bare(guests::misbehaving(), "").await;
    let answer = get(server.address, "/cdn-cgi/image/width=30/kept").await;
    assert_eq!(answer.status, 404);
    assert!(
        answer.text().contains("safelight.image_urls"),
        "{}",
        answer.text()
    );
    let extra = "[safelight]\nimage_urls = true\n";
    let server = DevServer::start_bare(guests::misbehaving(), extra).await;
    let path = format!("/cdn-cgi/image/width=30/{}", kept());
    let answer = get(server.address, &path).await;
    assert_eq!(size(&answer), (30, 20));
}

/// The path by which the worker serves these bytes.
fn served(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("bytes?hex={hex}")
}

#[tokio::test]
async fn svg_is_passed_on_without_harm_and_never_made_pixels() {
    let server = start().await;
    let svg = served(
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>evil()</script><rect onload='evil()'/></svg>",
    );
    for options in ["width=30", "format=auto", "format=svg"] {
        let answer = get(server.address, &format!("/cdn-cgi/image/{options}/{svg}")).await;
        assert_eq!(answer.status, 200, "{options}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "image/svg+xml");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(answer.text().contains("<rect"), "{}", answer.text());
        assert!(!answer.text().contains("evil"), "{}", answer.text());
    }
    for path in [
        format!("format=webp/{svg}"),
        format!("format=svg/{}", kept()),
    ] {
        let answer = get(server.address, &format!("/cdn-cgi/image/{path}")).await;
        assert_eq!(error(&answer), (415, "err=9412".into()), "{path}");
    }
}

#[tokio::test]
async fn the_cache_headers_and_the_size_of_a_source_are_obeyed() {
    let png = picture(3, 3, ImageFormat::Png);
    let host = Host::start(move |path| {
        let control = path.trim_start_matches('/').replace('_', "-");
        answer(200, &format!("cache-control: {control}\r\n"), &png)
    })
    .await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    for (control, restrictive) in [("no_store", true), ("max_age=7200", false)] {
        let url = host.url(&format!("/{control}"));
        let answer = get(server.address, &format!("/cdn-cgi/image/f=png/{url}")).await;
        let warnings: Vec<_> = answer.headers.get_all("warning").iter().collect();
        let smaller = "cf-images 299 \"original is smaller\"";
        let all = [
            smaller,
            "cf-images 299 \"cache-control is too restrictive\"",
        ];
        let said = if restrictive { &all[..] } else { &all[..1] };
        assert_eq!(warnings, said, "{control}");
        assert_eq!(answer.header("cache-control"), control.replace('_', "-"));
    }
}
