//! A worker with a route for every call of an R2 bucket: `/<call>?key=…&…`.
//!
//! | call | does |
//! |---|---|
//! | `head` `get` `delete` | makes the call; `get` with the request's own `range` header, and `match=` an entity tag |
//! | `put` | stores the request's body; `type=`, `note=` a field of metadata, `md5=`, `new` only if there is none |
//! | `copy` | streams one object into another, `to=` |
//! | `list` | `prefix=` `delimiter=` `limit=` `cursor=` |
//! | `delete-many` | deletes the keys in `keys=`, which has commas |
//! | `picture` | the object through Images, `width=` |
//! | `parts` | cuts the request's body into parts of `size=` bytes, and uploads them last first |

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use safelight_sdk::{
    Context, Env, Format, ImageOutputOptions, ImageTransform, R2Bucket, R2Conditional, R2Etag,
    R2GetOptions, R2GetOutcome, R2Hash, R2ListOptions, R2MultipartOptions, R2Object, R2PutOptions,
    Request, Response, Result, http::StatusCode, response,
};

/// The parameters of a request's query.
type Query = BTreeMap<String, String>;

const BODY_LIMIT: usize = 32 * 1024 * 1024;

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    let query = query(&request);
    let bucket = env.bucket(option(&query, "bucket").unwrap_or("BUCKET"))?;
    let key = option(&query, "key").unwrap_or_default();
    match request.uri().path() {
        "/head" => Ok(found(bucket.head(key).await?.as_ref())),
        "/get" => get(&bucket, key, &query, &request).await,
        "/put" => put(&bucket, key, &query, request).await,
        "/copy" => copy(&bucket, key, &query).await,
        "/delete" => {
            bucket.delete(key).await?;
            Ok(said("deleted"))
        }
        "/delete-many" => {
            let keys = option(&query, "keys").unwrap_or_default();
            bucket.delete_many(keys.split(',')).await?;
            Ok(said("deleted"))
        }
        "/list" => list(&bucket, &query).await,
        "/picture" => picture(&env, &bucket, key, &query).await,
        "/parts" => parts(&bucket, key, &query, request).await,
        path => Ok(response::text(StatusCode::NOT_FOUND, path)),
    }
}

async fn get(bucket: &R2Bucket, key: &str, query: &Query, request: &Request) -> Result<Response> {
    let mut options = R2GetOptions::new().range_from_headers(request.headers());
    if let Some(etag) = option(query, "match") {
        options = options.only_if(R2Conditional::new().etag_matches(etag));
    }
    Ok(match bucket.get_with(key, options).await? {
        R2GetOutcome::Object(object) => object.response(),
        R2GetOutcome::PreconditionFailed(object) => {
            response::text(StatusCode::PRECONDITION_FAILED, shown(&object))
        }
        R2GetOutcome::NotFound => found(None),
    })
}

async fn put(bucket: &R2Bucket, key: &str, query: &Query, request: Request) -> Result<Response> {
    let mut options = R2PutOptions::new();
    if let Some(content_type) = option(query, "type") {
        options = options.content_type(content_type);
    }
    if let Some(note) = option(query, "note") {
        options = options.custom_metadata("note", note);
    }
    if let Some(md5) = option(query, "md5") {
        options = options.hash(R2Hash::Md5(md5.to_owned()));
    }
    if option(query, "new").is_some() {
        options = options.only_if(R2Conditional::new().etag_does_not_match(R2Etag::Any));
    }
    let stored = bucket.put_with(key, request.into_body(), options).await?;
    Ok(match stored {
        Some(object) => said(shown(&object)),
        None => response::text(StatusCode::PRECONDITION_FAILED, "not stored\n"),
    })
}

async fn copy(bucket: &R2Bucket, key: &str, query: &Query) -> Result<Response> {
    let Some(object) = bucket.get(key).await? else {
        return Ok(found(None));
    };
    let copy = bucket.put(option(query, "to").unwrap_or_default(), object.body());
    Ok(said(shown(&copy.await?)))
}

async fn list(bucket: &R2Bucket, query: &Query) -> Result<Response> {
    let mut options = R2ListOptions::new().include_custom_metadata();
    if let Some(prefix) = option(query, "prefix") {
        options = options.prefix(prefix);
    }
    if let Some(delimiter) = option(query, "delimiter") {
        options = options.delimiter(delimiter);
    }
    if let Some(limit) = parse(query, "limit")? {
        options = options.limit(limit);
    }
    if let Some(cursor) = option(query, "cursor") {
        options = options.cursor(cursor);
    }
    let page = bucket.list(options).await?;
    let mut text = String::new();
    for object in &page.objects {
        text.push_str(&format!("object {}\n", shown(object)));
    }
    for prefix in &page.delimited_prefixes {
        text.push_str(&format!("prefix {prefix}\n"));
    }
    if let Some(cursor) = &page.cursor {
        text.push_str(&format!("cursor {cursor}\n"));
    }
    Ok(said(text))
}

async fn picture(env: &Env, bucket: &R2Bucket, key: &str, query: &Query) -> Result<Response> {
    let Some(object) = bucket.get(key).await? else {
        return Ok(found(None));
    };
    let transform = ImageTransform {
        width: parse(query, "width")?,
        ..ImageTransform::new()
    };
    let result = env
        .images("IMAGES")?
        .input(object.body())
        .transform(transform)
        .output(ImageOutputOptions::new(Format::Png))
        .await?;
    Ok(result.response())
}

async fn parts(bucket: &R2Bucket, key: &str, query: &Query, request: Request) -> Result<Response> {
    let size = parse(query, "size")?.unwrap_or(BODY_LIMIT);
    let options = R2MultipartOptions::new().custom_metadata("note", "in parts");
    let upload = bucket.create_multipart_upload(key, options).await?;
    // The upload is resumed by its id, as another worker would do.
    let upload = bucket.resume_multipart_upload(key, upload.upload_id());
    let body = request.into_body().collect(BODY_LIMIT).await?;
    let mut uploaded = Vec::new();
    let numbered: Vec<_> = (1..).zip(body.chunks(size)).collect();
    for (number, part) in numbered.into_iter().rev() {
        uploaded.push(upload.upload_part(number, part.to_vec()).await?);
    }
    uploaded.reverse();
    let object = upload.complete(uploaded).await?;
    // Aborting an upload that has ended is no error.
    upload.abort().await?;
    Ok(said(shown(&object)))
}

fn found(object: Option<&R2Object>) -> Response {
    match object {
        Some(object) => said(shown(object)),
        None => response::text(StatusCode::NOT_FOUND, "no such key\n"),
    }
}

fn shown(object: &R2Object) -> String {
    let note = object.custom_metadata.as_ref();
    let note = note.and_then(|fields| Some(fields.get("note")?.as_str()));
    format!(
        "{} {} {} {}",
        object.key,
        object.size,
        object.etag,
        note.unwrap_or("-")
    )
}

fn said(text: impl Into<String>) -> Response {
    response::text(StatusCode::OK, text)
}

fn query(request: &Request) -> Query {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn option<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.get(name).map(String::as_str)
}

fn parse<T: FromStr<Err: Display>>(query: &Query, name: &str) -> Result<Option<T>> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|error| format!("{name}={text}: {error}"))
    };
    Ok(option(query, name).map(parse).transpose()?)
}
