//! The clock is paused and advances only when every task waits.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Capacity, Direction, Holder, MAX_STALL, Permit, SEARCH_INTERVAL};

/// A holder of an owner, for whose peer the program waits or not.
fn holder(owner: u64) -> Holder {
    Holder::new(owner, Arc::new(Notify::new()))
}

/// A holder whose peer is waited for.
fn waiting(owner: u64) -> Holder {
    let holder = holder(owner);
    holder.pace().wait(Direction::Upload);
    holder
}

/// A task that takes a permit and ends with it when it has to give way.
fn trickle(capacity: &Capacity, owner: u64) -> tokio::task::JoinHandle<()> {
    let capacity = capacity.clone();
    tokio::spawn(async move {
        let holder = holder(owner);
        let _permit = capacity.acquire(&holder).await;
        holder.pace().wait(Direction::Upload);
        holder.must_end().await;
    })
}

/// Polls a wait, and returns its outcome if it has ended.
async fn now<F: Future>(future: &mut Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Waits until all permits are held.
async fn full(capacity: &Capacity) {
    while capacity.try_acquire(&holder(0)).is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_gets_the_permit_of_a_peer_that_is_too_slow() {
    let capacity = Capacity::new(3);
    let busy: Vec<Permit> = (0..2)
        .filter_map(|owner| capacity.try_acquire(&holder(owner)))
        .collect();
    let slow = trickle(&capacity, 2);
    full(&capacity).await;
    let started = Instant::now();
    let _permit = capacity.acquire(&holder(9)).await;
    assert!(started.elapsed() <= MAX_STALL + 2 * SEARCH_INTERVAL);
    slow.await.unwrap();
    assert_eq!(busy.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_gives_way_while_nobody_waits_or_to_one_more_than_waits() {
    let capacity = Capacity::new(3);
    let holders: Vec<_> = (0..3).map(waiting).collect();
    let mut permits: Vec<_> = holders
        .iter()
        .map(|holder| capacity.try_acquire(holder))
        .collect();
    tokio::time::advance(10 * MAX_STALL).await;
    let count = || holders.iter().filter(|holder| holder.gives_way()).count();
    assert_eq!(count(), 0);
    let next = holder(9);
    let mut next = std::pin::pin!(capacity.acquire(&next));
    for _ in 0..5 {
        assert!(now(&mut next).await.is_none());
        tokio::time::advance(SEARCH_INTERVAL).await;
    }
    assert_eq!(count(), 1);
    let left = holders.iter().position(Holder::gives_way).unwrap();
    drop(permits.remove(left));
    assert!(now(&mut next).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_permit_goes_to_the_owner_that_holds_the_fewest_and_comes_from_one_that_holds_most() {
    let capacity = Capacity::new(5);
    let holders: Vec<_> = [1, 1, 1, 2, 2].map(waiting).into();
    let mut permits: Vec<_> = holders
        .iter()
        .map(|holder| capacity.try_acquire(holder))
        .collect();
    let (many, one, none) = (holder(1), holder(2), holder(3));
    let mut many = std::pin::pin!(capacity.acquire(&many));
    let mut one = std::pin::pin!(capacity.acquire(&one));
    let mut none = std::pin::pin!(capacity.acquire(&none));
    assert!(now(&mut many).await.is_none() && now(&mut one).await.is_none());
    assert!(now(&mut none).await.is_none());
    permits.pop();
    assert!(now(&mut many).await.is_none() && now(&mut one).await.is_none());
    let granted = now(&mut none).await;
    assert!(granted.is_some(), "it holds none");
    tokio::time::advance(MAX_STALL).await;
    assert!(now(&mut many).await.is_none() && now(&mut one).await.is_none());
    let leaving: Vec<_> = holders.iter().filter(|holder| holder.gives_way()).collect();
    assert_eq!(leaving.len(), 2);
    assert!(leaving.iter().all(|holder| holder.owner() == 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_wait_any_more_takes_no_permit() {
    let capacity = Capacity::new(1);
    let permit = capacity.try_acquire(&holder(1));
    let (gone, granted, next) = (holder(2), holder(3), holder(4));
    let mut gone = Box::pin(capacity.acquire(&gone));
    let mut granted = Box::pin(capacity.acquire(&granted));
    let mut next = Box::pin(capacity.acquire(&next));
    for waiting in [&mut gone, &mut granted, &mut next] {
        assert!(poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
    }
    drop(gone);
    drop(permit);
    // It has the permit, and has not looked.
    drop(granted);
    tokio::time::timeout(MAX_STALL, next).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn thousands_that_trickle_keep_nobody_out_for_long() {
    let capacity = Capacity::new(200);
    let attack: Vec<_> = (0..1_000).map(|owner| trickle(&capacity, owner)).collect();
    full(&capacity).await;
    let started = Instant::now();
    let _permit = capacity.acquire(&holder(5_000)).await;
    // 800 wait before it, and 200 of them can go on at a time.
    assert!(started.elapsed() <= 6 * (MAX_STALL + 2 * SEARCH_INTERVAL));
    for one in attack {
        one.abort();
    }
}

#[tokio::test]
async fn a_holder_that_gives_way_learns_it_where_it_is() {
    let before = Holder::new(1, Arc::default());
    before.give_way();
    before.must_end().await;
    assert!(!before.begin_answer(), "its answer is that it gave way");

    let in_answer = Arc::new(Notify::new());
    let after = Holder::new(1, in_answer.clone());
    assert!(after.begin_answer() && !after.gives_way());
    after.give_way();
    in_answer.notified().await;
    assert!(after.gives_way());
}
