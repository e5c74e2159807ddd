//! Processes as the kernel shows them: children, open files, memory.

use std::path::{Path, PathBuf};

/// A process of the server under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Its children, including zombies.
    pub(crate) fn children(self) -> Vec<Self> {
        let all = std::fs::read_dir("/proc").unwrap();
        all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .map(Self)
            .filter(|process| process.parent() == Some(self))
            .collect()
    }

    fn parent(self) -> Option<Self> {
        self.stat(1)?.parse().ok().map(Self)
    }

    /// A field of the kernel's line about it, counted from its state.
    fn stat(self, field: usize) -> Option<String> {
        // The name may hold any characters, so the fields after it are read.
        let stat = std::fs::read_to_string(self.file("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.split(' ').nth(field).map(str::to_owned)
    }

    /// Returns whether it runs the command `images`.
    fn is_images(self) -> bool {
        self.arguments().iter().any(|argument| argument == "images")
    }

    /// The images process among its children, if there is one now.
    pub(crate) fn images(self) -> Option<Self> {
        self.children().into_iter().find(|child| child.is_images())
    }

    /// A pixel process of its images process that runs at this moment.
    pub(crate) fn working_pixels(self) -> Option<Self> {
        let pixels = self.images()?.children();
        let mut running = pixels
            .into_iter()
            .filter(|process| process.stat(0).as_deref() == Some("R"));
        running.next()
    }

    /// The folder of the socket that it was told to listen on.
    pub(crate) fn socket_folder(self) -> Option<PathBuf> {
        let arguments = self.arguments();
        let socket = arguments
            .iter()
            .find(|argument| argument.ends_with(".sock"))?;
        Some(Path::new(socket).parent()?.to_owned())
    }

    fn arguments(self) -> Vec<String> {
        let line = std::fs::read(self.file("cmdline")).unwrap_or_default();
        let arguments = line.split(|byte| *byte == 0);
        arguments
            .map(|argument| String::from_utf8_lossy(argument).into_owned())
            .collect()
    }

    /// Open files and sockets.
    pub(crate) fn descriptors(self) -> usize {
        std::fs::read_dir(self.file("fd")).map_or(0, Iterator::count)
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(self) -> u64 {
        self.status("VmRSS:")
    }

    /// Resident memory in bytes, with that of its children.
    pub(crate) fn memory_with_children(self) -> u64 {
        let children = self.children().into_iter().map(Self::memory);
        self.memory() + children.sum::<u64>()
    }

    /// The most resident memory that it ever had, in bytes.
    pub(crate) fn peak(self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(self, name: &str) -> u64 {
        let status = std::fs::read_to_string(self.file("status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = resident.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok());
        kilobytes.map_or(0, |kilobytes: u64| kilobytes * 1024)
    }

    /// Returns whether it still runs.
    pub(crate) fn is_there(self) -> bool {
        self.file("fd").read_dir().is_ok()
    }

    pub(crate) fn signal(self, name: &str) {
        // The process may have ended meanwhile, so the status of the command is ignored.
        let _ = std::process::Command::new("kill")
            .args(["-s", name, &self.0.to_string()])
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
    }

    fn file(self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.0.to_string()).join(name)
    }
}
