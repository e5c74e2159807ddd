//! The files in front of a worker, and the rules by which the files or the worker answer.

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
    /// The files of a config, with its rules.
    pub fn new(assets: Assets, config: &AssetsConfig) -> Self {
        Self {
            assets,
            not_found: config.not_found,
            worker_first: config.worker_first.clone(),
            navigation: config.navigation,
        }
    }

    /// Answers a request from the files; none if the worker answers it.
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

    /// The handling of a missing file. The worker answers for it, unless the config has rules, or a browser navigates
    /// and the config gives navigation to the files.
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
