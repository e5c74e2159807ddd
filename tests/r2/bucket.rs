//! A bucket of a test, asked by the bytes of the wire.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use safelight::bindings::r2::buckets::Buckets;
use safelight::bindings::r2::{Bucket, Credentials, Durability, R2};
use safelight::config::Storage;
use safelight::state::State;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use wasmtime_wasi_http::WasiBody;

use crate::moto;

/// Parts need so many bytes, so that tests need no megabytes.
pub(crate) const PART_BYTES: u64 = 100;

pub(crate) struct TestBucket {
    service: R2,
    buckets: Buckets,
    bucket: Bucket,
    /// Held as long as the bucket is in use.
    #[expect(dead_code, reason = "it is a lock")]
    state: State,
    storage: Storage,
    /// The file of its index.
    pub(crate) index: PathBuf,
    blobs: PathBuf,
    folder: Option<TempDir>,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `null` if there is none.
    pub(crate) json: Value,
    /// What is behind the JSON.
    pub(crate) value: Vec<u8>,
    /// Of both.
    crc32c: u32,
    /// What the error's header says, or `null`.
    pub(crate) error: Value,
}

impl Reply {
    /// The error's number, or 0.
    pub(crate) fn code(&self) -> u64 {
        self.error["v4code"].as_u64().unwrap_or_default()
    }

    /// The value of a good answer, as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.status, 200, "{:?}", self.error);
        std::str::from_utf8(&self.value).unwrap()
    }

    /// Whether the answer's digest is that of its bytes.
    pub(crate) fn is_proved(&self) -> bool {
        let digest = &self.headers["repr-digest"];
        digest.to_str().unwrap() == safelight_protocol::digest::value(self.crc32c)
    }

    /// The JSON of a good answer.
    #[track_caller]
    pub(crate) fn good(self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.error);
        self.json
    }
}

impl TestBucket {
    pub(crate) async fn in_a_folder() -> Self {
        Self::open(tempfile::tempdir().unwrap(), Storage::default()).await
    }

    pub(crate) async fn in_a_store() -> Self {
        let storage = Storage {
            s3: Some(moto::store().await),
            ..Storage::default()
        };
        Self::open(tempfile::tempdir().unwrap(), storage).await
    }

    pub(crate) async fn open(folder: TempDir, storage: Storage) -> Self {
        let mut bucket = Self::open_at(folder.path(), storage).await;
        bucket.folder = Some(folder);
        bucket
    }

    /// In a folder of somebody else's.
    pub(crate) async fn open_at(folder: &Path, storage: Storage) -> Self {
        let storage = Storage {
            durability: Durability::Process,
            part_bytes: Some(PART_BYTES),
            ..storage
        };
        let mut state = State::open(folder).unwrap();
        let buckets = Buckets::open(["photos"], &state, &storage, Some(&credentials())).await;
        state.share().unwrap();
        let buckets = buckets.unwrap();
        let bucket = buckets.get("photos").unwrap().clone();
        Self {
            service: R2::new(bucket.clone()),
            buckets,
            bucket,
            index: state.folder("r2", "photos").join("index.sqlite"),
            blobs: state.folder("r2", "photos").join("blobs"),
            state,
            storage,
            folder: None,
        }
    }

    /// Ends its use, and returns the folder that it was made with.
    pub(crate) fn closed(self) -> TempDir {
        self.folder.unwrap()
    }

    /// Ends its use as a program does that is not killed.
    pub(crate) async fn close(self) {
        self.buckets.close().await.unwrap();
    }

    /// The same, in the next run of the program.
    pub(crate) async fn reopened(self) -> Self {
        let storage = self.storage.clone();
        Self::open(self.closed(), storage).await
    }

    pub(crate) fn storage(&self) -> Storage {
        self.storage.clone()
    }

    /// The folder of the state.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// How many blobs there are when nothing is under way any more, with those that are not whole.
    pub(crate) async fn blobs(&self) -> usize {
        self.bucket.settled().await;
        match &self.storage.s3 {
            Some(s3) => {
                let index = rusqlite::Connection::open(&self.index).unwrap();
                let select = "SELECT value FROM settings WHERE name = 'store'";
                let own: String = index.query_row(select, [], |row| row.get(0)).unwrap();
                moto::count(s3, &own)
            }
            None => std::fs::read_dir(&self.blobs).unwrap().count(),
        }
    }

    /// How many blobs the index names.
    pub(crate) fn named(&self) -> usize {
        let index = rusqlite::Connection::open(&self.index).unwrap();
        let count = "SELECT count(*) FROM segments";
        let count = index.query_row(count, [], |row| row.get::<_, i64>(0));
        usize::try_from(count.unwrap()).unwrap()
    }

    /// The file of the only blob in a folder.
    pub(crate) fn only_blob(&self) -> PathBuf {
        let mut blobs = std::fs::read_dir(&self.blobs).unwrap();
        let blob = blobs.next().unwrap().unwrap().path();
        assert!(blobs.next().is_none(), "there are others");
        blob
    }

    /// A request as it is.
    pub(crate) async fn send(&self, request: Request<WasiBody>) -> Response<WasiBody> {
        self.service.clone().oneshot(request).await.unwrap()
    }

    /// A call that only reads. `version` is added to the JSON.
    pub(crate) async fn read(&self, json: Value) -> Reply {
        let request = Request::get("http://fake-host/")
            .header("cf-r2-request", with_version(json))
            .body(full(""))
            .unwrap();
        reply(&Method::GET, self.send(request).await).await
    }

    /// A call that writes.
    pub(crate) async fn write(&self, json: Value, value: impl AsRef<[u8]>) -> Reply {
        let json = with_version(json);
        let body = [json.as_bytes(), value.as_ref()].concat();
        let request = Request::put("http://fake-host/")
            .header("cf-r2-metadata-size", json.len())
            .header("content-length", body.len())
            .body(full(body))
            .unwrap();
        reply(&Method::PUT, self.send(request).await).await
    }

    pub(crate) async fn put(&self, key: &str, value: impl AsRef<[u8]>) -> Value {
        let put = self.write(json!({ "method": "put", "object": key }), value);
        put.await.good()
    }

    pub(crate) async fn get(&self, key: &str) -> Reply {
        self.read(json!({ "method": "get", "object": key })).await
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        key_id: "test".into(),
        secret: "test".into(),
        token: None,
    }
}

pub(crate) fn with_version(mut json: Value) -> String {
    let method = json.as_object_mut().unwrap().remove("method").unwrap();
    let fields = json.to_string();
    let fields = fields.strip_prefix('{').unwrap();
    let comma = if fields == "}" { "" } else { "," };
    format!(r#"{{"version":1,"method":{method}{comma}{fields}"#)
}

pub(crate) fn full(content: impl Into<Bytes>) -> WasiBody {
    Full::new(content.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body of these pieces, which breaks off behind them.
pub(crate) fn broken(pieces: Vec<Bytes>) -> WasiBody {
    let frames = pieces
        .into_iter()
        .map(|piece| Ok(http_body::Frame::data(piece)));
    let end = std::iter::once_with(|| Err(wasmtime_wasi_http::Error::ConnectionTerminated));
    StreamBody::new(futures_util::stream::iter(frames.chain(end))).boxed_unsync()
}

pub(crate) async fn reply(method: &Method, response: Response<WasiBody>) -> Reply {
    let (head, body) = response.into_parts();
    let mut value = body.collect().await.unwrap().to_bytes().to_vec();
    let length = head.headers["content-length"].to_str().unwrap();
    assert_eq!(
        length,
        value.len().to_string(),
        "every answer tells its length"
    );
    let crc32c = crc32c::crc32c(&value);
    let size = head.headers.get("cf-r2-metadata-size");
    let size = size.map_or(0, |size| size.to_str().unwrap().parse().unwrap());
    let rest = value.split_off(size);
    let error = head.headers.get("cf-r2-error");
    assert_eq!(
        error.is_some(),
        head.status.as_u16() >= 400,
        "{method} {head:?}"
    );
    Reply {
        status: head.status,
        headers: head.headers.clone(),
        json: serde_json::from_slice(&value).unwrap_or_default(),
        value: rest,
        crc32c,
        error: error.map_or(Value::Null, |error| {
            serde_json::from_slice(error.as_bytes()).unwrap()
        }),
    }
}

/// A body in pieces, and how many of its bytes have not been read.
pub(crate) fn counted(content: &[u8]) -> (WasiBody, impl Fn() -> usize + use<>) {
    let unread = Arc::new(AtomicUsize::new(content.len()));
    let left = unread.clone();
    let pieces: Vec<_> = content
        .chunks(100_000)
        .map(Bytes::copy_from_slice)
        .collect();
    let frames = pieces.into_iter().map(move |piece| {
        left.fetch_sub(piece.len(), Ordering::Relaxed);
        Ok(http_body::Frame::data(piece))
    });
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    (body, move || unread.load(Ordering::Relaxed))
}
