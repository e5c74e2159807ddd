//! Proof that the HTTP/1 stack delivers whole bodies, and that the tests detect a stack that does not.
//!
//! hyper up to 1.10.1 could shut a socket down while the end of an answer was still in its own buffer: status 200,
//! a full `Content-Length`, half a body, and nothing in any log. Every exchange of `row::ROWS` is played twice:
//! on the hyper of the product, which must deliver every byte, and on hyper 0.14.32, which must cut the very rows
//! that say so. The second half proves that the first half can fail.
//!
//! | module | holds |
//! |---|---|
//! | `row` | the exchanges, as one list |
//! | `upload` | the upload of a request, of either hyper; for the demonstration as well |
//! | `handler` | the handling of an upload, for either hyper |
//! | `watched` | a stream that records a shutdown after refused bytes |
//! | `stack` | one adapter per hyper |
//! | `exchange` | one request and its answer, with a reader that pauses until the server is stuck |
//! | `stalled` | the rows on a transport that takes 8,192 bytes, with the clock paused |
//! | `socket` | the rows on Unix sockets, in batches |

#[cfg(test)]
mod exchange;
#[cfg(test)]
mod handler;
#[cfg(test)]
mod row;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod stack;
#[cfg(test)]
mod stalled;
#[cfg(test)]
mod upload;
#[cfg(test)]
mod watched;
