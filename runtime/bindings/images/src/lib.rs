//! The Images binding: a client of the images process, and the process from its start to its end.
//!
//! | module | does |
//! |---|---|
//! | [`binding`] | answers calls of an Images binding |
//! | [`transports`] | asks the process for its side of a trace |
//! | [`process`] | starts the images process, watches it, restarts it, and ends it |
//! | `answers` | error answers that do not come from the process |

mod answers;
pub mod binding;
pub mod process;
pub mod transports;

pub use process::{ImagesHandle, ImagesProcess, READY_LINE};
