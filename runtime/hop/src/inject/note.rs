//! The log line of a fault.

use std::sync::Arc;

use crate::call::Call;
use crate::faults::{Fault, Hop};
use crate::request::RequestContext;
use crate::trace::CallRecord;

/// The log line of a fault, written when it is applied or missed.
pub(super) struct FaultNote {
    request: Arc<RequestContext>,
    record: CallRecord,
    fault: String,
    call: String,
}

impl FaultNote {
    /// Prepares the line of a fault and a call of this hop.
    pub(super) fn new(fault: &Fault, hop: &Hop, call: &Call) -> Self {
        let context = &call.context;
        Self {
            request: context.request.clone(),
            record: context.record.clone(),
            fault: fault.to_string(),
            call: format!("{} {}", hop.name, call.request.uri().path()),
        }
    }

    /// Reports that the fault was applied.
    pub(super) fn report_applied(&self) {
        self.record.fault(&self.fault);
        self.request.note(format_args!(
            "FAULT {} applied to {}",
            self.fault, self.call
        ));
    }

    /// Reports that the answer ended before the fault could be applied.
    pub(super) fn report_missed(&self, bytes: u64) {
        self.request.note(format_args!(
            "FAULT {} missed {}: only {bytes} bytes of its answer passed",
            self.fault, self.call
        ));
    }
}
