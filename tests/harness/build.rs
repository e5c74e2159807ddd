//! An empty build script. Cargo tells its output folder only to crates that have a build script.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
