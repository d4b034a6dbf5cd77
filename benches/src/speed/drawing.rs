//! The speed-ups as an SVG.

use std::fmt::Write;

use embedded_sse_benches::machine::conditions;

use crate::Row;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 270.0;
const COLOURS: [&str; 4] = ["#1b6ca8", "#2a9d8f", "#e0a030", "#c8553d"];

/// The speed-up over the fastest other decoder, for each input and size of push. Uses the larger streams if
/// they were measured.
pub fn svg(rows: &[Row]) -> String {
    let mut chosen: Vec<&Row> = Vec::new();
    for row in rows {
        match chosen.iter_mut().find(|other| other.push == row.push) {
            Some(smaller) => *smaller = row,
            None => chosen.push(row),
        }
    }
    let most = chosen
        .iter()
        .flat_map(|row| &row.cells)
        .filter_map(|cell| cell.ratio())
        .fold(1.0, f64::max)
        .ceil();
    let scale = (BOTTOM - TOP) / most;
    let height_of = |ratio: f64| BOTTOM - ratio * scale;

    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<style>text {{ fill: #222 }} line {{ stroke: #8888 }} @media (prefers-color-scheme: dark) {{ text {{ fill: #ddd }} }}</style>
<text x="{LEFT}" y="20" font-size="15">{}: speed-up over the fastest other decoder</text>
"##,
        crate::decoders::DECODERS.ours.name
    );
    for times in 0..=most as u32 {
        let y = height_of(f64::from(times));
        let width = if times == 1 { 2 } else { 1 };
        let _ = writeln!(
            out,
            r##"<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.0}" y2="{y:.0}" stroke-width="{width}"/><text x="{:.0}" y="{:.0}" text-anchor="end">{times}×</text>"##,
            LEFT - 6.0,
            y + 4.0
        );
    }
    for (index, (row, colour)) in chosen.iter().zip(COLOURS).enumerate() {
        let x = LEFT + 130.0 * index as f64;
        let _ = writeln!(
            out,
            r##"<rect x="{x}" y="32" width="12" height="12" fill="{colour}"/><text x="{}" y="42">pushes: {}</text>"##,
            x + 17.0,
            row.push
        );
    }
    let group = (WIDTH - LEFT) / chosen[0].cells.len() as f64;
    let bar = (group - 16.0) / chosen.len() as f64;
    for (index, cell) in chosen[0].cells.iter().enumerate() {
        let start = LEFT + group * index as f64 + 8.0;
        let _ = writeln!(
            out,
            r##"<text x="{:.0}" y="{:.0}" text-anchor="middle">({})</text>"##,
            start + group / 2.0 - 8.0,
            BOTTOM + 18.0,
            cell.letter
        );
        for (index, (row, colour)) in chosen.iter().zip(COLOURS).enumerate() {
            let cell = row.cells.iter().find(|other| other.letter == cell.letter);
            let Some(ratio) = cell.and_then(|cell| cell.ratio()) else {
                continue;
            };
            let (x, y) = (start + bar * index as f64, height_of(ratio));
            let _ = writeln!(
                out,
                r##"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{:.1}" fill="{colour}"><title>{ratio:.1}×</title></rect><text x="{:.1}" y="{:.1}" text-anchor="middle" font-size="9">{ratio:.1}</text>"##,
                bar - 2.0,
                BOTTOM - y,
                x + bar / 2.0 - 1.0,
                y - 3.0
            );
        }
    }
    let _ = writeln!(
        out,
        r##"<text x="{LEFT}" y="{:.0}" font-size="10">{}</text>"##,
        HEIGHT - 10.0,
        conditions()
    );
    out + "</svg>\n"
}
