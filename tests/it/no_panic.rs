//! The crate never panics and never allocates, on any input and in any order of calls. The linker
//! proves it: in the program of `tests/no-panic/` all of the public interface is called on values
//! from elsewhere, the panic handler calls a function that does not exist, and there is no
//! allocator. It links only if the optimizer has found every panic to be unreachable.
//!
//! What the optimizer has found out here is true of the source, so it holds at any opt-level, though
//! at another one the dead panics may still take flash. What is not in it: `Debug`, arithmetic
//! overflow, which panics only where `overflow-checks` are switched on, floats in JSON, and machines of
//! other than 64 bits.

use std::path::Path;
use std::process::{Command, Output};

/// The function that the panic handler of the program calls.
const PANICS: &str = "embedded_sse_can_panic";

#[test]
fn nothing_panics_or_allocates() {
    let Some(output) = build(&[]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "something can panic:\n{said}");
}

/// Without this, a program that calls nothing would prove as much.
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

/// `None` where it cannot be built, which is said.
fn build(more: &[&str]) -> Option<Output> {
    if !cfg!(all(
        any(target_os = "linux", target_os = "macos"),
        any(target_arch = "x86_64", target_arch = "aarch64")
    )) {
        eprintln!("SKIPPED: the program is for 64-bit Linux and macOS");
        return None;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/no-panic/Cargo.toml");
    if !manifest.exists() {
        eprintln!("SKIPPED: the program is only in the repository, not in the published crate");
        return None;
    }
    let mut cargo = Command::new(env!("CARGO"));
    // Flags that are meant for this test (coverage, say) are not meant for the program. An empty
    // variable outdoes those of configuration files too.
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .args(["build", "--profile", "proof", "--locked"])
        .args(["--target", "host-tuple"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-panic"))
        .args(more);
    Some(cargo.output().expect("cargo runs"))
}
