//! Compares our decoder with others, in one process. Prints tables as Markdown, and draws one of them if a file
//! is given. Shows the progress on stderr.
//!
//! `cargo run --release [-- FILE.svg [LETTERS]]`
//!
//! With `streams` in place of the file, it compares the `Stream`s of owned events.

mod allocations;
mod contest;
mod decoders;
mod drawing;
mod limits;
mod measure;
mod streams;
mod tables;

use embedded_sse_benches::inputs::inputs;

use measure::{Cell, measure};

/// A size that fits into a second-level cache, and one that does not.
const SIZES: [(usize, &str); 2] = [(128 * 1024, "128 KiB"), (3 * 1024 * 1024, "3 MiB")];

const PUSHES: [(usize, &str); 4] = [
    (usize::MAX, "whole"),
    (1460, "1460 B"),
    (64, "64 B"),
    (1, "1 B"),
];

/// The results of all inputs in pushes of one size.
struct Row {
    size: &'static str,
    push: &'static str,
    cells: Vec<Cell>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next();
    let letters = arguments.next();
    let (contest, file) = match file.as_deref() {
        Some("streams") => (&streams::STREAMS, None),
        _ => (&decoders::DECODERS, file),
    };

    let mut rows = Vec::new();
    for (size, size_name) in SIZES {
        for (push, push_name) in PUSHES {
            // Some decoders take seconds for 128 KiB in single bytes.
            if push == 1 && size != SIZES[0].0 {
                continue;
            }
            let mut cells = Vec::new();
            for input in inputs(size) {
                if letters
                    .as_ref()
                    .is_some_and(|some| !some.contains(input.letter))
                {
                    continue;
                }
                eprintln!(
                    "{size_name}, pushes {push_name}, ({}) {}",
                    input.letter, input.what
                );
                cells.push(measure(input, push, contest));
            }
            rows.push(Row {
                size: size_name,
                push: push_name,
                cells,
            });
        }
    }
    print!("{}", tables::markdown(&rows));
    if let Some(file) = file {
        std::fs::write(&file, drawing::svg(&rows)).expect("the file can be written");
    }
}
