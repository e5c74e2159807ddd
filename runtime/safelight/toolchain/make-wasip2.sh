#!/usr/bin/env bash
# Makes a Rust compiler for wasm32-wasip2 out of Debian's packages, for machines where rustup may not download one.
#
#   make-wasip2.sh TOOLCHAIN
#
# TOOLCHAIN is the folder to make. Its `bin/rustc` is then a compiler with the target's standard library; the linkers
# are the ones of the machine's own Rust toolchain, which is asked for at each use: SAFELIGHT_LINKERS must name the
# folder that holds its wasm-component-ld. So the folder stays right when that toolchain is updated.
#
# Nothing is installed and no root is needed: the packages are only unpacked. What they give:
#   rustc-web, libstd-rust-web, libllvm   a compiler and the libraries it runs with
#   rust-web-src                          the source of exactly its standard library, compiled here with -Zbuild-std
#   wasi-libc                             the C library below that
#
# Several runs at once are safe: one works, the others wait for it. A run that is interrupted leaves TOOLCHAIN as it was.
set -euo pipefail

readonly target=wasm32-wasip2 host=x86_64-unknown-linux-gnu
readonly toolchain=${1:?usage: make-wasip2.sh TOOLCHAIN}
readonly work=$toolchain.part
readonly root=$work/usr

say() { printf 'safelight: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

main() {
    mkdir -p "$(dirname "$toolchain")"
    exec 9>"$(dirname "$toolchain")/lock"
    if ! flock --nonblock 9; then
        say "waiting for another run that makes the compiler"
        flock 9
    fi
    # The other run may have done the work meanwhile.
    if is_usable "$toolchain"; then
        exit 0
    fi
    check_tools
    # With the lock held, what lies here can only be the rest of an interrupted run.
    rm -rf "$work"
    mkdir -p "$work"
    trap 'rm -rf "$work"' EXIT

    say "making a compiler for $target from Debian's packages (once, about a minute)"
    fetch_packages
    unpack_packages
    add_wrappers
    add_libc
    compile_std
    compile_start_object
    drop_what_is_only_needed_here

    is_usable "$work" || fail "the compiler that was made does not work"
    rm -rf "$toolchain"
    mv "$work" "$toolchain"
    say "the compiler is ready in $toolchain ($(du -sh "$toolchain" | cut -f1))"
}

is_usable() { # is_usable FOLDER
    local library
    library=$("$1/bin/rustc" --print target-libdir --target $target 2>/dev/null) || return 1
    compgen -G "$library/libstd-*.rlib" >/dev/null
}

check_tools() {
    local tool
    for tool in apt-get apt-cache dpkg-deb tar cargo cc; do
        command -v $tool >/dev/null || fail "$tool is needed to make a compiler and is not there"
    done
}

# ---- packages ---------------------------------------------------------------------------

apt() { # apt PROGRAM ARGUMENTS...: with lists and caches of our own, so that the system's stay as they are
    local program=$1
    shift
    "$program" -qq \
        -o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" -o Debug::NoLocking=1 \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 "$@"
}

fetch_packages() {
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/debs"
    # A third party's source may be down and matter to nobody here: what is missing shows in the next step.
    apt apt-get update >"$work/apt/log" 2>&1 || cat "$work/apt/log" >&2
    local names
    names=$(package_names)
    # shellcheck disable=SC2086 # one word is one package
    (cd "$work/debs" && apt apt-get download $names) || fail "the packages cannot be fetched"
}

package_names() { # the libraries' packages carry version numbers in their names
    local library
    library=$(dependency libstd-rust-web-dev 'libstd-rust-web-')
    [ -n "$library" ] || fail "this machine's package sources have no rustc-web"
    echo rustc-web libstd-rust-web-dev rust-web-src wasi-libc "$library"
    dependency "$library" 'libllvm'
}

dependency() { # dependency PACKAGE PREFIX
    apt apt-cache depends "$1" 2>/dev/null | awk -v prefix="$2" '$1 == "Depends:" && index($2, prefix) == 1 { print $2 }'
}

unpack_packages() {
    local package
    for package in "$work"/debs/*.deb; do
        case $package in
            # The source package holds the compiler's and LLVM's as well.
            */rust-web-src_*) set -- --wildcards './usr/src/*/library' './usr/lib/rustlib/src' ;;
            *) set -- --exclude='./usr/share' ;;
        esac
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$work" "$@"
    done
}

# ---- the compiler's surroundings --------------------------------------------------------

add_wrappers() {
    mkdir -p "$work/bin" "$root/lib/rustlib/$host/bin"
    # Debian's rustc looks for its libraries in the system's folders only.
    cat >"$work/bin/rustc" <<'WRAPPER'
#!/bin/sh
usr=${0%/bin/rustc}/usr
LD_LIBRARY_PATH=$usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$usr/bin/rustc" "$@"
WRAPPER
    # rustc looks for its linkers here.
    local linker
    for linker in wasm-component-ld gcc-ld/wasm-ld; do
        cat >"$root/lib/rustlib/$host/bin/${linker#gcc-ld/}" <<WRAPPER
#!/bin/sh
exec "\${SAFELIGHT_LINKERS:?names the folder of wasm-component-ld}/$linker" "\$@"
WRAPPER
    done
    chmod +x "$work/bin/rustc" "$root/lib/rustlib/$host/bin/"*
    "$work/bin/rustc" --version >&2 || fail "Debian's rustc does not run on this machine"
}

add_libc() {
    mkdir -p "$root/lib/rustlib/$target/lib/self-contained"
    cp "$root"/lib/wasm32-wasi/{libc.a,crt1-reactor.o} "$root/lib/rustlib/$target/lib/self-contained/"
}

# ---- the standard library ---------------------------------------------------------------

compile_std() {
    say "compiling the standard library for $target"
    local crate=$work/std source
    source=$(readlink -f "$root/lib/rustlib/src/rust")
    mkdir -p "$crate/src"
    # Cargo builds the library for somebody; this crate is the somebody.
    printf '[package]\nname = "nobody"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$crate/Cargo.toml"
    : >"$crate/src/lib.rs"
    (
        cd "$crate"
        unset CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
        # Bitcode in the library is what lets a worker's own profile ask for link-time optimisation.
        export RUSTC=$work/bin/rustc RUSTC_BOOTSTRAP=1 RUSTC_WRAPPER='' RUSTC_WORKSPACE_WRAPPER='' \
            RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=$source=/rustc/std" \
            CARGO_TARGET_DIR=$crate/target CARGO_INCREMENTAL=0
        cargo build --quiet --release --target $target -Zbuild-std=std,panic_abort,proc_macro
    ) || fail "the standard library does not compile"
    rm -f "$crate/target/$target/release/deps/"libnobody-*
    cp "$crate/target/$target/release/deps/"*.rlib "$root/lib/rustlib/$target/lib/"
}

# Debian's own start object for `fn main` is older than components: it leaves the constructors to the linker, which
# then runs them around every export, before memory is set up.
compile_start_object() {
    cat >"$work/start.rs" <<'RUST'
#![no_std]
#![crate_type = "lib"]
use core::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    fn __wasm_call_ctors();
    fn __main_void() -> i32;
    fn __wasm_call_dtors();
    fn exit(code: i32) -> !;
}

static STARTED: AtomicBool = AtomicBool::new(false);

#[unsafe(no_mangle)]
pub unsafe extern "C" fn _start() {
    if STARTED.swap(true, Ordering::Relaxed) {
        core::arch::wasm32::unreachable();
    }
    unsafe {
        __wasm_call_ctors();
        let code = __main_void();
        __wasm_call_dtors();
        if code != 0 {
            exit(code);
        }
    }
}
RUST
    "$work/bin/rustc" --edition 2024 --target $target -O -C panic=abort -C codegen-units=1 \
        --emit "obj=$root/lib/rustlib/$target/lib/self-contained/crt1-command.o" "$work/start.rs"
}

drop_what_is_only_needed_here() {
    rm -rf "$work/apt" "$work/debs" "$work/std" "$work/start.rs" "$root/src" "$root/include" "$root/libexec" \
        "$root/bin/rustdoc" "$root/lib/rustlib/src" "$root/lib/wasm32-wasi"
}

main
