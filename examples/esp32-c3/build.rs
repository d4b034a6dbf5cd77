//! Links for the chip.

fn main() {
    // defmt's script first: that of esp-hal keeps what it names.
    println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    println!("cargo::rustc-link-arg-bins=-Tlinkall.x");
}
