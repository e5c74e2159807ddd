//! The layers around every service, in their order.

use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

use crate::call::{BindingService, HopService};
use crate::inject::HopFaults;
use crate::{call_log, integrity};

/// Puts the layers of every hop around a service, the outermost first. Faults are nearest to the service, so that the
/// other layers see their effect. A layer is an async function of a call and of the next layer.
pub fn layered(service: impl HopService, faults: HopFaults) -> BindingService {
    BoxCloneSyncService::new(service_fn(move |call| {
        let (service, faults) = (service.clone(), faults.clone());
        call_log::log(call, |call| {
            integrity::verify(call, |call| {
                faults.apply(call, |call| service.oneshot(call))
            })
        })
    }))
}
