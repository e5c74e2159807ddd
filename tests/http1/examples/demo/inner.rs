//! The inner pipeline behind one of three servers.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};

use crate::client::{Reads, send};
use crate::form::Form;
use crate::upload::Upload;

/// The server of the inner pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inner {
    /// hyper 0.14.32, and a handler that stops reading its form at the closing boundary.
    Old,
    /// The hyper of this project, and the same handler.
    Current,
    /// The images process, which reads forms to their end.
    Images,
}

impl Inner {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Old => "hyper 0.14.32",
            Self::Current => "our hyper, same handler",
            Self::Images => "the images process",
        }
    }
}

/// Accepts for ever. The images process makes the pixels in any case.
pub(crate) async fn serve(inner: Inner, listener: UnixListener, images: Arc<Path>) {
    while let Ok((stream, _)) = listener.accept().await {
        let images = images.clone();
        tokio::spawn(async move {
            // The client sees a failure. The old server's connections end without an error even when they lose half an answer.
            match inner {
                Inner::Old => drop(serve_old(stream, images).await),
                Inner::Current | Inner::Images => drop(serve_current(stream, images).await),
            }
        });
    }
}

async fn serve_old(stream: UnixStream, images: Arc<Path>) -> old_hyper::Result<()> {
    // Half of Linux's default, whatever this machine's default is: the kernel doubles it.
    let _ = socket2::SockRef::from(&stream).set_send_buffer_size(106_496);
    let service = old_hyper::service::service_fn(move |request: old_hyper::Request<_>| {
        let images = images.clone();
        async move {
            let picture = answer(request.into_body(), &images).await?;
            io::Result::Ok(old_hyper::Response::<old_hyper::Body>::new(picture.into()))
        }
    });
    old_hyper::server::conn::Http::new()
        .http1_only(true)
        .serve_connection(stream, service)
        .await
}

async fn serve_current(stream: UnixStream, images: Arc<Path>) -> hyper::Result<()> {
    let _ = socket2::SockRef::from(&stream).set_send_buffer_size(106_496);
    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
        let images = images.clone();
        async move {
            let picture = answer(request.into_body(), &images).await?;
            io::Result::Ok(hyper::Response::new(Full::new(picture)))
        }
    });
    // As in the images process.
    hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// Reads a form, drops the rest of the upload, and answers with the picture that the form asks for.
async fn answer(mut upload: impl Upload, images: &Path) -> io::Result<Bytes> {
    let mut form = Vec::new();
    while !Form::is_closed(&form) {
        let piece = upload.next().await;
        form.extend_from_slice(&piece.ok_or_else(|| io::Error::other("the form is cut"))?);
    }
    // A reader that stops at the closing boundary drops the rest of the upload.
    drop(upload);
    let picture = send(images, &Form::received(form), Reads::AtOnce).await?;
    Ok(picture.body.into())
}
