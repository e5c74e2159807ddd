//! Does nothing but exist: only a crate with a build script is told where cargo puts what it builds.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
