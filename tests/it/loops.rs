//! Loops: transformations of transformations, and redirects.

use serde_json::json;

use crate::cf_images::{fetch, fetch_path};
use crate::client::{Answer, get};
use crate::dev_server::{DevServer, project};
use crate::guests;
use crate::hosts::{Host, answer, redirect};
use crate::image_urls::{ask, error, kept, picture, size};

async fn start() -> DevServer {
    let extra = "[safelight]\nallowed_origins = [\"*\"]\nallowed_addresses = [\"loopback\"]\n";
    DevServer::start(guests::misbehaving(), extra).await
}

/// Every byte as its escape, so that a URL can stand in a query of a query.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn a_picture_by_its_url_is_no_source_however_it_is_named() {
    let server = start().await;
    let address = server.address;
    let inner = format!("/cdn-cgi/image/width=3/{}", kept());
    let absolute = format!("http://{address}{inner}");
    let redirected = format!("/redirect?to={}", escaped(&inner));
    let twice = format!("/redirect?left=2&to={}", escaped(&absolute));
    for source in [inner.as_str(), &absolute, &redirected, &twice] {
        let answer = get(address, &format!("/cdn-cgi/image/width=30/{source}")).await;
        let found = error(&answer);
        assert_eq!(
            found,
            (508, "err=9403".into()),
            "{source}: {}",
            answer.text()
        );
    }
    // The URL has another name of this server, whose own answer ends the loop.
    let port = address.port();
    let source = format!("http://localhost:{port}{inner}");
    let answer = get(address, &format!("/cdn-cgi/image/width=30/{source}")).await;
    assert_eq!(
        error(&answer),
        (502, "err=9509".into()),
        "{}",
        answer.text()
    );
    server.line(|line| line.contains("answers 9403")).await;
}

#[tokio::test]
async fn a_worker_can_tell_a_transformation_by_its_via_and_must_not_ask_for_another() {
    let server = start().await;
    let by_via = kept().replace("bytes", "via");
    assert_eq!(get(server.address, &format!("/{by_via}")).await.status, 403);
    let path = format!("/cdn-cgi/image/width=30/{by_via}");
    assert_eq!(size(&get(server.address, &path).await), (30, 20));
    // A worker that passes its request's headers on asks for a transformation of a transformation.
    let url = format!("http://{}/{}", server.address, kept());
    let options = json!({"width": 30});
    let path = fetch_path(&url, &options);
    assert_eq!(size(&get(server.address, &path).await), (30, 20));
    for via in ["image-resizing", "1.1 proxy, image-resizing"] {
        let answer = ask(&server, &path, &[("via", via)]).await;
        assert_eq!(error(&answer), (508, "err=9403".into()), "{via}");
    }
    let nested = get(server.address, &format!("/cdn-cgi/image/width=8{path}")).await;
    assert_eq!(error(&nested).1, "err=9509", "{}", nested.text());
}

#[tokio::test]
async fn a_worker_that_fetches_its_own_picture_url_with_a_transformation_is_told_so() {
    let server = start().await;
    for path in [
        "/cdn-cgi/image/width=3/",
        "/cdn-cgi/image/width=3/http://a.test/",
    ] {
        let url = format!("http://{}{path}{}", server.address, kept());
        let answer = fetch(&server, &url, &json!({"width": 8})).await;
        assert_eq!(error(&answer), (508, "err=9403".into()), "{url}");
    }
    // Reached by a redirect, it says so itself.
    let inner = format!("/cdn-cgi/image/width=3/{}", kept());
    let url = format!("http://{}/redirect?to={}", server.address, escaped(&inner));
    let answer = fetch(&server, &url, &json!({"width": 8})).await;
    assert_eq!(
        error(&answer),
        (502, "err=9509".into()),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn a_workers_plain_fetch_of_its_own_picture_url_is_not_transformed() {
    let server = start().await;
    let folder = project(guests::misbehaving(), "[images]\nbinding = \"IMAGES\"\n");
    let file = folder.path().join("wrangler.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, config.replace("\"test\"", "\"other\"")).unwrap();
    let other = DevServer::start_in(folder.path(), &[]).await;
    let fetch = async |address: std::net::SocketAddr| {
        let url = format!(
            "http://{address}/cdn-cgi/image/width=30,onerror=redirect/{}",
            kept()
        );
        get(server.address, &format!("/fetch?url={}", escaped(&url))).await
    };
    let own = fetch(server.address).await;
    assert_eq!(own.status, 403);
    assert_eq!(own.header("cf-not-resized"), "err=9524");
    assert!(own.text().starts_with("ERROR 9524: "), "{}", own.text());
    // A loop of another host is not detected here.
    assert_eq!(size(&fetch(other.address).await), (30, 20));
}

#[tokio::test]
async fn five_redirects_are_followed_and_a_sixth_is_not() {
    let server = start().await;
    let png = picture(50, 50, image::ImageFormat::Png);
    let host = Host::start(move |path| match path.trim_start_matches('/') {
        "0" => answer(200, "", &png),
        left => redirect(&format!("/{}", left.parse::<u8>().unwrap() - 1)),
    })
    .await;
    let own = |left: u8| {
        format!(
            "/redirect?left={}&to={}",
            left - 1,
            escaped(&format!("/{}", kept()))
        )
    };
    for (left, expected) in [(5, Ok(10)), (6, Err((400, "err=9421".to_owned())))] {
        let told = |answer: &Answer| match answer.status.is_success() {
            true => Ok(size(answer).0),
            false => Err(error(answer)),
        };
        let worker = format!("/cdn-cgi/image/width=10{}", own(left));
        let worker = get(server.address, &worker).await;
        assert_eq!(told(&worker), expected, "the worker, {left}");
        let url = host.url(&format!("/{left}"));
        let by_url = get(server.address, &format!("/cdn-cgi/image/width=10/{url}")).await;
        assert_eq!(told(&by_url), expected, "a URL, {left}");
        let by_fetch = fetch(&server, &url, &json!({"width": 10})).await;
        assert_eq!(told(&by_fetch), expected, "fetch, {left}");
    }
    // A redirect of the worker is judged by its target.
    let rest = host.url("/3");
    let path = format!(
        "/cdn-cgi/image/width=10/redirect?left=2&to={}",
        escaped(&rest)
    );
    let answer = get(server.address, &path).await;
    assert_eq!(error(&answer), (400, "err=9421".into()));
}
