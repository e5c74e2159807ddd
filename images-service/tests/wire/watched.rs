//! A service whose pixel processes are watched from outside, in what the kernel says of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use safelight_images::Limits;

use crate::{client::Answer, form::Form, service::Service};

/// A service, and the name that its pixel processes have as an argument. Other tests of this process have services too.
pub(crate) struct Watched {
    pub(crate) service: Service,
    name: String,
}

/// The answer to a request, and the pixel processes until it was there.
pub(crate) struct Seen {
    pub(crate) answer: Answer,
    /// The soft limits of private memory of each process, in their order.
    pub(crate) limits: BTreeMap<i32, Vec<u64>>,
    /// The most bytes of private memory that all processes had in pages at one time.
    pub(crate) most_resident: u64,
}

impl Watched {
    pub(crate) fn start(limits: Limits) -> Self {
        Self::with_arguments(limits, &["serve"])
    }

    /// Starts a service whose pixel processes have these arguments, and the name.
    pub(crate) fn with_arguments(limits: Limits, arguments: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("watched-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let arguments = [arguments, &[name.as_str()]].concat();
        Self {
            service: Service::with_arguments(limits, &arguments),
            name,
        }
    }

    /// The processes of the service.
    pub(crate) fn processes(&self) -> BTreeSet<i32> {
        let threads = fs::read_dir("/proc/self/task").unwrap();
        let lists = threads
            .filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).ok());
        let all: Vec<String> = lists.collect();
        let numbers = all.iter().flat_map(|list| list.split_ascii_whitespace());
        let is_ours = |pid: &i32| {
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            command
                .split(|byte| *byte == 0)
                .any(|word| word == self.name.as_bytes())
        };
        numbers
            .map(|number| number.parse().unwrap())
            .filter(is_ours)
            .collect()
    }

    /// Stops watching.
    pub(crate) fn into_service(self) -> Service {
        self.service
    }

    /// Sends a form, and looks at the processes until the answer is there.
    pub(crate) async fn watch(&self, form: &Form) -> Seen {
        let mut limits = BTreeMap::<i32, Vec<u64>>::new();
        let mut most_resident = 0;
        let looking = async {
            loop {
                let mut resident = 0;
                for pid in self.processes() {
                    if let Some(limit) = soft_limit(pid) {
                        let known = limits.entry(pid).or_default();
                        if known.last() != Some(&limit) {
                            known.push(limit);
                        }
                    }
                    resident += memory(pid, "RssAnon").unwrap_or(0);
                }
                most_resident = resident.max(most_resident);
                tokio::task::yield_now().await;
            }
        };
        let answer = tokio::select! {
            answer = self.service.post(form) => answer,
            () = looking => unreachable!("it never ends"),
        };
        Seen {
            answer,
            limits,
            most_resident,
        }
    }
}

impl Seen {
    /// The processes that were there and are gone.
    pub(crate) fn gone(&self) -> Vec<i32> {
        let all = self.limits.keys().copied();
        all.filter(|pid| !exists(*pid)).collect()
    }
}

/// Returns whether a process has not ended.
pub(crate) fn exists(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// The bytes of private memory that a process may have now.
pub(crate) fn soft_limit(pid: i32) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let mut lines = limits.lines();
    let line = lines.find(|line| line.starts_with("Max data size"))?;
    line.split_ascii_whitespace().nth(3)?.parse().ok()
}

/// A number of bytes that the kernel counts for a process: `VmPeak` is the most addresses that it ever had, `VmSize` those
/// that it has, and `RssAnon` its private memory in pages.
pub(crate) fn memory(pid: i32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let mut lines = status.lines();
    let line = lines.find(|line| line.split(':').next() == Some(name))?;
    let kilobytes: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
