//! Links for the chip, whose memory.x is in embassy-stm32.

fn main() {
    for script in ["link.x", "defmt.x"] {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
    println!("cargo::rustc-link-arg-bins=--nmagic");
}
