//! Builds what runs in QEMU.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A board of Arm's, as QEMU has it.
#[derive(Clone, Copy)]
pub struct Board {
    pub name: &'static str,
    target: &'static str,
}

/// A Cortex-M4F.
pub const AN386: Board = Board {
    name: "mps2-an386",
    target: "thumbv7em-none-eabihf",
};

/// A Cortex-M3.
pub const AN385: Board = Board {
    name: "mps2-an385",
    target: "thumbv7m-none-eabi",
};

/// A Cortex-M3 with the instructions of a Cortex-M0+. QEMU has no board with that and Ethernet.
pub const AN385_M0: Board = Board {
    name: "mps2-an385",
    target: "thumbv6m-none-eabi",
};

/// Returns the program `binary` of the package, for that board.
pub fn build(package: &str, binary: &str, profile: &str, board: Board) -> Result<PathBuf, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    // This program is at `TARGET/debug/NAME`.
    let target_dir = program.ancestors().nth(2).unwrap_or(Path::new("target"));
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    // A compiler for the firmware alone, where rustup's own has not the target.
    if let Some(rustc) = env::var_os("FIRMWARE_RUSTC") {
        cargo.env("RUSTC", rustc);
    }
    let status = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_ENCODED_RUSTFLAGS", without_paths())
        .args(["build", "--quiet", "--locked", "--package", package])
        // Each peer has a feature, so that what one of them turns on is not measured with another.
        .args(["--features", if package == "peers" { binary } else { "" }])
        .args(["--bin", binary, "--profile", profile])
        .args(["--target", board.target, "--target-dir"])
        .arg(target_dir)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        let target = board.target;
        return Err(format!(
            "the firmware does not build; have you run `rustup target add {target}`?"
        ));
    }
    Ok([target_dir, board.target.as_ref(), profile.as_ref()]
        .iter()
        .collect::<PathBuf>()
        .join(binary))
}

/// Flags by which no path of this computer gets into a firmware, whose size would depend on it. They
/// stand in for those of the user's environment, which are for another target.
fn without_paths() -> OsString {
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    let registry = env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let mut flags = OsString::new();
    for (path, name) in [(repository, "embedded-sse"), (registry.as_deref(), "cargo")] {
        let Some(path) = path else { continue };
        if !flags.is_empty() {
            // What cargo wants between two.
            flags.push("\x1F");
        }
        flags.push("--remap-path-prefix=");
        flags.push(path);
        flags.push("=");
        flags.push(name);
    }
    flags
}
