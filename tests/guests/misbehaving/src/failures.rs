//! Failures that kill an instance, and state that outlives a request.

use std::{
    cell::RefCell,
    hint::black_box,
    io::{Write, stderr, stdout},
    sync::atomic::{AtomicU64, Ordering},
};

use safelight_sdk::{Response, Result};

use crate::{Query, number, option, text, time::pause};

const MB: usize = 1024 * 1024;

pub(crate) fn panic() -> ! {
    panic!("this worker panics on purpose")
}

pub(crate) fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

pub(crate) fn allocate() -> ! {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; MB]));
    }
}

pub(crate) fn error() -> Result<Response> {
    Err("this worker fails on purpose".into())
}

/// Two lines on each stream, each in two pieces with a pause between them, and a last one without a line end.
pub(crate) async fn print(query: &Query) -> Result<Response> {
    let id = option(query, "id").unwrap_or("0").to_owned();
    let ms = number(query, "ms", 1)?;
    for line in 1..=2 {
        write(&mut stdout(), &format!("out {id} "))?;
        write(&mut stderr(), &format!("err {id} "))?;
        pause(ms).await;
        write(&mut stdout(), &format!("line {line}\n"))?;
        write(&mut stderr(), &format!("line {line}\n"))?;
    }
    write(&mut stderr(), &format!("err {id} open end"))?;
    Ok(text(format!("printed {id}\n")))
}

/// A line and the half of another, in one write, and no response for an hour.
pub(crate) async fn print_and_wait() -> Result<Response> {
    write(&mut stderr(), "begun\nhalf")?;
    pause(3_600_000).await;
    Ok(text("waited\n".to_owned()))
}

fn write(stream: &mut impl Write, piece: &str) -> Result<()> {
    stream
        .write_all(piece.as_bytes())
        .and_then(|()| stream.flush())
        .map_err(safelight_sdk::Error::other)
}

pub(crate) fn global() -> Result<Response> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    Ok(text(format!(
        "{}\n",
        CALLS.fetch_add(1, Ordering::Relaxed) + 1
    )))
}

/// Takes memory and keeps it as long as the instance lives.
pub(crate) fn hold(query: &Query) -> Result<Response> {
    thread_local! {
        static HELD: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    }
    let taken = number(query, "mb", 1)?;
    let all = HELD.with_borrow_mut(|held| {
        held.extend((0..taken).map(|_| vec![1; MB]));
        held.len()
    });
    Ok(text(format!("{all}\n")))
}
