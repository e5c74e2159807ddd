//! The client against a host that gives the test's answers, and against sources that it must not reach.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod stand_in;

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use safelight_outgoing::{
    BufferedAnswer, Client, Exception, Limits, OutgoingError, Policy, Request,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::stand_in::{StandIn, read_head};

const LIMITS: Limits = Limits::new(1_000);

fn ok(body: &str) -> Option<String> {
    Some(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

fn to(location: &str) -> Option<String> {
    Some(format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    ))
}

fn on_loopback() -> Client {
    Client::new(Policy::with_exceptions([Exception::loopback()])).unwrap()
}

async fn fetch(url: &str) -> Result<BufferedAnswer, OutgoingError> {
    on_loopback().fetch(Request::get(url), &LIMITS).await
}

#[tokio::test]
async fn a_whole_answer_arrives_and_the_request_is_plain() {
    let host = StandIn::new(|_| ok("hello")).await;
    let mut headers = HeaderMap::new();
    headers.insert("via", HeaderValue::from_static("test"));
    let request = Request::get(host.url("/a%20b?c=d#e")).with_headers(headers);
    let whole = on_loopback().fetch(request, &LIMITS).await.unwrap();
    assert_eq!(whole.bytes, "hello");
    let asked = host.last();
    assert!(asked.starts_with("get /a%20b?c=d http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: {}\r\n", host.address)));
    assert!(asked.contains("accept-encoding: identity\r\n"));
    assert!(asked.contains("via: test\r\n"));
}

/// Every source here is refused by the policy of public addresses before a connection is made.
#[tokio::test]
async fn hostile_sources_are_refused_each_with_its_error() {
    use OutgoingError::{InvalidUrl, Refused, Scheme, Userinfo};
    type Expected = fn(&OutgoingError) -> bool;
    let host = StandIn::new(|_| ok("secret")).await;
    let port = host.address.port();
    let refused: Expected = |error| matches!(error, Refused { .. });
    let invalid: Expected = |error| matches!(error, InvalidUrl(_));
    let scheme: Expected = |error| matches!(error, Scheme(_));
    let userinfo: Expected = |error| matches!(error, Userinfo);
    let table: &[(&str, Expected)] = &[
        ("http://127.0.0.1:PORT/", refused),
        ("http://127.1:PORT/", refused),
        ("http://2130706433:PORT/", refused),
        ("http://0x7f000001:PORT/", refused),
        ("http://0x7f.1:PORT/", refused),
        ("http://0177.0.0.01:PORT/", refused),
        ("http://127.0.0.1.:PORT/", refused),
        ("http://%31%32%37%2e0.0.1:PORT/", refused),
        ("http://localhost:PORT/", refused),
        ("http://LOCALHOST:PORT/", refused),
        ("http://0.0.0.0:PORT/", refused),
        ("http://0:PORT/", refused),
        ("http://[::1]:PORT/", refused),
        ("http://[::]:PORT/", refused),
        ("http://[::ffff:127.0.0.1]:PORT/", refused),
        ("http://[::ffff:7f00:1]:PORT/", refused),
        ("http://[::127.0.0.1]:PORT/", refused),
        ("http://[64:ff9b::7f00:1]:PORT/", refused),
        ("http://[2002:7f00:1::]:PORT/", refused),
        ("http://10.0.0.1/", refused),
        ("http://172.16.0.1/", refused),
        ("http://192.168.0.1/", refused),
        ("http://169.254.169.254/latest/meta-data/", refused),
        ("http://[::ffff:169.254.169.254]/", refused),
        ("http://100.100.100.200/", refused),
        ("http://[fd00::1]/", refused),
        ("http://[fe80::1]/", refused),
        ("http://224.0.0.1/", refused),
        ("http://255.255.255.255/", refused),
        ("https://192.0.2.1/", refused),
        ("file:///etc/passwd", scheme),
        ("ftp://127.0.0.1/", scheme),
        ("gopher://127.0.0.1:PORT/_GET", scheme),
        ("data:,hello", scheme),
        ("http://example.com@127.0.0.1:PORT/", userinfo),
        ("http://127.0.0.1:PORT@example.com/", userinfo),
        ("http://example.com\\@127.0.0.1:PORT/", invalid),
        ("http://127.0.0.1:PORT\\@example.com/", invalid),
        ("//127.0.0.1:PORT/", invalid),
        ("http:127.0.0.1:PORT/", invalid),
        ("\thttp://127.0.0.1:PORT/", invalid),
        ("http://127.0.\n0.1:PORT/", invalid),
        ("http://\u{ff11}27.0.0.1:PORT/", invalid),
    ];
    let client = Client::new(Policy::public()).unwrap();
    for (url, is_expected) in table {
        let url = url.replace("PORT", &port.to_string());
        let error = client.fetch(Request::get(&url), &LIMITS).await.unwrap_err();
        assert!(is_expected(&error), "{url:?}: {error:?}");
    }
    assert_eq!(host.asked(), 0, "the host was connected to");
}

#[tokio::test]
async fn a_redirect_leads_nowhere_that_a_url_may_not() {
    let inner = StandIn::new(|_| ok("secret")).await;
    let secret = inner.address.port();
    for (location, expected) in [
        (format!("http://127.0.0.1:{secret}/"), "127.0.0.1"),
        (format!("http://0x7f.1:{secret}/"), "127.0.0.1"),
        (format!("//localhost:{secret}/"), "localhost"),
        (
            format!("http://[::ffff:127.0.0.1]:{secret}/"),
            "::ffff:127.0.0.1",
        ),
        ("http://169.254.169.254/".into(), "169.254.169.254"),
        ("http://10.0.0.1/".into(), "10.0.0.1"),
    ] {
        let host = StandIn::new(move |_| to(&location)).await;
        let only = Exception::loopback().with_port(host.address.port());
        let client = Client::new(Policy::with_exceptions([only])).unwrap();
        let error = client
            .fetch(Request::get(host.url("/")), &LIMITS)
            .await
            .unwrap_err();
        match error {
            OutgoingError::Refused { host, .. } => assert_eq!(host, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert_eq!(inner.asked(), 0);
    for location in [
        "file:///etc/passwd",
        "http://a@b/",
        "http://[/",
        "/\\x",
        "ftp://a/",
    ] {
        let host = StandIn::new(move |_| to(location)).await;
        let error = fetch(&host.url("/")).await.unwrap_err();
        assert!(
            matches!(error, OutgoingError::InvalidRedirect(_)),
            "{location}: {error:?}"
        );
    }
    let host =
        StandIn::new(|_| Some("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".into())).await;
    let error = fetch(&host.url("/")).await.unwrap_err();
    assert!(matches!(error, OutgoingError::InvalidRedirect(_)));
}

#[tokio::test]
async fn a_host_that_is_denied_is_not_asked_by_whatever_way() {
    let denied = StandIn::new(|_| ok("secret")).await;
    let url = denied.url("/a");
    let host = StandIn::new(move |_| to(&url)).await;
    let pattern = denied.address.to_string().parse().unwrap();
    let policy = Policy::with_exceptions([Exception::loopback()]).with_denied([pattern]);
    let client = Client::new(policy).unwrap();
    for url in [denied.url("/a"), host.url("/")] {
        let error = client.fetch(Request::get(url), &LIMITS).await.unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1 is denied", "{error:?}");
    }
    assert_eq!((denied.asked(), host.asked()), (0, 1));
}

#[tokio::test]
async fn five_redirects_are_followed_and_a_sixth_is_not() {
    let host = StandIn::new(|head| {
        let left: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        match left {
            0 => ok("there"),
            left => to(&format!("/{}", left - 1)),
        }
    })
    .await;
    let whole = fetch(&host.url("/5")).await.unwrap();
    assert_eq!(whole.bytes, "there");
    assert_eq!(whole.url.path(), "/0");
    assert_eq!(
        fetch(&host.url("/6")).await.unwrap_err(),
        OutgoingError::TooManyRedirects(5)
    );
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let other = StandIn::new(|_| ok("")).await;
    let there = other.url("/");
    let host = StandIn::new(move |head| match head.starts_with("GET /away") {
        true => to(&there),
        false if head.starts_with("GET /here") => to("/end"),
        false => ok(""),
    })
    .await;
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::from_static("a=b"));
    headers.insert("authorization", HeaderValue::from_static("Basic x"));
    for (path, end, kept) in [("/here", &host, true), ("/away", &other, false)] {
        let request = Request::get(host.url(path)).with_headers(headers.clone());
        on_loopback().fetch(request, &LIMITS).await.unwrap();
        let asked = end.last();
        assert_eq!(asked.contains("cookie:"), kept, "{path}");
        assert_eq!(asked.contains("authorization:"), kept, "{path}");
    }
    static KEYS: [HeaderName; 2] = [COOKIE, HeaderName::from_static("x-key")];
    headers.insert("x-key", HeaderValue::from_static("secret"));
    let request = Request::get(host.url("/away")).with_headers(headers);
    let request = request.with_private(&KEYS);
    on_loopback().fetch(request, &LIMITS).await.unwrap();
    let asked = other.last();
    assert!(
        !asked.contains("cookie:") && !asked.contains("x-key"),
        "{asked}"
    );
}

#[tokio::test]
async fn an_answer_is_bounded_before_it_is_read_and_while() {
    let promised = StandIn::new(|_| {
        // The body never comes: the promise alone is too much.
        Some("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".into())
    })
    .await;
    let unannounced =
        StandIn::new(|_| Some(format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(1_001)))).await;
    for host in [promised, unannounced] {
        let error = fetch(&host.url("/")).await.unwrap_err();
        assert_eq!(error, OutgoingError::TooLarge(1_000));
    }
    let just = "a".repeat(1_000);
    let host = StandIn::new(move |_| ok(&just)).await;
    assert_eq!(fetch(&host.url("/")).await.unwrap().bytes.len(), 1_000);
}

#[tokio::test]
async fn an_answer_that_is_no_complete_plain_success_is_an_error() {
    type Expected = fn(&OutgoingError) -> bool;
    let table: &[(&str, Expected)] = &[
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 9999\r\n\r\n",
            |error| *error == OutgoingError::Status(StatusCode::NOT_FOUND),
        ),
        ("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", |error| {
            *error == OutgoingError::Status(StatusCode::SERVICE_UNAVAILABLE)
        }),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
            |error| matches!(error, OutgoingError::CutShort(_)),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            |error| matches!(error, OutgoingError::CutShort(_)),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nabc",
            |error| *error == OutgoingError::Encoded("gzip".into()),
        ),
        ("SSH-2.0-x\r\n\r\n", |error| {
            matches!(error, OutgoingError::Protocol(_))
        }),
        ("", |error| matches!(error, OutgoingError::CutShort(_))),
    ];
    for (reply, is_expected) in table {
        let host = StandIn::new(|_| Some((*reply).to_owned())).await;
        let error = fetch(&host.url("/")).await.unwrap_err();
        assert!(is_expected(&error), "{reply:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told_from_one_that_is_not_known() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(
        fetch(&gone).await.unwrap_err(),
        OutgoingError::ConnectionRefused
    );
    let error = fetch("http://nobody.invalid/").await.unwrap_err();
    assert!(matches!(error, OutgoingError::Dns { .. }), "{error:?}");
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", plain.local_addr().unwrap());
    let answering = async {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").await.unwrap();
        stream
    };
    let (_open, answer) = tokio::join!(answering, fetch(&url));
    let error = answer.unwrap_err();
    assert!(matches!(error, OutgoingError::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_or_does_not_end_times_out() {
    let silent = StandIn::new(|_| None).await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endless = format!("http://{}/", slow.local_addr().unwrap());
    let dripping = tokio::spawn(async move {
        let (mut stream, _) = slow.accept().await.unwrap();
        // An answer that comes before its request is a breach of the protocol, and no slow answer.
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(b"a").await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let limits = Limits {
        total: Duration::from_millis(50),
        ..Limits::new(u64::MAX)
    };
    for url in [silent.url("/"), endless] {
        let error = on_loopback().fetch(Request::get(url), &limits).await;
        assert_eq!(error.unwrap_err(), OutgoingError::Timeout(limits.total));
    }
    // The connection ends with the body, and with it the host's writing.
    dripping.await.unwrap();
}
