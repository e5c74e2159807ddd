//! Entry points for fuzzers to the messages between the images process and a pixel process, in both directions.

#[cfg(test)]
pub(crate) mod seeds;

use std::{
    io,
    pin::pin,
    process::Stdio,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::AsyncWriteExt,
    net::UnixStream,
    process::Command,
    runtime::{Builder, Runtime},
    sync::oneshot,
};

use super::{
    Made,
    admission::{Admission, OWN_MEMORY},
    child::fuzz_hooks::{OUTPUT_BYTES, follow},
    handle::PixelProcess,
    pixels::known_type,
    run::{Label, Run},
    sys::OUT_OF_MEMORY,
    wire::{self, Done, Job, Order, Range, Report},
};
use crate::{answer::Block, catch_panic::is_panic, error::ServiceError, pipeline::PixelLimits};

/// The bytes of each direction's shared memory of a process whose words the fuzzer chooses.
const CAPACITY: usize = 1 << 16;

/// The bytes that all work may take in [`run`], besides those of a process itself.
const MEMORY: u64 = 1 << 30;

/// Reads reports as the images process does, until one is wrong. Calls `answer` with each result of a transform.
pub(crate) fn reports(mut bytes: &[u8], mut answer: impl FnMut(Result<Made, ServiceError>)) {
    while let Some(report) = next(&mut bytes) {
        check_encoding(&report);
        match report {
            Report::Done { done, .. } => match done {
                Done::Transform {
                    content_type,
                    facts,
                    ..
                } => {
                    if let Some(content_type) = known_type(&content_type) {
                        answer(Ok(Made {
                            block: Block::new("result"),
                            content_type,
                            facts: facts.map(|facts| *facts),
                        }));
                    }
                }
                Done::Info(info) => assert!(serde_json::to_vec(&info).is_ok(), "{info:?}"),
                Done::Healthy => {}
            },
            Report::Failed { code, message, .. } => answer(Err(ServiceError::new(code, message))),
            Report::Ready(confinement) => confinement.warn("a pixel process"),
            Report::Begun | Report::Planned { .. } | Report::Encoding => {}
        }
    }
}

/// Follows orders as a pixel process does. The first two bytes are the length of the orders, which the input follows.
pub(crate) fn orders(bytes: &[u8], pixels: &PixelLimits) {
    if let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (orders, input) = rest.split_at(length);
        let mut read = orders;
        while let Some(order) = next::<Order>(&mut read) {
            check_encoding(&order);
        }
        check_said(orders, input, pixels);
    }
}

/// Does a transform as a pixel process does. Parts and fonts have their names, and their contents.
pub(crate) fn transform(
    parts: &[(&str, &[u8])],
    fonts: &[(String, &[u8])],
    pixels: &PixelLimits,
) -> io::Result<()> {
    let mut input = Vec::new();
    let mut append = |content: &[u8]| {
        let start = input.len();
        input.extend_from_slice(content);
        Range {
            start,
            length: content.len(),
        }
    };
    let job = Job::Transform {
        parts: parts
            .iter()
            .map(|(name, content)| ((*name).to_owned(), append(content)))
            .collect(),
        fonts: fonts
            .iter()
            .map(|(url, content)| (url.clone(), append(content)))
            .collect(),
    };
    let orders = [
        wire::encode(&Order::Begin(job))?,
        wire::encode(&Order::Admit)?,
    ]
    .concat();
    check_said(&orders, &input, pixels);
    Ok(())
}

/// Follows orders, and verifies that the images process understands everything that is said about them.
fn check_said(orders: &[u8], input: &[u8], pixels: &PixelLimits) {
    let said = follow(orders, input, pixels);
    assert!(said.is_ok(), "{said:?}");
    let said = said.unwrap_or_default();
    let mut rest = said.as_slice();
    while !rest.is_empty() {
        let Some(report) = next::<Report>(&mut rest) else {
            panic!("the images process does not understand {rest:?}");
        };
        match report {
            Report::Done {
                done:
                    Done::Transform {
                        length,
                        content_type,
                        ..
                    },
                ..
            } => {
                assert!(length <= OUTPUT_BYTES);
                assert!(known_type(&content_type).is_some(), "{content_type}");
            }
            Report::Failed { code, message, .. } => {
                let error = ServiceError::new(code, message);
                assert!(!is_panic(&error), "{error}");
            }
            Report::Begun | Report::Planned { .. } | Report::Encoding | Report::Done { .. } => {}
            Report::Ready(_) => panic!("the process was ready before"),
        }
    }
}

/// Does a piece of work with a process that says the given bytes, then closes its socket and ends. The first byte selects
/// the status of its end, and what becomes of its client.
pub(crate) fn run(bytes: &[u8]) {
    static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
    let Some((kind, said)) = bytes.split_first() else {
        return;
    };
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if runtime.is_none() {
        *runtime = Builder::new_current_thread().enable_all().build().ok();
    }
    let worked = runtime.as_ref().map(|runtime| {
        let said = &said[..said.len().min(CAPACITY)];
        runtime.block_on(work_with(*kind, said))
    });
    assert!(matches!(worked, Some(Ok(()))), "{worked:?}");
}

async fn work_with(kind: u8, said: &[u8]) -> io::Result<()> {
    let status = match kind & 1 {
        0 => 0,
        _ => OUT_OF_MEMORY,
    };
    let (ours, mut theirs) = UnixStream::pair()?;
    // It ends at once, so that nothing waits for it.
    let child = Command::new("/bin/sh")
        .args(["-c", &format!("exit {status}")])
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let process = PixelProcess::with_socket(child, ours, CAPACITY, MEMORY)?;
    let admission = Admission::new(MEMORY + OWN_MEMORY, MEMORY, Duration::ZERO);
    let label = Label {
        crashes: kind & 4 != 0,
        ..Label::default()
    };
    let (stays, mut left) = oneshot::channel();
    let stays = (kind & 2 == 0).then_some(stays);
    let run = Run::new(&admission, label, Duration::from_secs(60), &mut left);
    let say = async {
        let begun: Order = wire::receive(&mut theirs).await?;
        assert!(matches!(begun, Order::Begin(_)), "{begun:?}");
        // All of it fits into the socket. The process may have enough before it has read all.
        let _unread = theirs.write_all(said).await;
        theirs.shutdown().await
    };
    let (ending, said) = tokio::join!(run.work(process, Job::CheckHealth), say);
    said?;
    drop(stays);

    let admitted = ending.admitted;
    match ending.process {
        Some(process) => {
            assert!(!ending.is_crash);
            if let Ok(Done::Transform { length, .. }) = ending.done {
                let output = process.output()?.read(length);
                assert_eq!(output.is_ok(), length <= CAPACITY, "{length} bytes");
            }
        }
        None => assert!(ending.done.is_err(), "a process that is gone has a result"),
    }
    let mut told = Vec::new();
    while let Ok(order) = wire::receive::<Order>(&mut theirs).await {
        told.push(order);
    }
    match told.as_slice() {
        [] => {}
        [Order::Admit] => assert!(admitted.is_some()),
        [Order::Refuse] => assert!(admitted.is_none()),
        told => panic!("the process is told {told:?}"),
    }
    drop(admitted);
    assert!(admission.admit(MEMORY).await.is_ok(), "memory is lost");
    Ok(())
}

/// Reads the next message as the images process does, if it is there and right.
fn next<T: DeserializeOwned>(bytes: &mut &[u8]) -> Option<T> {
    let received = pin!(wire::receive(bytes));
    match received.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(received) => received.ok(),
        Poll::Pending => None,
    }
}

/// Verifies that a message is the same after it is sent.
fn check_encoding<T: Serialize + DeserializeOwned>(message: &T) {
    // A message may be longer with other spaces or escapes.
    if let Ok(sent) = wire::encode(message) {
        let received = next::<T>(&mut sent.as_slice());
        let again = received.and_then(|received| wire::encode(&received).ok());
        assert_eq!(again, Some(sent));
    }
}
