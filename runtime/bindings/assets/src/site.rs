//! Who answers when a worker has files: the files, or the worker.

use http::Response;
use http::request::Parts;
use safelight_hop::Body;

use super::Assets;
use safelight_config::{AssetsConfig, NotFoundHandling, WorkerFirst};

/// The files in front of a worker.
pub struct Site {
    assets: Assets,
    not_found: NotFoundHandling,
    worker_first: WorkerFirst,
    navigation: bool,
}

impl Site {
    /// The files of a config, which says when the worker goes before them.
    pub fn new(assets: Assets, config: &AssetsConfig) -> Self {
        Self {
            assets,
            not_found: config.not_found,
            worker_first: config.worker_first.clone(),
            navigation: config.navigation,
        }
    }

    /// The files' answer; none if the request is the worker's.
    pub async fn answer(&self, request: &Parts) -> Option<Response<Body>> {
        let path = request.uri.path();
        match &self.worker_first {
            WorkerFirst::NoWorker => return Some(self.assets.answer(request).await),
            WorkerFirst::Always => return None,
            WorkerFirst::Never => {}
            WorkerFirst::Rules(rules) => {
                let is_matched = |negative: bool| {
                    rules
                        .iter()
                        .any(|rule| rule.is_negative == negative && rule.matches(path))
                };
                if is_matched(true) {
                    return Some(self.assets.answer(request).await);
                }
                if is_matched(false) {
                    return None;
                }
            }
        }
        let has_answer = self.assets.has_answer(path, self.not_found_for(request));
        match has_answer.await {
            true => Some(self.assets.answer(request).await),
            false => None,
        }
    }

    /// A worker answers what is not there, unless there are rules that would have said so, or a person goes to a page.
    fn not_found_for(&self, request: &Parts) -> NotFoundHandling {
        let mode = request.headers.get("sec-fetch-mode");
        let navigates = mode.is_some_and(|mode| mode == "navigate");
        match &self.worker_first {
            WorkerFirst::Rules(_) | WorkerFirst::NoWorker => self.not_found,
            WorkerFirst::Never | WorkerFirst::Always if self.navigation && navigates => {
                self.not_found
            }
            WorkerFirst::Never | WorkerFirst::Always => NotFoundHandling::None,
        }
    }
}
