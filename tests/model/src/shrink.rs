//! Reduces a case that differs, and shows it.

use crate::case::{Op, Setup, Wrong};
use crate::generate;
use crate::run::{Difference, run};

/// Prints the smallest script that still differs. Returns whether the case differs.
pub fn show(seed: u64, wrong: Option<Wrong>) -> bool {
    let (mut setup, mut ops) = generate::case(seed);
    setup.wrong = wrong;
    if run(&setup, &ops).is_none() {
        println!("no difference");
        return false;
    }
    shrink(&mut setup, &mut ops);
    let difference = run(&setup, &ops).unwrap();
    // Only what is not as usual.
    let [setup, simple] = [&setup, &Setup::simple()].map(|setup| format!("{setup:#?}"));
    for line in setup
        .lines()
        .filter(|line| !simple.lines().any(|usual| usual == *line))
    {
        println!("{line}");
    }
    for (index, op) in ops.iter().enumerate() {
        println!("{index:3}: {op:?}");
    }
    let Difference {
        op,
        of_crate,
        of_model,
    } = difference;
    println!("after call {op}:\n  crate: {of_crate}\n  model: {of_model}");
    true
}

fn shrink(setup: &mut Setup, ops: &mut Vec<Op>) {
    let simple = Setup {
        wrong: setup.wrong,
        data_len: setup.data_len,
        meta_len: setup.meta_len,
        ..Setup::simple()
    };
    loop {
        let before = size(ops);
        // Pieces of the script, from long to short.
        let mut len = ops.len().next_power_of_two();
        while len > 0 {
            let mut at = 0;
            while at < ops.len() {
                let mut fewer = ops.clone();
                fewer.drain(at..(at + len).min(ops.len()));
                if run(setup, &fewer).is_some() {
                    *ops = fewer;
                } else {
                    at += len;
                }
            }
            len /= 2;
        }
        for at in 0..ops.len() {
            join_and_shorten(setup, ops, at);
        }
        for field in 0.. {
            let Some(simpler) = setup.with(field, &simple) else {
                break;
            };
            if run(&simpler, ops).is_some() {
                *setup = simpler;
            }
        }
        if size(ops) >= before {
            return;
        }
    }
}

/// Joins the received bytes at this place with those that follow, and removes what it can of them.
fn join_and_shorten(setup: &Setup, ops: &mut Vec<Op>, at: usize) {
    while let (Some(Op::Receive(first)), Some(Op::Receive(second))) = (ops.get(at), ops.get(at + 1))
    {
        let joined = Op::Receive([&first[..], second].concat());
        let mut fewer = ops.clone();
        fewer.splice(at..at + 2, [joined]);
        if run(setup, &fewer).is_none() {
            break;
        }
        *ops = fewer;
    }
    let Some(Op::Receive(bytes)) = ops.get(at) else {
        return;
    };
    let mut bytes = bytes.clone();
    let mut len = bytes.len();
    while len > 0 {
        let mut start = 0;
        while start < bytes.len() {
            let mut fewer = bytes.clone();
            fewer.drain(start..(start + len).min(bytes.len()));
            let mut shorter = ops.clone();
            shorter[at] = Op::Receive(fewer.clone());
            if run(setup, &shorter).is_some() {
                (bytes, *ops) = (fewer, shorter);
            } else {
                start += len;
            }
        }
        len /= 2;
    }
}

fn size(ops: &[Op]) -> usize {
    let bytes = |op: &Op| {
        if let Op::Receive(bytes) = op {
            bytes.len()
        } else {
            0
        }
    };
    ops.len() + ops.iter().map(bytes).sum::<usize>()
}
