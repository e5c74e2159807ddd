//! How a body leaves the guest.

use std::{cell::RefCell, rc::Rc};

use wasip3::{
    http::types::ErrorCode,
    spawn_local,
    wit_bindgen::{StreamReader, StreamWriter},
    wit_future, wit_stream,
};

use super::{Body, Source, incoming::TrailersReader};
use crate::{Error, Result};

/// Why the guest broke a body off, for whoever waits for the answer to it.
pub(crate) type SendFailure = Rc<RefCell<Option<Error>>>;

/// A body in the host's terms.
pub(crate) struct Outgoing {
    pub(crate) contents: Option<StreamReader<u8>>,
    /// How the body ended. Always that of the body itself, never one of our own that says it ended well.
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
        // Whatever stops the sending before its end leaves an error behind, not a short body.
        let (end, trailers) = wit_future::new(|| {
            Err(ErrorCode::InternalError(Some(
                "the worker stopped sending".to_owned(),
            )))
        });
        let told = Rc::clone(&failure);
        spawn_local(async move {
            let outcome = match send(Body::new(source), writer).await {
                Ok(()) => Ok(None),
                Err(error) => {
                    let code = ErrorCode::InternalError(Some(error.to_string()));
                    *told.borrow_mut() = Some(error);
                    Err(code)
                }
            };
            // Fails only when nobody reads the body any more, and then nobody misses its end.
            drop(end.write(outcome).await);
        });
        Self {
            contents: Some(contents),
            trailers,
            failure,
        }
    }
}

/// Moves a body through one buffer. A receiver that leaves is no error: it knows that it left.
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
