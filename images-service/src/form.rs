//! Reads the multipart form of one request: its parts in order, each within its limit, to the end of the body.

mod body;
mod part;

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, header::CONTENT_TYPE};
use http_body::Body;
use multer::{Field, Multipart};
use safelight_protocol::{ErrorCode, error::Call};

pub(crate) use self::part::Parts;
use self::{
    body::{BodyError, FormBody},
    part::{PartName, malformed},
};
use crate::{error::ServiceError, quota::Reservation};

/// The limits of the form of one request.
#[derive(Clone, Copy, Debug)]
pub struct FormLimits {
    /// The bytes of one encoded input image.
    pub input_bytes: usize,
    /// The bytes of one encoded input image that comes from a URL.
    pub remote_bytes: usize,
    /// The bytes of one whole request.
    pub request_bytes: usize,
    /// The number of overlays of one request.
    pub overlays: usize,
}

impl Default for FormLimits {
    fn default() -> Self {
        Self {
            input_bytes: 20_000_000,
            remote_bytes: 100_000_000,
            request_bytes: 200_000_000,
            overlays: 64,
        }
    }
}

/// The result of reading a request's body.
#[derive(Debug)]
pub(crate) struct Received<T> {
    /// The form, or the reason why there is none.
    pub(crate) form: Result<T, ServiceError>,
    /// Whether the body was read to its end. If not, the connection cannot be used again.
    pub(crate) at_end: bool,
}

/// The form of `/transform`, with values that are not parsed yet.
#[derive(Debug)]
pub(crate) struct TransformForm {
    /// Image 0.
    pub(crate) base: Source,
    /// The images from 1 on.
    pub(crate) overlays: Vec<Source>,
    /// The steps, in JSON.
    pub(crate) transforms: String,
    /// The format of the result.
    pub(crate) output_format: String,
    /// The quality of the result.
    pub(crate) output_quality: Option<String>,
    /// The colour under the result.
    pub(crate) background: Option<String>,
    /// Whether an animation stays one.
    pub(crate) anim: Option<String>,
    /// The parts that the platform's form does not have.
    pub(crate) extension: ExtensionParts,
}

/// The parts whose names begin with `safelight_`.
#[derive(Debug, Default)]
pub(crate) struct ExtensionParts {
    /// The rule by which the format is chosen.
    pub(crate) choose: Option<String>,
    /// The modern formats that may be chosen.
    pub(crate) accept: Option<String>,
    /// The metadata of the source that is kept.
    pub(crate) metadata: Option<String>,
    /// The scan of a JPEG.
    pub(crate) jpeg: Option<String>,
    /// The kind of the caller.
    pub(crate) caller: Option<String>,
}

/// The source of an image of a form.
#[derive(Debug)]
pub(crate) enum Source {
    /// An encoded image.
    Image(Bytes),
    /// A text to be drawn, in JSON.
    Text(Bytes),
}

/// Reads the form of `/info`: one image.
pub(crate) async fn info<B>(
    request: Request<B>,
    limits: &FormLimits,
    read_timeout: Duration,
    reservation: &Reservation,
) -> Received<Bytes>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: fmt::Display,
{
    let Received { form, at_end } =
        receive(request, Call::Info, limits, read_timeout, reservation).await;
    let form = form.and_then(|mut parts| parts.require(PartName::Image));
    Received { form, at_end }
}

/// Reads the parts of the form of `/transform`.
pub(crate) async fn transform<B>(
    request: Request<B>,
    limits: &FormLimits,
    read_timeout: Duration,
    reservation: &Reservation,
) -> Received<Parts>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: fmt::Display,
{
    receive(request, Call::Transform, limits, read_timeout, reservation).await
}

/// Discards a request's body. Returns whether it ended within the limits.
pub(crate) async fn discard<B>(
    request: Request<B>,
    limits: &FormLimits,
    read_timeout: Duration,
) -> bool
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: fmt::Display,
{
    FormBody::new(request.into_body(), limits, read_timeout)
        .drain()
        .await
}

async fn receive<B>(
    request: Request<B>,
    call: Call,
    limits: &FormLimits,
    read_timeout: Duration,
    reservation: &Reservation,
) -> Received<Parts>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: fmt::Display,
{
    let (head, body) = request.into_parts();
    let mut body = FormBody::new(body, limits, read_timeout);
    let form = match boundary(&head.headers) {
        Ok(_) if body.announces_too_much() => Err(body_error(&BodyError::TooLong, limits)),
        Ok(boundary) => parts(&mut body, boundary, call, limits, reservation).await,
        Err(error) => Err(error),
    };
    let at_end = body.drain().await;
    let form = match form {
        Ok(_) if !at_end => Err(malformed("the request goes on behind its form")),
        form => form,
    };
    Received { form, at_end }
}

fn boundary(headers: &HeaderMap) -> Result<String, ServiceError> {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok())
        .filter(|boundary| !boundary.is_empty())
        .ok_or_else(|| malformed("the content-type is not multipart/form-data with a boundary"))
}

/// Reads all parts up to the closing boundary.
async fn parts<B>(
    body: &mut FormBody<B>,
    boundary: String,
    call: Call,
    limits: &FormLimits,
    reservation: &Reservation,
) -> Result<Parts, ServiceError>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: fmt::Display,
{
    let header_limit = body.header_limit();
    let mut form = Multipart::new(body, boundary);
    let mut parts = Parts::default();
    loop {
        header_limit.enforce();
        let next = form.next_field().await;
        // The parser ends at the closing boundary alone: a body that ends before it is an error.
        let Some(mut field) = next.map_err(|error| unreadable(error, limits))? else {
            return Ok(parts);
        };
        header_limit.suspend();
        let name = part_name(&field, call)?;
        parts.check_allowed(name, limits)?;
        let limit = parts.limit(name, limits);
        let mut buffer = PartBuffer::new(limit, reservation);
        while let Some(bytes) = chunk(&mut field, limits).await? {
            buffer.push(&bytes, name)?;
        }
        parts.push(name, buffer.into());
    }
}

fn part_name(field: &Field<'_>, call: Call) -> Result<PartName, ServiceError> {
    let name = field
        .name()
        .ok_or_else(|| malformed("the form has a part without a name"))?;
    PartName::find(name, call).ok_or_else(|| {
        let shown: String = name.escape_default().take(64).collect();
        malformed(format!("the form has an unknown part {shown}"))
    })
}

async fn chunk(field: &mut Field<'_>, limits: &FormLimits) -> Result<Option<Bytes>, ServiceError> {
    let chunk = field.chunk().await;
    chunk.map_err(|error| unreadable(error, limits))
}

/// The content of a part while it arrives. Its memory is reserved before it is allocated.
struct PartBuffer<'a> {
    content: Vec<u8>,
    /// The most bytes that the content may have.
    limit: usize,
    reservation: &'a Reservation,
}

impl<'a> PartBuffer<'a> {
    const fn new(limit: usize, reservation: &'a Reservation) -> Self {
        Self {
            content: Vec::new(),
            limit,
            reservation,
        }
    }

    /// Appends bytes. The buffer doubles when it is full.
    ///
    /// # Errors
    /// Fails when the part is too long, or no memory is left to reserve.
    fn push(&mut self, bytes: &[u8], name: PartName) -> Result<(), ServiceError> {
        let length = self.content.len() + bytes.len();
        if length > self.limit {
            let text = format!(
                "the part {} has more than {} bytes",
                name.as_str(),
                self.limit
            );
            return Err(ServiceError::new(name.too_large(), text));
        }
        let capacity = self.content.capacity();
        if length > capacity {
            let grown = capacity.saturating_mul(2).clamp(length, self.limit);
            self.reservation.reserve(grown - capacity)?;
            self.content.reserve_exact(grown - self.content.len());
        }
        self.content.extend_from_slice(bytes);
        Ok(())
    }
}

impl From<PartBuffer<'_>> for Bytes {
    fn from(buffer: PartBuffer<'_>) -> Self {
        buffer.content.into()
    }
}

fn unreadable(error: multer::Error, limits: &FormLimits) -> ServiceError {
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<BodyError>() {
            Ok(error) => body_error(&error, limits),
            Err(other) => malformed(format!("the form could not be read: {other}")),
        },
        multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream => {
            malformed("the form is broken, or ends before its closing boundary")
        }
        other => malformed(format!("the form is malformed: {other}")),
    }
}

fn body_error(error: &BodyError, limits: &FormLimits) -> ServiceError {
    match error {
        BodyError::TooLong => ServiceError::new(
            ErrorCode::InputTooLarge,
            format!("the request has more than {} bytes", limits.request_bytes),
        ),
        BodyError::Stalled(_) | BodyError::HeadTooLong | BodyError::Broken(_) => {
            malformed(format!("the form could not be read: {error}"))
        }
    }
}

impl TransformForm {
    /// Reads the parts as the form of `/transform`.
    ///
    /// # Errors
    /// Fails when a part is missing, or is not text where it must be.
    pub(crate) fn from_parts(mut parts: Parts) -> Result<Self, ServiceError> {
        let base = match parts.take(PartName::TextInput) {
            None => Source::Image(parts.require(PartName::Image)?),
            Some(text) if parts.take(PartName::Image).is_none() => Source::Text(text),
            Some(_) => return Err(malformed("the form has both parts, image and text_input")),
        };
        let mut option = |name| {
            parts
                .take(name)
                .map(|content| text(name, &content))
                .transpose()
        };
        let output_quality = option(PartName::OutputQuality)?;
        let background = option(PartName::Background)?;
        let anim = option(PartName::Anim)?;
        let extension = ExtensionParts {
            choose: option(PartName::Choose)?,
            accept: option(PartName::Accept)?,
            metadata: option(PartName::Metadata)?,
            jpeg: option(PartName::Jpeg)?,
            caller: option(PartName::Caller)?,
        };
        let mut string = |name| text(name, &parts.require(name)?);
        let transforms = string(PartName::Transforms)?;
        let output_format = string(PartName::OutputFormat)?;
        Ok(Self {
            base,
            overlays: parts.overlays().collect(),
            transforms,
            output_format,
            output_quality,
            background,
            anim,
            extension,
        })
    }
}

fn text(name: PartName, content: &[u8]) -> Result<String, ServiceError> {
    std::str::from_utf8(content)
        .map(str::to_owned)
        .map_err(|_| malformed(format!("the part {} is not UTF-8", name.as_str())))
}
