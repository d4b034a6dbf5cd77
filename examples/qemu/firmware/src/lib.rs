//! A Cortex-M board with embassy: its clock, its Ethernet, its executor.
#![no_std]

pub mod client;
mod clock;
mod ethernet;
pub mod footprint;
mod run;

pub use run::run;
