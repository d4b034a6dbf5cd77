//! The random numbers of one handshake.

use p256::elliptic_curve::rand_core::{CryptoRng, Error, RngCore};
use sha2::{Digest, Sha256};

/// Random numbers that are derived from the seeds of the caller: SHA-256 of the seed of this
/// connection, the seeds before it, and a counter.
///
/// The library draws until it finds a valid private key. With a broken source it would draw for
/// ever, which these numbers cannot cause.
pub(super) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    /// Returns `None` if the seed is not random: if all its bytes are equal, as those of a generator
    /// that is switched off, or if it is the seed of the connection before.
    pub(super) fn new(seed: [u8; 32], past: &mut Past) -> Option<Self> {
        let last = hash(b"last", &[&seed], 0);
        let [first, others @ ..] = seed;
        if others.iter().all(|byte| *byte == first) || past.last == last {
            return None;
        }
        past.last = last;
        past.all = hash(b"all", &[&past.all, &seed], 0);
        let seed = hash(b"seed", &[&past.all], 0);
        Some(Self { seed, counter: 0 })
    }
}

/// The seeds of earlier connections. Each of them enters the numbers of all later ones, so a seed that
/// comes again gives other numbers.
#[derive(Default)]
pub(super) struct Past {
    /// The hash of all of them. As secret as they are.
    all: [u8; 32],
    /// The hash of the last one.
    last: [u8; 32],
}

fn hash(label: &[u8], parts: &[&[u8; 32]], counter: u64) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(label);
    for part in parts {
        hash.update(part);
    }
    hash.chain_update(counter.to_be_bytes()).finalize().into()
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.counter = self.counter.wrapping_add(1);
            let block = hash(b"random", &[&self.seed], self.counter);
            for (byte, random) in chunk.iter_mut().zip(block) {
                *byte = random;
            }
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

    #[test]
    fn no_two_blocks_are_equal() {
        let mut random = Random::new(SEED, &mut Past::default()).unwrap();
        let mut blocks = [[0; 32]; 100];
        for block in &mut blocks {
            random.fill_bytes(block);
        }
        blocks.sort();
        assert!(blocks.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn no_number_is_drawn_twice_in_any_way() {
        let mut random = Random::new(SEED, &mut Past::default()).unwrap();
        let mut numbers = [0; 100];
        for four in numbers.as_chunks_mut().0 {
            let (mut first, mut second) = ([0; 4], [0; 4]);
            random.fill_bytes(&mut first);
            random.try_fill_bytes(&mut second).unwrap();
            let [first, second] = [first, second].map(u32::from_le_bytes);
            *four = [random.next_u32(), random.next_u64() as u32, first, second];
        }
        numbers.sort();
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_seed_is_not_used_twice_in_a_row() {
        let mut past = Past::default();
        assert!(Random::new(SEED, &mut past).is_some());
        assert!(Random::new(SEED, &mut past).is_none());
    }

    #[test]
    fn a_seed_that_comes_again_gives_other_numbers() {
        let mut past = Past::default();
        let mut first = |seed| Random::new(seed, &mut past).unwrap().next_u64();
        let other = *b"fedcba9876543210fedcba9876543210";
        let numbers = [first(SEED), first(other), first(SEED), first(other)];
        for (at, number) in numbers.iter().enumerate() {
            assert!(!numbers[at + 1..].contains(number));
        }
    }

    #[test]
    fn equal_bytes_are_no_seed() {
        assert!(Random::new([0; 32], &mut Past::default()).is_none());
        assert!(Random::new([255; 32], &mut Past::default()).is_none());
    }
}
