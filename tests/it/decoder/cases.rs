//! The cases of `case.rs`, cut in many ways and with many capacities.

use embedded_sse::Decoder;

use super::case::{Case, Pushes, cases};
use super::{chunks, cut};
use crate::model::open_decoder;

// ---- against the results in the file ----

#[test]
fn the_model_agrees_with_the_cases() {
    for case in cases() {
        assert_eq!(
            case.modelled(usize::MAX, usize::MAX),
            case.expected,
            "{}",
            case.name
        );
    }
}

#[test]
fn cases_whole() {
    for case in cases() {
        case.check("whole", &|stream| vec![stream]);
    }
}

#[test]
fn cases_in_the_chunks_they_name() {
    for case in cases() {
        case.check("in its chunks", &|stream| chunks(stream, &case.chunks));
    }
}

#[test]
fn cases_byte_by_byte() {
    for case in cases() {
        case.check("byte by byte", &|stream| stream.chunks(1).collect());
    }
}

#[test]
fn cases_with_empty_pushes_between() {
    for case in cases() {
        case.check("with empty pushes", &|stream| {
            stream
                .chunks(1)
                .flat_map(|byte| [&[], byte, &[], &[]])
                .collect()
        });
    }
}

/// A debug build skips some cuts of the few long cases, so that it ends within seconds.
#[test]
fn cases_cut_at_every_place() {
    for case in cases() {
        let len = case.longest_stream();
        let cuts = match cfg!(debug_assertions) {
            true => some_cuts(len),
            false => (0..=len).collect(),
        };
        for at in cuts {
            case.check(&format!("cut at {at}"), &|stream| cut(stream, at));
        }
    }
}

// ---- against the model ----

/// A debug build tries fewer capacities.
#[cfg(debug_assertions)]
const CAPACITIES: [fn(&Case); 12] = [
    at::<0>, at::<1>, at::<2>, at::<3>, at::<5>, at::<8>, at::<13>, at::<20>, at::<24>, at::<39>,
    at::<1999>, at::<2000>,
];

/// All capacities from 0 to 20, where nearly all texts of the cases end, and then the lengths of the
/// longer texts. Not every capacity, because the compiler translates the decoder again for each.
#[cfg(not(debug_assertions))]
const CAPACITIES: [fn(&Case); 32] = [
    at::<0>, at::<1>, at::<2>, at::<3>, at::<4>, at::<5>, at::<6>, at::<7>, at::<8>, at::<9>,
    at::<10>, at::<11>, at::<12>, at::<13>, at::<14>, at::<15>, at::<16>, at::<17>, at::<18>,
    at::<19>, at::<20>, at::<23>, at::<24>, at::<25>, at::<26>, at::<38>, at::<39>, at::<44>,
    at::<45>, at::<1998>, at::<1999>, at::<2000>,
];

#[test]
fn cases_at_many_capacities() {
    for case in cases() {
        for at_capacity in CAPACITIES {
            at_capacity(&case);
        }
    }
}

/// Limits `DATA` and `META` in turn. `exhaustive.rs` limits both at once.
fn at<const CAPACITY: usize>(case: &Case) {
    with_memory::<CAPACITY, 64>(case);
    with_memory::<64, CAPACITY>(case);
}

fn with_memory<const DATA: usize, const META: usize>(case: &Case) {
    let showing = open_decoder::<DATA, META>;
    let hiding = Decoder::<DATA, META>::new;
    let shown = case.modelled(DATA, META);
    let not_hidden = shown.clone().without_comments_and_retry();
    let check = |manner: &str, pushes: Pushes| {
        let place = format!("{} {manner}, Decoder<{DATA}, {META}>", case.name);
        assert_eq!(case.decoded(showing(), pushes), shown, "{place}");
        assert_eq!(case.decoded(hiding(), pushes), not_hidden, "{place}");
    };
    check("whole", &|stream| vec![stream]);
    check("byte by byte", &|stream| stream.chunks(1).collect());
    for at in some_cuts(case.longest_stream()) {
        check(&format!("cut at {at}"), &|stream| cut(stream, at));
    }
}

/// All cuts of a short stream. Five cases are longer than 1 KB and repetitive: they get the first and
/// last cuts, and some between. `cases_cut_at_every_place` tries all cuts of them.
fn some_cuts(len: usize) -> Vec<usize> {
    if len <= 1024 {
        return (0..=len).collect();
    }
    let between = (32..len - 32).step_by(len / 16);
    (0..32).chain(between).chain(len - 32..=len).collect()
}
