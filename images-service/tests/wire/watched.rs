//! A service whose pixel processes are watched from outside, in what the kernel says of them.

use std::{
    collections::BTreeSet,
    fs,
    sync::atomic::{AtomicU32, Ordering},
};

use safelight_images::Limits;

use crate::service::Service;

/// A service, and the name that its pixel processes have as an argument. Other tests of this process have services too.
pub(crate) struct Watched {
    pub(crate) service: Service,
    name: String,
}

impl Watched {
    pub(crate) fn start(limits: Limits) -> Self {
        Self::with_arguments(limits, &["serve"])
    }

    /// A service whose pixel processes have these arguments before the name.
    pub(crate) fn with_arguments(limits: Limits, arguments: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("watched-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Self {
            service: Service::with_arguments(limits, &[arguments, &[&name]].concat()),
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
