//! The events of libraries, such as a connection that is closed after a deadline, as lines of a log.

use std::io;

use safelight_hop::log::Log;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Writes the events of this process to `writer`, from warnings up unless `RUST_LOG` sets another level.
pub(super) fn show_events(writer: impl for<'writer> MakeWriter<'writer> + Send + Sync + 'static) {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .init();
}

/// Writes each event to the log.
pub(super) struct EventWriter(pub Log);

impl io::Write for EventWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // The subscriber hands over an event at once, with the end of its line.
        self.0.line(String::from_utf8_lossy(event).trim_end());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
