//! How the waits of many seeds are spread over the range that the rules allow. One wait may be anywhere in
//! the range, so only many of them show that there is jitter.

use std::collections::BTreeMap;

/// The waits in each tenth of their ranges, by what determines the range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread(BTreeMap<&'static str, [u64; 10]>);

/// With so many waits, no tenth can be empty by chance. The drivers of a seed have the same jitter, so this is
/// more than it would be for independent waits.
const ENOUGH: u64 = 1200;

/// With so many waits, three quarters cannot be in one tenth by chance.
const SOME: u64 = 100;

impl Spread {
    /// Adds a wait. `share` is its place in the range, from 0 to 1.
    pub fn add(&mut self, kind: &'static str, share: f64) {
        let tenth = ((share * 10.0) as usize).min(9);
        self.0.entry(kind).or_default()[tenth] += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        for (kind, tenths) in &other.0 {
            let sums = self.0.entry(kind).or_default();
            sums.iter_mut()
                .zip(tenths)
                .for_each(|(sum, more)| *sum += more);
        }
    }

    /// Prints the numbers of waits.
    pub fn print(&self) {
        for (kind, tenths) in &self.0 {
            println!("waits after {kind}, in tenths of their range: {tenths:?}");
        }
    }

    /// Says which waits are not spread, although there are enough of them.
    pub fn gap(&self) -> Option<String> {
        let mut kinds = self.0.iter();
        let (kind, tenths) = kinds.find(|(_, tenths)| {
            let sum: u64 = tenths.iter().sum();
            let is_crowded = tenths.iter().any(|tenth| tenth * 4 > sum * 3);
            sum >= ENOUGH && tenths.contains(&0) || sum >= SOME && is_crowded
        })?;
        Some(format!("the waits after {kind} are not spread: {tenths:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{ENOUGH, SOME, Spread};

    #[test]
    fn missing_jitter_is_found() {
        let mut spread = Spread::default();
        (0..ENOUGH).for_each(|wait| spread.add("a loss", wait as f64 / ENOUGH as f64));
        assert_eq!(spread.gap(), None);
        (0..SOME).for_each(|_| spread.add("a Retry-After", 0.0));
        assert!(
            spread
                .gap()
                .is_some_and(|gap| gap.contains("a Retry-After"))
        );
    }
}
