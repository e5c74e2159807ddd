//! A workspace that breaks each rule once.

use super::{Place, place, unranked, upward};
use crate::workspace::{Crate, Kind};

fn workspace(hop_uses: &[&str]) -> Vec<Crate> {
    vec![
        Crate::planted(
            "safelight",
            "runtime/safelight",
            &["safelight-r2", "safelight-hop"],
        ),
        Crate::planted("safelight-worker", "runtime/worker", &["safelight-hop"]),
        Crate::planted(
            "safelight-r2",
            "runtime/bindings/r2",
            &["safelight-hop", "bytes"],
        ),
        Crate::planted("safelight-config", "runtime/config", &["safelight-hop"]),
        Crate::planted("safelight-hop", "runtime/hop", hop_uses),
        Crate::planted("safelight-protocol", "images-protocol", &[]),
        Crate::planted("safelight-harness", "tests/harness", &["safelight"]),
    ]
}

#[test]
fn arrows_that_point_down_are_accepted() {
    let crates = workspace(&["safelight-protocol", "http"]);
    assert_eq!(upward(&crates), Vec::<String>::new());
    assert_eq!(unranked(&crates), Vec::<String>::new());
}

#[test]
fn an_arrow_that_points_up_is_found() {
    assert_eq!(
        upward(&workspace(&["safelight-config"])),
        [
            "`safelight-hop` (runtime/hop/) depends on `safelight-config` (runtime/config/), which stands above it"
        ]
    );
}

#[test]
fn a_development_dependency_may_point_up() {
    let mut crates = workspace(&["safelight-worker"]);
    assert_eq!(upward(&crates).len(), 1);
    crates[4].dependencies[0].kind = Kind::Dev;
    assert_eq!(upward(&crates), Vec::<String>::new());
    crates[4].dependencies[0].kind = Kind::Build;
    assert_eq!(upward(&crates).len(), 1);
}

#[test]
fn a_binding_that_depends_on_a_binding_is_found() {
    let mut crates = workspace(&[]);
    crates.push(Crate::planted(
        "safelight-kv",
        "runtime/bindings/kv",
        &["safelight-r2"],
    ));
    assert_eq!(
        upward(&crates),
        [
            "`safelight-kv` (runtime/bindings/kv/) depends on `safelight-r2` (runtime/bindings/r2/), which is of the same rank"
        ]
    );
}

#[test]
fn a_crate_that_is_built_of_test_code_is_found() {
    assert_eq!(
        upward(&workspace(&["safelight-harness"])),
        [
            "`safelight-hop` (runtime/hop/) depends on `safelight-harness` (tests/harness/), which is for tests, benches or examples"
        ]
    );
}

#[test]
fn a_folder_without_a_rank_is_found() {
    let mut crates = workspace(&[]);
    crates.push(Crate::planted("safelight-toys", "runtime/toys", &[]));
    assert_eq!(
        unranked(&crates),
        [
            "`safelight-toys` (runtime/toys/) has no rank: name its folder in ORDER, or move it under tests/, bench/, examples/"
        ]
    );
    assert_eq!(place("tests/tidy"), Place::Free);
    assert_eq!(place("bench"), Place::Free);
    assert_eq!(place("runtime/bindings"), Place::Unknown);
}
