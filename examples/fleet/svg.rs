//! The results as a picture. rustdoc shows it within its own page, so it contains no blank line, no
//! style that would apply to the rest of the page, and colours for light and dark backgrounds.

use std::fmt::Write;

use crate::Results;
use crate::cases::{CUTS, Outage};

/// The names and colours of `KINDS`.
const SERIES: [(&str, &str); 3] = [
    ("embedded-sse", "#1c7ed6"),
    ("fixed 3 s", "#868e96"),
    ("LaunchDarkly", "#e8590c"),
];

/// How many seconds after the server's return are shown, and how many pixels each of them has.
const SECONDS: usize = 120;
const SECOND: f64 = 2.4;

/// Pixels for each power of ten, from 0.1 C at the bottom to 100 C.
const DECADE: f64 = 60.0;
const DECADES: [&str; 4] = ["0.1 C", "1 C", "10 C", "100 C"];

pub fn svg(results: &[Results; 3]) -> String {
    let mut svg = String::from(concat!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 490\" width=\"720\" ",
        "style=\"max-width:100%;height:auto\" font-family=\"sans-serif\" font-size=\"12\" ",
        "fill=\"currentColor\" role=\"img\">\n",
        "<title>The load on a server after outages, and the availability of streams that a load ",
        "balancer cuts, for three reconnection policies</title>\n",
    ));
    for (index, (name, color)) in SERIES.into_iter().enumerate() {
        let x = 50.0 + index as f64 * 120.0;
        rect(&mut svg, x, 8.0, 12.0, 12.0, color);
        text(&mut svg, x + 18.0, 18.0, "start", name);
    }
    let unit = "C: what the server can accept per second";
    text(&mut svg, 698.0, 18.0, "end", unit);
    let outages: [(_, _, fn(&Results) -> &_); 2] = [
        (50.0, "after an outage of 1 s", |results| &results.short),
        (410.0, "after an outage of 10 min", |results| &results.long),
    ];
    for (x, title, outage) in outages {
        let title = format!("Attempts per second {title}");
        loads(&mut svg, x, &title, results.each_ref().map(outage));
    }
    bars(&mut svg, results);
    svg.push_str("</svg>\n");
    svg
}

/// One panel: the load over time.
fn loads(svg: &mut String, left: f64, title: &str, outages: [&Outage; 3]) {
    let (top, width) = (60.0, SECONDS as f64 * SECOND);
    let bottom = top + 3.0 * DECADE;
    text(svg, left, top - 14.0, "start", title);
    for (index, label) in DECADES.into_iter().enumerate() {
        let y = bottom - index as f64 * DECADE;
        // The capacity of the server stands out.
        let opacity = if label == "1 C" { 0.9 } else { 0.25 };
        line(svg, left, y, width, opacity);
        text(svg, left - 6.0, y + 4.0, "end", label);
    }
    for second in (0..=SECONDS).step_by(30) {
        let x = left + second as f64 * SECOND;
        text(svg, x, bottom + 18.0, "middle", &second.to_string());
    }
    let caption = "seconds after the server's return";
    text(svg, left + width / 2.0, bottom + 34.0, "middle", caption);
    let height = |load: f64| bottom - (load.max(0.1).log10() + 1.0) * DECADE;
    // The crate is drawn last, over the others.
    for index in [1, 2, 0] {
        let mut path = format!("M{left} {bottom}");
        let mut last = bottom;
        for second in 0..SECONDS {
            let load = outages[index].load.get(second).copied().unwrap_or(0.0);
            let y = height(load).round();
            if y != last {
                let _ = write!(path, "H{:.0}V{y}", left + second as f64 * SECOND);
                last = y;
            }
        }
        let _ = write!(path, "H{}V{bottom}", left + width);
        let color = SERIES[index].1;
        // It has so many waves that only areas can be distinguished.
        let paint = match index {
            1 => format!(r#"fill="{color}" fill-opacity="0.6""#),
            _ => format!(r#"fill="none" stroke="{color}" stroke-width="2""#),
        };
        let _ = writeln!(svg, r#"<path d="{path}" {paint}/>"#);
    }
}

/// The last panel: the share of the time for which the streams are open.
fn bars(svg: &mut String, results: &[Results; 3]) {
    let (left, top, height) = (50.0, 340.0, 120.0);
    let bottom = top + height;
    let title = "Time connected behind a load balancer that cuts each stream";
    text(svg, left, top - 18.0, "start", title);
    line(svg, left, bottom, 648.0, 0.25);
    for (cut, seconds) in CUTS.into_iter().enumerate() {
        let x = left + 20.0 + cut as f64 * 162.0;
        let label = format!("after {seconds} s");
        text(svg, x + 63.0, bottom + 18.0, "middle", &label);
        for (index, (_, color)) in SERIES.into_iter().enumerate() {
            let percent = results[index].availability[cut];
            let x = x + index as f64 * 44.0;
            let y = (bottom - percent / 100.0 * height).round();
            rect(svg, x, y, 38.0, bottom - y, color);
            text(svg, x + 19.0, y - 4.0, "middle", &format!("{percent:.0} %"));
        }
    }
}

fn rect(svg: &mut String, x: f64, y: f64, width: f64, height: f64, color: &str) {
    let _ = writeln!(
        svg,
        r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{color}"/>"#
    );
}

fn line(svg: &mut String, x: f64, y: f64, width: f64, opacity: f64) {
    let _ = writeln!(
        svg,
        r#"<path d="M{x} {y}h{width}" stroke="currentColor" stroke-opacity="{opacity}"/>"#
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(
        svg,
        r#"<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>"#
    );
}
