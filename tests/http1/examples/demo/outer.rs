//! The outer pipeline: fetches the result of the inner one, resizes it, and writes it as WebP.

use std::io;
use std::path::Path;

use crate::client::{Reads, field, send};
use crate::form::Form;

/// The outcome of one run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Bytes that the inner answer promised.
    pub(crate) promised: usize,
    /// Bytes of it that arrived.
    pub(crate) received: usize,
    /// The outer pipeline's own report of these bytes.
    pub(crate) said: String,
}

impl Outcome {
    pub(crate) fn is_cut(&self) -> bool {
        self.received < self.promised
    }
}

pub(crate) async fn run(inner: &Path, images: &Path) -> io::Result<Outcome> {
    let picture = send(inner, &Form::composite()?, Reads::Slowly).await?;
    let thumbnail = Form::thumbnail(&picture.body);
    let answer = send(images, &thumbnail, Reads::AtOnce).await?;
    let status = answer.head.split(' ').nth(1).unwrap_or_default();
    let said = match status {
        "200" => {
            let content_type = field(&answer.head, "content-type").unwrap_or_default();
            format!("200 {content_type}, {} bytes", answer.body.len())
        }
        _ => format!(
            "{status} {}",
            String::from_utf8_lossy(&answer.body).trim_end()
        ),
    };
    Ok(Outcome {
        promised: picture.promised,
        received: picture.body.len(),
        said,
    })
}
