//! The requests that an instance remembers.

use std::sync::Arc;
use std::time::Duration;

use crate::guest_request::GuestRequest;

/// The maximum number of requests that an instance remembers, so that late output still belongs to its request.
const MAX_REMEMBERED: usize = 64;

/// The requests that an instance remembers, oldest first, by the ids of their tasks.
pub(super) struct Tasks<Id>(Vec<Task<Id>>);

/// A request in an instance.
pub(super) struct Task<Id> {
    id: Id,
    /// The request.
    pub(super) request: Arc<GuestRequest>,
    /// The CPU time that the request has used.
    pub(super) cpu: Duration,
}

impl<Id> Default for Tasks<Id> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Id: Copy + PartialEq> Tasks<Id> {
    /// Remembers a request. The engine reuses the id of a task that has ended.
    pub(super) fn remember(&mut self, id: Id, request: Arc<GuestRequest>) {
        self.0.retain(|task| task.id != id);
        // A request that its connection or one of its calls still holds is never forgotten. The limits of both bound the
        // number of such requests.
        if self.0.len() >= MAX_REMEMBERED
            && let Some(oldest) = self.0.iter().position(Task::is_over)
        {
            self.0.remove(oldest);
        }
        self.0.push(Task {
            id,
            request,
            cpu: Duration::ZERO,
        });
    }

    /// Returns the request of a task.
    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Task<Id>> {
        self.0.iter_mut().rev().find(|task| task.id == id)
    }
}

impl<Id> Task<Id> {
    /// Returns whether nothing else holds the request. A call in flight, and a response without the guest's body, hold its context
    /// alone.
    fn is_over(&self) -> bool {
        Arc::strong_count(&self.request) == 1 && Arc::strong_count(self.request.context()) == 1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{Method, Uri};
    use safelight_hop::RequestContext;
    use safelight_hop::log::Log;

    use super::{MAX_REMEMBERED, Tasks};
    use crate::guest_request::GuestRequest;

    fn request(id: u64) -> Arc<GuestRequest> {
        let (uri, log) = (Uri::from_static("/"), Log::new(std::io::sink()));
        GuestRequest::new(Arc::new(RequestContext::new(id, Method::GET, &uri, log)))
    }

    #[test]
    fn a_request_is_remembered_while_its_connection_or_one_of_its_calls_holds_it() {
        let mut tasks = Tasks::default();
        let answered = request(1);
        tasks.remember(1, answered.clone());
        let calling = request(2);
        let context_of_its_call = calling.context().clone();
        tasks.remember(2, calling);
        for id in 3..=3 * MAX_REMEMBERED as u64 {
            tasks.remember(id, request(id));
        }
        assert!(tasks.get_mut(1).is_some());
        assert!(tasks.get_mut(2).is_some());
        assert!(tasks.get_mut(3).is_none());
        assert_eq!(tasks.0.len(), MAX_REMEMBERED);
        drop((answered, context_of_its_call));
        for id in 1_000..=1_001 {
            tasks.remember(id, request(id));
        }
        assert!(tasks.get_mut(1).is_none());
        assert!(tasks.get_mut(2).is_none());
    }

    #[test]
    fn an_id_that_is_used_again_belongs_to_the_later_request() {
        let mut tasks = Tasks::default();
        tasks.remember(7, request(1));
        tasks.remember(7, request(2));
        let id = tasks.get_mut(7).map(|task| task.request.context().id());
        assert_eq!((id, tasks.0.len()), (Some(2), 1));
    }
}
