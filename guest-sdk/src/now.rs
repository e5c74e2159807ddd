//! Runs futures in tests, where no host drives them.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The outcome of a future that has nothing to wait for.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}
