//! The results as Markdown.

use std::fmt::Write;

use embedded_sse_benches::machine::conditions;

use crate::Row;
use crate::measure::{Cell, Figure};

pub fn markdown(rows: &[Row]) -> String {
    let mut out = format!("{}\n\n{}\n", conditions(), inputs(rows));
    for size in sizes(rows) {
        let rows = || rows.iter().filter(|row| row.size == size);
        out += &format!(
            "\n### {size}: ns per event, and the speed-up over the fastest other decoder\n\n"
        );
        header(&mut out, "pushes", rows().next());
        for row in rows() {
            line(&mut out, &format!("**{}**", row.push), row, |cell| {
                let ns = ns(cell.ours.ns_per_event);
                match cell.ratio() {
                    Some(ratio) if cell.ours.is_right => format!("{ns} · **{ratio:.1}×**"),
                    _ => format!("{ns} (wrong)"),
                }
            });
        }
        for row in rows() {
            out += &format!(
                "\n<details><summary>{size}, pushes: {}</summary>\n\n",
                row.push
            );
            header(&mut out, "ns per event (allocations)", Some(row));
            each(&mut out, row, |cell| std::slice::from_ref(&cell.ours));
            each(&mut out, row, |cell| &cell.peers);
            each(&mut out, row, |cell| &cell.limits);
            out += "\n</details>\n";
        }
    }
    out
}

fn inputs(rows: &[Row]) -> String {
    let cells = rows.first().map_or(&[][..], |row| &row.cells);
    let named: Vec<String> = cells
        .iter()
        .map(|cell| format!("({}) {}", cell.letter, cell.what))
        .collect();
    format!("Streams: {}.", named.join("; "))
}

fn sizes(rows: &[Row]) -> Vec<&'static str> {
    let mut sizes: Vec<&str> = rows.iter().map(|row| row.size).collect();
    sizes.dedup();
    sizes
}

fn header(out: &mut String, first: &str, row: Option<&Row>) {
    let cells = row.map_or(&[][..], |row| &row.cells);
    let letters: String = cells
        .iter()
        .map(|cell| format!(" {} |", cell.letter))
        .collect();
    let _ = writeln!(out, "| {first} |{letters}");
    let _ = writeln!(out, "|---|{}", "--:|".repeat(cells.len()));
}

fn line(out: &mut String, first: &str, row: &Row, cell: impl Fn(&Cell) -> String) {
    let cells: String = row
        .cells
        .iter()
        .map(|c| format!(" {} |", cell(c)))
        .collect();
    let _ = writeln!(out, "| {first} |{cells}");
}

fn each(out: &mut String, row: &Row, figures: fn(&Cell) -> &[Figure]) {
    let Some(first) = row.cells.first() else {
        return;
    };
    for (index, figure) in figures(first).iter().enumerate() {
        let is_limit = std::ptr::eq(figures(first), &*first.limits);
        line(out, figure.name, row, |cell| {
            let figure = &figures(cell)[index];
            let ns = ns(figure.ns_per_event);
            match figure.ns_per_event {
                None => ns,
                Some(_) if is_limit => ns,
                Some(_) if !figure.is_right => format!("wrong: {ns}"),
                Some(_) => format!("{ns} ({:.1})", figure.allocations_per_event),
            }
        });
    }
}

fn ns(ns: Option<f64>) -> String {
    match ns {
        None => "hours".into(),
        Some(ns) if ns < 100.0 => format!("{ns:.1}"),
        Some(ns) => format!("{ns:.0}"),
    }
}
