//! The manners in which a script is run.

use super::{Cut, Manner, Runner, Script};

/// The greatest number of places to cut. A longer script is cut at some of its places only. A debug build
/// tries fewer places, so that it ends within seconds.
const MOST_CUTS: usize = if cfg!(debug_assertions) { 50 } else { 700 };

impl Script<'_> {
    /// Every pair of a cut, a length of writes, and whether to meddle. A release build also tries the other
    /// combinations.
    pub(super) fn driver_manners(&self) -> Vec<Manner> {
        let mut manners = Vec::new();
        let others = [
            (Cut::Never, 1, false),
            (Cut::Never, 7, true),
            (Cut::Never, usize::MAX, false),
            (Cut::EachByte, 1, true),
            (Cut::EachByte, 7, false),
            (Cut::EachByte, usize::MAX, true),
        ];
        let others = if cfg!(debug_assertions) {
            &[]
        } else {
            &others[..]
        };
        for (cut, write, meddles) in [
            (Cut::Never, 1, true),
            (Cut::Never, 7, false),
            (Cut::Never, usize::MAX, true),
            (Cut::EachByte, 1, false),
            (Cut::EachByte, 7, true),
            (Cut::EachByte, usize::MAX, false),
        ]
        .iter()
        .chain(others)
        .copied()
        {
            manners.push(Manner {
                cut,
                write,
                meddles,
                ..Manner::PLAIN
            });
        }
        let bytes = self.len();
        let step = bytes / MOST_CUTS + 1;
        // Scripts of different lengths are cut at different places.
        let cuts = (1 + bytes % step..bytes).step_by(step);
        manners.extend(cuts.map(|at| Manner {
            cut: Cut::At(at),
            meddles: at % 2 == 0,
            ..Manner::PLAIN
        }));
        manners
    }

    /// Every pair of whether to pend, a length of reads, and a length of writes. A release build also tries
    /// the other combinations.
    pub(super) fn loop_manners(&self, runner: Runner, all: bool) -> Vec<Manner> {
        // A blocking operation is never pending.
        let may_pend = self.may_pend && runner != Runner::Blocking;
        let mut manners = Vec::new();
        let others = [
            (false, 1, 1),
            (true, 7, usize::MAX),
            (true, 1, usize::MAX),
            (false, 7, 1),
            (true, usize::MAX, 1),
            (false, usize::MAX, usize::MAX),
        ];
        let others = if cfg!(debug_assertions) {
            &[]
        } else {
            &others[..]
        };
        for (pends, read, write) in [
            (true, 1, 1),
            (false, 7, usize::MAX),
            (true, usize::MAX, usize::MAX),
            (false, 1, usize::MAX),
            (true, 7, 1),
            (false, usize::MAX, 1),
        ]
        .iter()
        .chain(others)
        .copied()
        {
            let pends = pends && may_pend;
            manners.push(Manner {
                pends,
                read,
                write,
                ..Manner::PLAIN
            });
        }
        if !all {
            manners.truncate(2);
        }
        manners
    }
}
