//! The confinement of a pixel process: it gives up what its work does not need.
//!
//! Landlock takes away files, TCP, signals to other processes and abstract sockets. A filter of system calls takes away
//! sockets of any kind, programs, new processes and executable memory. Neither needs a privilege. Both hold for the
//! calling thread and for the threads that it starts, so they come before any other thread.

use std::{collections::BTreeMap, io};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus,
    Scope,
};
use rustix::thread::set_no_new_privs;
use safelight_protocol::settings::Sandbox;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use serde::{Deserialize, Serialize};

mod images_process;

pub use self::images_process::{ImagesFiles, confine_images_process};

/// The landlock interface whose rights are given up, as far as the kernel knows them: Linux 6.12.
const LANDLOCK: ABI = ABI::V6;

/// The part of the confinement that holds in a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// The parts that do not hold, and the reason of each. Empty if everything holds.
    pub missing: Vec<String>,
}

/// Confines the calling thread and the threads that it starts later, for as long as they live.
///
/// # Errors
/// Fails when a part cannot hold and `sandbox` requires it, and when the system refuses a part that it has.
pub fn confine(sandbox: Sandbox) -> io::Result<Confinement> {
    if sandbox == Sandbox::Off {
        return Ok(Confinement::off());
    }
    set_no_new_privs(true)?;
    let parts = [restrict_by_landlock()?, filter_system_calls()?];
    Confinement::of(parts.into_iter().flatten().collect(), sandbox)
}

impl Confinement {
    fn off() -> Self {
        Self {
            missing: vec!["the sandbox is switched off".to_owned()],
        }
    }

    /// Logs the parts that do not hold in this process, if there are any.
    pub fn warn(&self, process: &str) {
        if !self.missing.is_empty() {
            let missing = self.missing.join("; ");
            tracing::warn!("{process} is not wholly confined: {missing}");
        }
    }

    /// Returns a confinement without these parts.
    ///
    /// # Errors
    /// Fails when a part is missing and `sandbox` requires it.
    fn of(missing: Vec<String>, sandbox: Sandbox) -> io::Result<Self> {
        if sandbox == Sandbox::Require && !missing.is_empty() {
            let missing = missing.join("; ");
            return Err(io::Error::new(io::ErrorKind::Unsupported, missing));
        }
        Ok(Self { missing })
    }
}

/// Gives up files, TCP, signals and abstract sockets. Returns the part that the kernel does not know.
fn restrict_by_landlock() -> io::Result<Option<String>> {
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    let status = restricted.map_err(io::Error::other)?;
    Ok(unenforced(&status.ruleset))
}

/// Returns the part of landlock that the kernel does not know.
fn unenforced(status: &RulesetStatus) -> Option<String> {
    match status {
        RulesetStatus::FullyEnforced => None,
        RulesetStatus::PartiallyEnforced => {
            Some("the kernel knows only a part of landlock".to_owned())
        }
        RulesetStatus::NotEnforced => Some("the kernel has no landlock".to_owned()),
    }
}

/// Gives up all system calls that pixels do not need. Returns the reason if this architecture has no filter.
fn filter_system_calls() -> io::Result<Option<String>> {
    let name = std::env::consts::ARCH;
    let Ok(architecture) = TargetArch::try_from(name) else {
        return Ok(Some(format!(
            "there is no filter of system calls for {name}"
        )));
    };
    // Of the filters' decisions the most severe holds. The last one refuses the call that adds a filter.
    let mut has_filter = false;
    for filter in [threads_by_clone()?, deadly()?, allowed()?] {
        let filter = filter(architecture).map_err(io::Error::other)?;
        match apply_filter(&filter) {
            Ok(()) => has_filter = true,
            // An emulator of this architecture may have none.
            Err(error) if !has_filter => {
                return Ok(Some(format!(
                    "the kernel takes no filter of system calls: {error}"
                )));
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(None)
}

/// A filter before the architecture is known.
type Filter = Box<dyn Fn(TargetArch) -> Result<BpfProgram, seccompiler::BackendError>>;

/// The rules of system calls; a call without a rule of its own matches always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Allows what pixels were seen to need, and what other versions of the C library are expected to. Any other call fails
/// with EPERM, so that a newer library does not break every picture.
fn allowed() -> io::Result<Filter> {
    let always = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        // Refused by another filter, with the error that makes the C library use `clone`.
        libc::SYS_clone3,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_madvise,
        libc::SYS_membarrier,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_ppoll,
        libc::SYS_pread64,
        libc::SYS_pwrite64,
        libc::SYS_read,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_set_robust_list,
        libc::SYS_sigaltstack,
        libc::SYS_write,
        libc::SYS_writev,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
    ];
    let mut rules: Rules = always.into_iter().map(|call| (call, Vec::new())).collect();
    let no_execution = masked(2, libc::PROT_EXEC, 0)?;
    // Neither counts as data, which is limited. The input is mapped by now.
    let private = masked(3, libc::MAP_GROWSDOWN | libc::MAP_SHARED, 0)?;
    let mapping = SeccompRule::new(vec![no_execution.clone(), private]);
    rules.insert(libc::SYS_mmap, vec![mapping.map_err(io::Error::other)?]);
    rules.insert(libc::SYS_mprotect, vec![rule(no_execution)?]);
    let thread = masked(0, libc::CLONE_THREAD, libc::CLONE_THREAD)?;
    rules.insert(libc::SYS_clone, vec![rule(thread)?]);
    // The standard library asks, in its own checks.
    let is_open = equal(1, libc::F_GETFD)?;
    rules.insert(libc::SYS_fcntl, vec![rule(is_open)?]);
    let name = equal(0, libc::PR_SET_NAME)?;
    rules.insert(libc::SYS_prctl, vec![rule(name)?]);
    // `abort` sends a signal to its own thread.
    let own = equal(0, i32::try_from(std::process::id()).unwrap_or(0))?;
    rules.insert(libc::SYS_tgkill, vec![rule(own)?]);
    Ok(filter(
        rules,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        SeccompAction::Allow,
    ))
}

/// Hides `clone3`, whose flags a filter cannot read.
fn threads_by_clone() -> io::Result<Filter> {
    let rules = Rules::from([(libc::SYS_clone3, Vec::new())]);
    Ok(filter(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
    ))
}

/// Ends the process at calls that no codec makes and an attacker would.
fn deadly() -> io::Result<Filter> {
    let calls = [
        libc::SYS_bpf,
        libc::SYS_connect,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_io_uring_setup,
        libc::SYS_pidfd_getfd,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_ptrace,
        libc::SYS_socket,
    ];
    let rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
    Ok(filter(
        rules,
        SeccompAction::Allow,
        SeccompAction::KillProcess,
    ))
}

fn filter(rules: Rules, otherwise: SeccompAction, matching: SeccompAction) -> Filter {
    Box::new(move |architecture| {
        SeccompFilter::new(
            rules.clone(),
            otherwise.clone(),
            matching.clone(),
            architecture,
        )?
        .try_into()
    })
}

fn rule(condition: SeccompCondition) -> io::Result<SeccompRule> {
    SeccompRule::new(vec![condition]).map_err(io::Error::other)
}

/// The condition that some bits of an argument have this value.
fn masked(argument: u8, bits: i32, value: i32) -> io::Result<SeccompCondition> {
    condition(
        argument,
        SeccompCmpOp::MaskedEq(u64::from(bits.unsigned_abs())),
        value,
    )
}

fn equal(argument: u8, value: i32) -> io::Result<SeccompCondition> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn condition(argument: u8, operator: SeccompCmpOp, value: i32) -> io::Result<SeccompCondition> {
    let value = u64::from(value.unsigned_abs());
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
        .map_err(io::Error::other)
}
