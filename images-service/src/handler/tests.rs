//! The crossing to a worker: a panic fails its own request, and no work is done for a client that has left.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use safelight_protocol::ErrorCode;
use tokio::net::UnixStream;

use super::{HandleError, Handler};
use safelight_net::hang_up::HangUp;

use crate::{deadline::Deadline, limits::Limits};

fn handler() -> Handler {
    let limits = Limits {
        workers: 1,
        queue: 0,
        ..Limits::default()
    };
    Handler::new(limits, None).unwrap()
}

#[tokio::test]
async fn a_panic_fails_its_own_request_and_frees_the_worker() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let client = HangUp::new(&ours).unwrap();
    let handler = handler();
    let failed = handler
        .on_worker::<()>(&client, |_| panic!("a codec's surprise"))
        .await;
    let Err(HandleError::Refused { error, .. }) = failed else {
        panic!("not refused");
    };
    assert_eq!(error.code, ErrorCode::Internal);
    let Ok((done, _)) = handler.on_worker(&client, |_| Ok(7)).await else {
        panic!("the worker is not free");
    };
    assert_eq!(done, 7);
}

#[tokio::test]
async fn no_work_is_begun_for_a_client_that_is_gone() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let client = HangUp::new(&ours).unwrap();
    drop(theirs);
    client.wait().await;
    let begun = Arc::new(AtomicBool::new(false));
    let begun_flag = Arc::clone(&begun);
    let work = move |_: &Deadline| {
        begun_flag.store(true, Ordering::Relaxed);
        Ok(())
    };
    let gone = handler().on_worker(&client, work).await;
    assert!(matches!(gone, Err(HandleError::Gone)));
    assert!(!begun.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_client_that_has_only_finished_writing_is_not_gone() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let client = HangUp::new(&ours).unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut theirs)
        .await
        .unwrap();
    let done = handler().on_worker(&client, |_| Ok(())).await;
    assert!(done.is_ok());
}
