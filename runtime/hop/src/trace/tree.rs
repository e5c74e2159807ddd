//! A trace as text: a line for each hop, and below a call the transport of the images process.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use safelight_protocol::trace::{Transport, TransportAct, TransportEnd, TransportEvent};

use super::hops::{CallHop, End, Trace};
use crate::log::{Bytes, Time};

/// The number of events that are shown from the beginning, and again from the end.
const SHOWN: usize = 8;

/// Shows a trace in several lines, each with the request's number.
pub struct Tree<'a>(pub &'a Trace);

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = self.0;
        let (id, client) = (trace.id, &trace.client);
        write!(
            f,
            "  [{id}] ├ client: connection {} request {} {}, {} up, ",
            client.connection,
            client.request_on_connection,
            client.version,
            Bytes(client.upload_bytes),
        )?;
        if let (Some(status), Some(head)) = (client.status, client.head_us) {
            write!(f, "{status} at {}, ", At(head))?;
        }
        write!(f, "{} down, ", Bytes(client.body_bytes))?;
        end(f, client.end, client.end_us)?;
        if let Some(worker) = &trace.worker {
            write!(f, "\n  [{id}] ├ worker: called at {}", At(worker.called_us))?;
            match (worker.answered_us, &worker.failure) {
                (None, _) => f.write_str(", no answer")?,
                (Some(at), None) => write!(f, ", answered at {}", At(at))?,
                (Some(at), Some(failure)) => write!(f, ", failed at {}: {failure}", At(at))?,
            }
        }
        for call in &trace.calls {
            show_call(f, id, call)?;
        }
        if trace.calls_left_out > 0 {
            write!(f, "\n  [{id}] ├ {} more calls", trace.calls_left_out)?;
        }
        write!(f, "\n  [{id}] └")
    }
}

fn show_call(f: &mut fmt::Formatter<'_>, id: u64, call: &CallHop) -> fmt::Result {
    write!(f, "\n  [{id}] ├ call {} ", call.call)?;
    if let Some(worker) = &call.worker {
        write!(f, "{worker}: ")?;
    }
    f.write_str(&call.hop)?;
    if let Some(callee) = &call.callee {
        write!(f, " → {callee}")?;
    }
    write!(f, " {}: called at {}, ", call.path, At(call.called_us))?;
    if let Some(connection) = call.connection {
        let reused = match (connection.reused, connection.resent) {
            (true, _) => "reused",
            (false, false) => "new",
            (false, true) => "new, after an idle one had closed",
        };
        write!(f, "connection {} {reused}, ", connection.number)?;
    }
    write!(f, "{} up, ", Bytes(call.sent_bytes))?;
    if let (Some(status), Some(head)) = (call.status, call.head_us) {
        write!(f, "{status} at {}, ", At(head))?;
    }
    write!(f, "{} down, ", Bytes(call.received_bytes))?;
    end(f, call.end, call.end_us)?;
    if let Some(fault) = &call.fault {
        write!(f, ": {fault}")?;
    }
    for fault in &call.faults {
        write!(f, "\n  [{id}] │ fault {fault}")?;
    }
    match (&call.transport, &call.transport_missing) {
        (Some(transport), _) => show_transport(f, id, transport),
        (None, Some(why)) => write!(f, "\n  [{id}] │ └ images: {why}"),
        (None, None) => Ok(()),
    }
}

fn show_transport(f: &mut fmt::Formatter<'_>, id: u64, transport: &Transport) -> fmt::Result {
    write!(
        f,
        "\n  [{id}] │ └ images: connection {} request {}, read {} in {}, wrote {} in {}, {} pending, {}",
        transport.connection,
        transport.request_on_connection,
        Bytes(transport.read_bytes),
        transport.reads,
        Bytes(transport.written_bytes),
        transport.writes,
        transport.pending_writes,
        end_word(transport.end),
    )?;
    if let Some(error) = &transport.error {
        write!(f, ": {error}")?;
    }
    write!(f, "\n  [{id}] │   ")?;
    let events = &transport.events;
    if events.len() <= 2 * SHOWN && transport.left_out == 0 {
        return show_events(f, events);
    }
    let (first, rest) = events.split_at(SHOWN.min(events.len()));
    let (middle, last) = rest.split_at(rest.len().saturating_sub(SHOWN));
    show_events(f, first)?;
    write!(
        f,
        ", … {} more …, ",
        middle.len() as u64 + transport.left_out
    )?;
    show_events(f, last)
}

fn show_events(f: &mut fmt::Formatter<'_>, events: &[TransportEvent]) -> fmt::Result {
    for (position, event) in events.iter().enumerate() {
        if position > 0 {
            f.write_str(", ")?;
        }
        f.write_str(match event.what {
            TransportAct::Read => "read",
            TransportAct::ReadEnd => "client finished writing",
            TransportAct::Handled => "head whole",
            TransportAct::Answered => "answered",
            TransportAct::Write => "write",
            TransportAct::Pending => "pending",
            TransportAct::Flush => "flush",
            TransportAct::Shutdown => "shutdown",
            TransportAct::Failed => "failed",
            TransportAct::Closed => "closed",
        })?;
        if event.bytes > 0 {
            write!(f, " {}", event.bytes)?;
        }
        if event.times > 1 {
            write!(f, " in {}", event.times)?;
        }
        write!(f, " +{}", At(event.at_us))?;
    }
    Ok(())
}

fn end(f: &mut fmt::Formatter<'_>, end: End, at: Option<u64>) -> fmt::Result {
    f.write_str(end.as_str())?;
    at.map_or(Ok(()), |at| write!(f, " at {}", At(at)))
}

fn end_word(end: TransportEnd) -> &'static str {
    match end {
        TransportEnd::Open => "open",
        TransportEnd::Kept => "whole, connection kept",
        TransportEnd::Closed => "whole, connection closed",
        TransportEnd::Cut => "CUT: closed before all was written",
        TransportEnd::Failed => "FAILED",
    }
}

/// A time of a trace, in microseconds since the request's head was read.
struct At(u64);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Time(Duration::from_micros(self.0)).fmt(f)
    }
}
