//! A bucket on its wire: a test sends requests and reads the answers. Every rule holds for blobs in a folder and for
//! blobs in a store that speaks the S3 protocol.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod bucket;
mod client;
mod completions;
mod conditions;
mod content;
mod crash;
mod garbage_collection;
mod lists;
mod moto;
mod objects;
mod places;
mod program;
mod ranges;
mod uploads;
mod values;
mod wire;

/// Runs each test on a bucket in a folder, and on one whose blobs are in a store of the S3 protocol.
macro_rules! on_both_stores {
    ($($test:ident)+) => {
        mod in_a_folder {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::bucket::TestBucket::in_a_folder().await).await;
            })+
        }

        mod in_a_store {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::bucket::TestBucket::in_a_store().await).await;
            })+
        }
    };
}
pub(crate) use on_both_stores;
