//! Random numbers of cryptographic quality: ChaCha20 with a key from the chip's generator.

use defmt::warn;
use embassy_rp::Peri;
use embassy_rp::interrupt::typelevel::{Binding, TRNG_IRQ};
use embassy_rp::peripherals::TRNG;
use embassy_rp::trng::{Config, InterruptHandler, InverterChainLength, Trng};
use embassy_time::{Duration, with_timeout};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};

/// The generator makes this many bytes at once.
const BLOCK: usize = 24;

/// Waits for the chip's generator, which discards numbers that fail its health tests.
pub async fn from_chip(
    peripheral: Peri<'static, TRNG>,
    irqs: impl Binding<TRNG_IRQ, InterruptHandler<TRNG>> + 'static,
) -> ChaCha20Rng {
    let mut config = Config::default();
    // It takes longer so, and fails its tests less often.
    config.sample_count = 200;
    config.inverter_chain_length = InverterChainLength::Four;
    let mut generator = Trng::new(peripheral, irqs, config);
    let mut bytes = [0; 4 * BLOCK];
    loop {
        // The driver can wait for ever after a failed test. The next call starts the generator again.
        let filled = with_timeout(Duration::from_secs(1), generator.fill_bytes(&mut bytes));
        match filled.await {
            Ok(()) if is_random(&bytes) => break,
            _ => warn!("no random numbers yet"),
        }
    }
    ChaCha20Rng::from_seed(Sha256::digest(bytes).into())
}

/// Whether no block is zero or like another one.
fn is_random(bytes: &[u8]) -> bool {
    let mut blocks = bytes.chunks(BLOCK);
    while let Some(block) = blocks.next() {
        if block.iter().all(|byte| *byte == 0) || blocks.clone().any(|other| other == block) {
            return false;
        }
    }
    true
}
