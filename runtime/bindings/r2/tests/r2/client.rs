//! A client of the bucket's wire: one opened bucket, and requests to its service.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use safelight_config::{Durability, S3, Storage};
use safelight_hop::log::{Log, MemoryLog};
use safelight_hop::{Body, Call, HopError, RequestContext};
use safelight_r2::buckets::{Buckets, Store};
use safelight_r2::{Bucket, Credentials};
use safelight_state::State;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// The size that every part but the last needs, small so that tests need no megabytes.
pub(crate) const PART_BYTES: u64 = 100;

pub(crate) struct Client {
    service: BoxCloneSyncService<Call, Response<Body>, HopError>,
    context: Arc<RequestContext>,
    buckets: Buckets,
    pub(crate) bucket: Bucket,
    /// Locked as long as the bucket is in use.
    pub(crate) state: State,
    pub(crate) storage: Storage,
    pub(crate) log: MemoryLog,
}

/// The outcome of a request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `null` if there is none.
    pub(crate) json: Value,
    /// The bytes behind the JSON.
    pub(crate) value: Vec<u8>,
    /// The bytes of the JSON and the value.
    pub(crate) body: Vec<u8>,
    /// The JSON of the error's header, or `null`.
    pub(crate) error: Value,
}

impl Reply {
    /// The JSON of a good answer.
    #[track_caller]
    pub(crate) fn good(self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.error);
        self.json
    }

    /// The value of a good answer, as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.status, 200, "{:?}", self.error);
        std::str::from_utf8(&self.value).unwrap()
    }
}

impl Client {
    /// Opens the bucket `photos` below a folder of state.
    pub(crate) async fn open(folder: &Path, storage: Storage) -> Self {
        let storage = Storage {
            durability: Durability::Process,
            part_bytes: Some(PART_BYTES),
            ..storage
        };
        let mut state = State::open(folder).unwrap();
        let mut buckets = Buckets::default();
        let credentials = credentials();
        let log = MemoryLog::default();
        let to_log = Log::new(log.clone());
        let store = Store {
            storage: &storage,
            credentials: Some(&credentials),
        };
        let opened = buckets.open("photos", &state, store, &to_log);
        opened.await.unwrap();
        state.share().unwrap();
        let bucket = buckets.get("photos").unwrap().clone();
        Self {
            service: BoxCloneSyncService::new(safelight_r2::service(bucket.clone())),
            context: RequestContext::background(Log::new(io::sink())),
            buckets,
            bucket,
            state,
            storage,
            log,
        }
    }

    /// Ends the use of the bucket as a program does that is not killed.
    pub(crate) async fn close(self) {
        self.buckets.close().await.unwrap();
    }

    /// The folder of the bucket's index.
    pub(crate) fn folder(&self) -> PathBuf {
        self.state.folder("r2", "photos")
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        let call = Call::new("PHOTOS".into(), request, self.context.clone());
        self.service.clone().oneshot(call).await.unwrap()
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

/// The bucket of the store at `endpoint` that all tests use.
pub(crate) fn s3(endpoint: String) -> S3 {
    S3 {
        endpoint,
        bucket: "blobs".into(),
        region: "us-east-1".into(),
        prefix: "of/tests".into(),
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

pub(crate) fn full(content: impl Into<Bytes>) -> Body {
    Full::new(content.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

pub(crate) async fn reply(method: &Method, response: Response<Body>) -> Reply {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let length = head.headers["content-length"].to_str().unwrap();
    assert_eq!(
        length,
        body.len().to_string(),
        "every answer tells its length"
    );
    let size = head.headers.get("cf-r2-metadata-size");
    let size = size.map_or(0, |size| size.to_str().unwrap().parse().unwrap());
    let (json, value) = body.split_at(size);
    let error = head.headers.get("cf-r2-error");
    assert_eq!(
        error.is_some(),
        head.status.as_u16() >= 400,
        "{method} {head:?}"
    );
    Reply {
        status: head.status,
        headers: head.headers.clone(),
        json: serde_json::from_slice(json).unwrap_or_default(),
        value: value.to_vec(),
        body,
        error: error.map_or(Value::Null, |error| {
            serde_json::from_slice(error.as_bytes()).unwrap()
        }),
    }
}
