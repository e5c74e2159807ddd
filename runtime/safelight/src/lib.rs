//! Runs worker code on your own machine with the bindings it would have in production.
//!
//! | module | duty |
//! |---|---|
//! | [`cli`] | flags and subcommands to one run with an exit code |
//! | [`config`] | wrangler's files and keys to checked values |
//! | [`guest`] | a worker's source to a component |
//! | [`compile`] | a component to machine code, kept on disk |
//! | [`cache`] | the folder for what can be made again |
//! | [`state`] | the folder for what bindings keep |
//! | [`dev`] | the dev server: both processes, from start to end |
//! | [`images_process`] | start, watch and stop the images process |
//! | [`server`], [`router`] | accept, make the request whole; where it goes |
//! | [`worker`], [`instance`], [`limits`] | link once; one running copy; what it may cost |
//! | [`hooks`] | what a guest reaches: outgoing requests, output streams |
//! | [`image_url`] | `/cdn-cgi/image/<options>/<source>` |
//! | [`cf_image`] | `fetch` with a transformation |
//! | [`transformations`] | pictures from somewhere, through the images process |
//! | [`bindings`] | the table of bindings and a service per file |
//! | [`call_log`], [`integrity`], [`faults`] | layers around every hop out of a worker; what to break there on purpose |
//! | [`outbound`] | `fetch` to other hosts |
//! | [`body`] | bodies that tell the truth |
//! | [`trace`] | what happened on every hop of the last requests |
//! | [`record`], [`log`] | what is known and shown of a request |
//! | [`error`] | what can fail, and the answer for it |

pub mod bindings;
pub mod body;
pub mod cache;
pub mod call_log;
pub mod cf_image;
pub mod cli;
pub mod compile;
pub mod config;
pub mod dev;
pub mod error;
pub mod faults;
pub mod guest;
pub mod hooks;
pub mod image_url;
pub mod images_process;
pub mod instance;
pub mod integrity;
pub mod limits;
pub mod log;
pub mod outbound;
pub mod pixel_settings;
pub mod record;
pub mod router;
pub mod server;
pub mod state;
pub mod trace;
pub mod transformations;
pub mod worker;
