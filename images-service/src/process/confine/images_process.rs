//! The confinement of an images process: it keeps the files that it needs to start pixel processes, to resolve host
//! names, and to serve its socket.
//!
//! The process parses no picture, so it keeps its system calls. Its network stays, because it fetches fonts; it cannot
//! listen on TCP.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use landlock::{
    Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope,
};
use rustix::thread::set_no_new_privs;
use safelight_protocol::settings::Sandbox;

use super::{Confinement, LANDLOCK, unenforced};

/// The files by which the system resolves host names.
const RESOLVER_FILES: [&str; 7] = [
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/services",
    // Its files are replaced when the network changes.
    "/run/systemd/resolve",
];

/// The files of an images process.
#[derive(Clone, Copy, Debug)]
pub struct ImagesFiles<'a> {
    /// The program of its pixel processes.
    pub program: &'a Path,
    /// The folder of its socket.
    pub folder: &'a Path,
    /// Whether the process removes that folder at its end.
    pub removes_folder: bool,
    /// The folder for the inputs of requests that ended a pixel process.
    pub crashers: Option<&'a Path>,
}

/// Confines the calling thread, and the threads and processes that it starts later, to `files`.
///
/// # Errors
/// Fails when a part cannot hold and `sandbox` requires it, when the system refuses a part that it has, and when one of
/// `files` is missing.
pub fn confine_images_process(sandbox: Sandbox, files: ImagesFiles<'_>) -> io::Result<Confinement> {
    if sandbox == Sandbox::Off {
        return Ok(Confinement::off());
    }
    set_no_new_privs(true)?;
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::BindTcp))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create)
        .map_err(io::Error::other)?;
    let rules = allow(rules, files)?;
    let status = rules.restrict_self().map_err(io::Error::other)?;
    Confinement::of(unenforced(&status.ruleset).into_iter().collect(), sandbox)
}

fn allow(rules: RulesetCreated, files: ImagesFiles<'_>) -> io::Result<RulesetCreated> {
    let reads = AccessFs::ReadFile | AccessFs::ReadDir;
    let runs = AccessFs::Execute | AccessFs::ReadFile;
    let mut rules = beneath(rules, files.program, runs)?;
    for library in libraries()? {
        // The program's interpreter is one of them, and is executed with it.
        rules = beneath(rules, &library, runs)?;
        if let Some(folder) = library.parent() {
            rules = beneath(rules, folder, reads)?;
        }
    }
    let optional = RESOLVER_FILES.iter().chain(&["/etc/ld.so.cache"]);
    for file in optional.map(Path::new).filter(|file| file.exists()) {
        rules = beneath(rules, file, reads)?;
    }
    let null = Path::new("/dev/null");
    rules = beneath(rules, null, AccessFs::ReadFile | AccessFs::WriteFile)?;
    let serves = AccessFs::ReadDir | AccessFs::MakeSock | AccessFs::RemoveFile;
    rules = beneath(rules, files.folder, serves)?;
    if files.removes_folder
        && let Some(parent) = files.folder.parent()
    {
        rules = beneath(rules, parent, AccessFs::RemoveDir.into())?;
    }
    match files.crashers {
        Some(folder) => beneath(rules, folder, AccessFs::MakeReg | AccessFs::WriteFile),
        None => Ok(rules),
    }
}

fn beneath(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> io::Result<RulesetCreated> {
    let named =
        |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
    let descriptor = PathFd::new(path).map_err(|error| named(&error))?;
    // A file has fewer rights than a folder.
    let access = match path.is_dir() {
        true => access,
        false => access & AccessFs::from_file(LANDLOCK),
    };
    rules
        .add_rule(PathBeneath::new(descriptor, access))
        .map_err(|error| named(&error))
}

/// Returns the libraries that this process has loaded. The resolver loads others from their folders.
fn libraries() -> io::Result<BTreeSet<PathBuf>> {
    let program = fs::read_link("/proc/self/exe")?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    let files = maps.lines().filter_map(|line| {
        // The sixth field, which may contain spaces.
        let start = line.find('/')?;
        Some(Path::new(&line[start..]))
    });
    let libraries = files.filter(|file| *file != program && is_library(file));
    Ok(libraries.map(Path::to_owned).collect())
}

fn is_library(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".so") || name.contains(".so.")
}
