//! The active faults: the matches of a call, and the hops that faults can be aimed at.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use safelight_protocol::BindingKind;

use super::error::FaultError;
use super::fault::{Fault, MILLION, Target, When};
use super::hop::Hop;

/// The active faults, each with its own count of calls and its own random numbers.
#[derive(Debug, Default)]
pub struct FaultSet(Vec<ActiveFault>);

#[derive(Debug)]
struct ActiveFault {
    fault: Fault,
    state: Mutex<CallCount>,
}

#[derive(Debug)]
struct CallCount {
    /// The number of calls so far at which the fault is aimed.
    calls: u64,
    /// Each such call draws one number, so that the matching calls depend on the seed alone.
    random: fastrand::Rng,
}

impl FaultSet {
    /// Activates faults. A random fault without a seed gets its position, from 1, so that its text repeats the run.
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let active = faults.into_iter().zip(1..).map(|(fault, position)| {
            let seed = fault.seed.unwrap_or(position);
            ActiveFault {
                fault: Fault {
                    seed: matches!(fault.when, When::Rate(_))
                        .then_some(seed)
                        .or(fault.seed),
                    ..fault
                },
                state: Mutex::new(CallCount {
                    calls: 0,
                    random: fastrand::Rng::with_seed(seed),
                }),
            }
        });
        Self(active.collect())
    }

    /// All faults.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter().map(|active| &active.fault)
    }

    /// Counts a call for each fault that is aimed at it, and returns the faults to apply.
    pub fn matching(&self, hop: &Hop, path: &str) -> impl Iterator<Item = &Fault> {
        self.0
            .iter()
            .filter(|active| active.fault.is_aimed_at(hop, path) && active.draw())
            .map(|active| &active.fault)
    }
}

impl ActiveFault {
    fn draw(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls += 1;
        match self.fault.when {
            When::Every => true,
            When::Nth(nth) => state.calls == nth.get(),
            When::Rate(millionths) => state.random.u32(0..MILLION) < millionths,
        }
    }
}

impl Fault {
    fn is_aimed_at(&self, hop: &Hop, path: &str) -> bool {
        let at_hop = match &self.target {
            Target::All => true,
            Target::Binding(name) => hop.is_target && **name == *hop.name,
        };
        // A called worker may have another kind of binding under the name that the first worker's fault was checked against.
        at_hop
            && (hop.images.is_some() || !self.kind.needs_images())
            && self.path.as_deref().is_none_or(|own| own == path)
    }
}

/// The hops that faults can be aimed at, with the kind of those that are bindings.
#[derive(Clone, Debug, Default)]
pub struct Targets(Vec<(String, Option<BindingKind>)>);

impl Targets {
    /// Makes the set of the given hops.
    pub fn new(hops: impl IntoIterator<Item = (String, Option<BindingKind>)>) -> Self {
        Self(hops.into_iter().collect())
    }

    /// Checks that a fault can apply.
    ///
    /// # Errors
    /// Fails when the worker does not have its target, or its kind cannot apply to it.
    pub fn check(&self, fault: &Fault) -> Result<(), FaultError> {
        let mut kinds = self
            .0
            .iter()
            .filter(|(name, _)| match &fault.target {
                Target::All => true,
                Target::Binding(target) => target == name,
            })
            .map(|(_, kind)| *kind)
            .peekable();
        if let (Target::Binding(name), None) = (&fault.target, kinds.peek()) {
            return Err(FaultError::UnknownTarget {
                name: name.clone(),
                known: self.0.iter().map(|(name, _)| name.clone()).collect(),
            });
        }
        // A worker without bindings can still `fetch`.
        if !fault.kind.needs_images() || kinds.any(|kind| kind == Some(BindingKind::Images)) {
            return Ok(());
        }
        Err(FaultError::Impossible {
            kind: fault.kind.word(),
            target: fault.target.to_string(),
        })
    }
}

/// Shows the faults on one line.
impl fmt::Display for FaultSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(f, "{space}{fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use safelight_protocol::BindingKind;

    use super::{Fault, FaultSet, Targets};
    use crate::error::HopError;
    use crate::faults::hop::{Hop, ImagesFaults};

    fn images(name: &str) -> Hop {
        let faults = ImagesFaults {
            reset: || Err(HopError::Closed),
            error: |_| Err(HopError::Closed),
            kill: Arc::new(|| Box::pin(async {})),
        };
        Hop::images(name, faults)
    }

    fn set(faults: &[&str]) -> FaultSet {
        FaultSet::new(faults.iter().map(|text| text.parse().unwrap()))
    }

    /// Whether a fault applies, for each of some calls.
    fn run(set: &FaultSet, calls: usize) -> Vec<bool> {
        let hop = images("IMAGES");
        (0..calls)
            .map(|_| set.matching(&hop, "/transform").next().is_some())
            .collect()
    }

    #[test]
    fn nth_applies_a_fault_to_that_call_alone() {
        let applied = run(&set(&["IMAGES:hang,nth=3"]), 6);
        assert_eq!(applied, [false, false, true, false, false, false]);
    }

    #[test]
    fn a_seed_repeats_its_run_exactly_and_another_seed_does_not() {
        let seven = || run(&set(&["IMAGES:hang,rate=0.5,seed=7"]), 200);
        assert_eq!(seven(), seven());
        assert_ne!(seven(), run(&set(&["IMAGES:hang,rate=0.5,seed=8"]), 200));
    }

    #[test]
    fn a_fault_without_seed_is_shown_with_the_one_that_repeats_it() {
        let unsaid = set(&["IMAGES:hang,rate=0.5", "IMAGES:reset,rate=0.5"]);
        let said = unsaid.to_string();
        assert_eq!(
            said,
            "IMAGES:hang,rate=0.5,seed=1 IMAGES:reset,rate=0.5,seed=2"
        );
        let said: Vec<&str> = said.split(' ').collect();
        assert_eq!(run(&unsaid, 100), run(&set(&said), 100));
    }

    #[test]
    fn a_rate_is_the_share_of_calls_to_which_a_fault_applies() {
        let applied = |fault| run(&set(&[fault]), 10_000).iter().filter(|s| **s).count();
        assert_eq!(applied("IMAGES:hang,rate=0"), 0);
        assert_eq!(applied("IMAGES:hang,rate=1"), 10_000);
        let some = applied("IMAGES:hang,rate=0.1");
        assert!((800..1_200).contains(&some), "{some} of 10000");
    }

    #[test]
    fn only_calls_that_a_fault_is_aimed_at_are_counted() {
        let set = set(&["IMAGES:hang,path=/info,nth=2"]);
        let applies = |name, path| set.matching(&images(name), path).next().is_some();
        assert!(!applies("IMAGES", "/info"));
        assert!(!applies("IMAGES", "/transform"));
        assert!(!applies("OTHER", "/info"));
        assert!(applies("IMAGES", "/info"));
    }

    #[test]
    fn a_star_targets_every_hop_to_which_the_fault_can_apply() {
        let applies = |fault, hop: &Hop| set(&[fault]).matching(hop, "/").next().is_some();
        assert!(applies("*:hang", &images("IMAGES")));
        assert!(applies("*:hang", &Hop::fetch()));
        assert!(applies("*:error=9522", &images("IMAGES")));
        assert!(!applies("*:error=9522", &Hop::fetch()));
        assert!(!applies("fetch:hang", &Hop::fetch()));
    }

    #[test]
    fn a_fault_is_not_aimed_at_a_hop_to_which_it_cannot_apply() {
        let bucket = Hop::binding("PHOTOS");
        let applies = |fault| set(&[fault]).matching(&bucket, "/").next().is_some();
        assert!(applies("PHOTOS:hang"));
        assert!(!applies("PHOTOS:error=9522"));
        assert!(!applies("PHOTOS:crash"));
    }

    #[test]
    fn a_target_that_the_worker_lacks_is_named_with_what_it_has() {
        let check = |targets: &Targets, fault: &str| {
            targets
                .check(&fault.parse::<Fault>().unwrap())
                .map_err(|error| error.to_string())
        };
        let one = Targets::new([("IMAGES".to_owned(), Some(BindingKind::Images))]);
        let none = Targets::default();
        assert_eq!(check(&one, "IMAGES:crash"), Ok(()));
        assert_eq!(check(&one, "*:crash"), Ok(()));
        assert_eq!(check(&none, "*:hang"), Ok(()));
        assert_eq!(
            check(&one, "PHOTOS:hang").unwrap_err(),
            "is aimed at PHOTOS, which the worker does not have; it has: IMAGES"
        );
        assert_eq!(
            check(&none, "PHOTOS:hang").unwrap_err(),
            "is aimed at PHOTOS, but the worker has no bindings"
        );
        assert_eq!(
            check(&none, "*:crash").unwrap_err(),
            "cannot apply: crash needs an Images binding, and * has none"
        );
    }
}
