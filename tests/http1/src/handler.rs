//! The handling of an upload before the answer, for either hyper.

use crate::row::{CLOSING_BOUNDARY, Handling};
use crate::upload::Upload;

/// Returns when the answer is to be sent.
pub(crate) async fn handle<U: Upload>(mut upload: U, handling: Handling) {
    match handling {
        Handling::ReadsToTheEnd => read_to_end(upload).await,
        Handling::DropsAtBoundary => {
            read_to_boundary(&mut upload).await;
            drop(upload);
            // The work on the form takes long enough for the connection to detect that the upload was dropped.
            tokio::task::yield_now().await;
        }
        Handling::AnswersAtBoundary => {
            read_to_boundary(&mut upload).await;
            tokio::spawn(read_to_end(upload));
        }
        Handling::Ignores => {}
    }
}

async fn read_to_end<U: Upload>(mut upload: U) {
    while upload.next().await.is_some() {}
}

async fn read_to_boundary<U: Upload>(upload: &mut U) {
    let mut form = Vec::new();
    while !form.ends_with(CLOSING_BOUNDARY.as_bytes()) {
        let piece = upload
            .next()
            .await
            .expect("the form has a closing boundary");
        form.extend_from_slice(&piece);
    }
}
