//! The crate never panics and never allocates, whatever the input and the order of calls. The linker proves
//! it: the program in `tests/no-panic/` calls the whole public interface with unknown values. Its panic
//! handler calls a function that does not exist, and it has no allocator. So it links only if the optimizer
//! has removed every panic as unreachable.
//!
//! The proof is about the source, so it holds at any opt-level, although unreachable panics may still take
//! flash at another one. It does not cover `Debug`, floats in JSON, and arithmetic overflow, which panics
//! only with `overflow-checks`.
//!
//! By default the program is built for this computer. `NO_PANIC_TARGET=thumbv7em-none-eabihf` builds it
//! for that bare-metal target instead, with the compiler `FIRMWARE_RUSTC` if that is set. CI does both,
//! because `usize` has 32 bits there, and other code is compiled.

use std::env;
use std::path::Path;
use std::process::{Command, Output};

/// The function that the panic handler of the program calls.
const PANICS: &str = "embedded_sse_can_panic";

/// Without an operating system, the linker needs an entry point, or it drops all code as unused. It also
/// needs an address for `read`, which is never called.
const BARE_METAL_FLAGS: &str = "-Clink-arg=--entry=main\x1F-Clink-arg=--defsym=read=0";

#[test]
fn nothing_panics_or_allocates() {
    let Some(output) = build(&[]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "something can panic:\n{said}");
}

/// The control: a program that panics does not link.
#[test]
fn a_panic_is_found() {
    let Some(output) = build(&["--features", "panics"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(PANICS), "{said}");
}

#[test]
fn an_allocation_is_found() {
    let Some(output) = build(&["--features", "allocates"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let found = said.contains("no global memory allocator found");
    assert!(!output.status.success() && found, "{said}");
}

/// Builds the program with these arguments. Prints the reason and returns `None` if that is impossible here.
fn build(more: &[&str]) -> Option<Output> {
    let bare_metal = env::var("NO_PANIC_TARGET").ok();
    let host = cfg!(all(
        any(target_os = "linux", target_os = "macos"),
        any(target_arch = "x86_64", target_arch = "aarch64")
    ));
    if bare_metal.is_none() && !host {
        eprintln!("SKIPPED: the program needs 64-bit Linux or macOS, or `NO_PANIC_TARGET`");
        return None;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/no-panic/Cargo.toml");
    if !manifest.exists() {
        eprintln!("SKIPPED: the published crate does not contain the program");
        return None;
    }
    let mut cargo = Command::new(env!("CARGO"));
    // Flags for this test, such as those for coverage, must not change the program. This variable overrides
    // them, even if it is empty, and those of configuration files too.
    let flags = bare_metal.as_ref().map_or("", |_| BARE_METAL_FLAGS);
    if let (Some(_), Some(rustc)) = (&bare_metal, env::var_os("FIRMWARE_RUSTC")) {
        cargo.env("RUSTC", rustc);
    }
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .args(["build", "--profile", "proof", "--locked"])
        .args(["--target", bare_metal.as_deref().unwrap_or("host-tuple")])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-panic"))
        .args(more);
    Some(cargo.output().expect("cargo runs"))
}
