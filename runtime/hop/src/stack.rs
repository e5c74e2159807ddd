//! The layers around every service, in their order.

use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

use crate::call::{BindingService, HopService};
use crate::inject::HopFaults;
use crate::{call_log, integrity};

/// Puts the layers that every hop has around a service: the outermost first, faults nearest to the service, so that the
/// others see what they do. A layer is an async function of a call and of what comes next.
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
