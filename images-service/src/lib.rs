//! The images process.
