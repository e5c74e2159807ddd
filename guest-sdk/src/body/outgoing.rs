//! A body on its way out of the guest.

use std::{cell::RefCell, rc::Rc};

use wasip3::{
    http::types::ErrorCode,
    spawn_local,
    wit_bindgen::{StreamReader, StreamWriter},
    wit_future, wit_stream,
};

use super::{Body, Source, incoming::TrailersReader};
use crate::{Error, Result};

/// The error with which the guest broke a body off. The caller that waits for the answer reads it.
pub(crate) type SendFailure = Rc<RefCell<Option<Error>>>;

/// A body in the host's terms.
pub(crate) struct Outgoing {
    pub(crate) contents: Option<StreamReader<u8>>,
    /// The end of the body: always its own, never one of ours that reports success.
    pub(crate) trailers: TrailersReader,
    pub(crate) failure: SendFailure,
}

impl Outgoing {
    /// Hands over an untouched body as it is, and starts to send any other in steps.
    pub(crate) fn start(body: Body) -> Self {
        let failure = SendFailure::default();
        let source = match body.source {
            Source::Incoming(incoming) => match incoming.into_stream() {
                Ok((contents, trailers)) => {
                    return Self {
                        contents: Some(contents),
                        trailers,
                        failure,
                    };
                }
                Err(incoming) => Source::Incoming(incoming),
            },
            Source::Bytes(bytes) if bytes.is_empty() => {
                let (_, trailers) = wit_future::new(|| Ok(None));
                return Self {
                    contents: None,
                    trailers,
                    failure,
                };
            }
            source @ (Source::Bytes(_) | Source::Stream(_) | Source::Joined(_)) => source,
        };
        let (writer, contents) = wit_stream::new();
        // A task that stops before its end leaves an error behind, not a short body.
        let (end, trailers) = wit_future::new(|| {
            Err(ErrorCode::InternalError(Some(
                "the worker stopped sending".to_owned(),
            )))
        });
        let reported = Rc::clone(&failure);
        spawn_local(async move {
            let outcome = match send(Body::new(source), writer).await {
                Ok(()) => Ok(None),
                Err(error) => {
                    let code = ErrorCode::InternalError(Some(error.to_string()));
                    *reported.borrow_mut() = Some(error);
                    Err(code)
                }
            };
            // Fails only when the body has no reader any more.
            drop(end.write(outcome).await);
        });
        Self {
            contents: Some(contents),
            trailers,
            failure,
        }
    }
}

/// Moves a body through one buffer. A receiver that leaves is no error.
async fn send(mut body: Body, mut writer: StreamWriter<u8>) -> Result<()> {
    let mut buffer = Vec::new();
    loop {
        buffer = body.fill(buffer).await?;
        if buffer.is_empty() {
            return Ok(());
        }
        buffer = writer.write_all(buffer).await;
        if !buffer.is_empty() {
            return Ok(());
        }
    }
}
