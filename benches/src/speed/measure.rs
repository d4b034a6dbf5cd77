//! Measures each decoder in turn, for one input in pushes of one size.

use std::time::{Duration, Instant};

use embedded_sse_benches::inputs::Input;
use embedded_sse_benches::seen::Seen;

use crate::allocations;
use crate::contest::{Contest, Pushes, Subject};
use crate::limits::LIMITS;

/// The time for each decoder. Each one runs at least `FEWEST` times, and slow ones no more than that.
const BUDGET: Duration = Duration::from_millis(100);
const FEWEST: usize = 3;
const FAR_BEHIND: f64 = 5.0;

pub struct Cell {
    pub letter: char,
    pub what: &'static str,
    pub ours: Figure,
    pub peers: Vec<Figure>,
    pub limits: Vec<Figure>,
}

pub struct Figure {
    pub name: &'static str,
    /// `None` if the measurement would take hours.
    pub ns_per_event: Option<f64>,
    /// Whether it is so slow that it was measured only once.
    is_slow: bool,
    pub allocations_per_event: f64,
    /// Whether it found the events of the input.
    pub is_right: bool,
}

impl Cell {
    /// Among the decoders that are correct.
    pub fn fastest_peer(&self) -> Option<(&'static str, f64)> {
        self.peers
            .iter()
            .filter(|peer| peer.is_right)
            .filter_map(|peer| Some((peer.name, peer.ns_per_event?)))
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The speed-up over the fastest peer.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.fastest_peer()?.1 / self.ours.ns_per_event?)
    }
}

pub fn measure(input: Input, push: usize, contest: &Contest) -> Cell {
    let stream: &'static [u8] = input.stream.leak();
    let pushes: Vec<&[u8]> = stream.chunks(push.min(stream.len())).collect();
    let pushes: Pushes = pushes.leak();

    let subjects: Vec<&Subject> = [&contest.ours]
        .into_iter()
        .chain(contest.peers)
        .chain(&LIMITS)
        .collect();
    let mut figures: Vec<Figure> = subjects
        .iter()
        .map(|subject| check(subject, input.letter, push, pushes, &input.right))
        .collect();

    // In turn, so that other load on the machine affects all of them. Slow decoders get fewer turns.
    let mut spent = vec![Duration::ZERO; subjects.len()];
    for round in 0.. {
        let mut is_done = true;
        let far = figures[0]
            .ns_per_event
            .map_or(f64::MAX, |ns| ns * FAR_BEHIND);
        for ((subject, figure), spent) in subjects.iter().zip(&mut figures).zip(&mut spent) {
            let Some(least) = &mut figure.ns_per_event else {
                continue;
            };
            let is_enough = round >= FEWEST && (*spent >= BUDGET || *least > far);
            if figure.is_slow || is_enough {
                continue;
            }
            is_done = false;
            let mut seen = Seen::default();
            let start = Instant::now();
            (subject.run)(pushes, &mut seen);
            let time = start.elapsed();
            *spent += time;
            *least = least.min(time.as_nanos() as f64 / input.right.events as f64);
        }
        if is_done {
            break;
        }
    }

    let mut figures = figures.into_iter();
    Cell {
        letter: input.letter,
        what: input.what,
        ours: figures.next().expect("ours is the first"),
        peers: figures.by_ref().take(contest.peers.len()).collect(),
        limits: figures.collect(),
    }
}

fn check(subject: &Subject, letter: char, push: usize, pushes: Pushes, right: &Seen) -> Figure {
    // This decoder searches an unfinished line from its start at each push.
    let takes_hours = subject.name == "eventsource-stream" && letter == 'c' && push == 1;
    let mut seen = Seen::checking();
    let before = allocations::count();
    let start = Instant::now();
    if !takes_hours {
        (subject.run)(pushes, &mut seen);
    }
    let time = start.elapsed();
    Figure {
        name: subject.name,
        ns_per_event: (!takes_hours).then_some(time.as_nanos() as f64 / right.events as f64),
        is_slow: time > BUDGET * 5,
        allocations_per_event: (allocations::count() - before) as f64 / right.events as f64,
        is_right: seen == *right,
    }
}
