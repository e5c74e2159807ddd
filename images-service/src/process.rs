//! Pixel processes: the processes that parse pictures, fonts and SVG, and that make pixels.
//!
//! The images process starts them from its own program, gives each one request at a time, and ends a process that takes
//! too long. A pixel process has no files, no network, no environment, and a memory limit per request. A hostile file
//! therefore breaks its own request.
//!
//! | module | runs in | does |
//! |---|---|---|
//! | `pixels` | the images process | takes a process for each piece of work, feeds it, and reads its result |
//! | `lane` | the images process | keeps a process for `/info` and health checks |
//! | `copy` | the images process | copies forms to a process, and results from it |
//! | `run` | the images process | does one piece of work: admits the memory, watches the clock and the client |
//! | `pool` | the images process | keeps idle processes warm, with a spare, and replaces retired ones |
//! | `handle` | the images process | starts, feeds, limits and kills one process |
//! | `admission` | the images process | divides the memory among requests, first come, first served |
//! | `crashers` | the images process | keeps the forms of requests that ended a process |
//! | `child` | the pixel process | does the work |
//! | `confine` | the pixel process | gives up everything that the work does not need |
//! | `wire` | both | the messages on the control socket |
//! | `shared` | both | the shared memory that carries the bytes |
//! | `sys` | both | the calls of the system that need unsafe code |

mod admission;
mod child;
mod confine;
mod copy;
mod crashers;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz_hooks;
mod handle;
mod lane;
mod pixels;
mod pool;
mod run;
mod shared;
mod sys;
mod wire;

use std::{ffi::OsString, path::PathBuf};

pub use self::{
    child::serve,
    confine::{Confinement, ImagesFiles, confine, confine_images_process},
    sys::ExitWhenOutOfMemory,
};
pub(crate) use self::{
    copy::Form,
    pixels::{Ended, Made, Pixels, TransformInput},
    run::Label,
};

/// The command that starts a pixel process: this program, which must then call [`serve`].
#[derive(Clone, Debug)]
pub struct PixelProgram {
    /// The program. It must come from the same build, because the messages have no version.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}
