//! The results as text.

use std::fmt::Write;

use crate::Results;
use crate::cases::{CUTS, LIVES};

/// One column for each of `KINDS`.
pub fn table(clients: u32, results: &[Results; 3]) -> String {
    let mut text = format!(
        "N = {clients} clients, a server that accepts C connections per second, N/C = 60 s.\n\n"
    );
    let mut row = |name: &str, cells: [String; 3]| {
        let [first, second, third] = cells;
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{name:54}{first:>13}{second:>13}{third:>15}");
    };
    row(
        "",
        ["embedded-sse", "fixed 3 s", "LaunchDarkly"].map(String::from),
    );
    let outages: [(_, fn(&Results) -> &_); 2] = [
        ("outage of 1 s", |results| &results.short),
        ("outage of 10 min", |results| &results.long),
    ];
    for (name, outage) in outages {
        let outages = results.each_ref().map(outage);
        row(
            &format!("{name}: most attempts in a second"),
            outages.map(|outage| format!("{:.1} C", outage.peak())),
        );
        row(
            "  99 % are connected again after",
            outages.map(|outage| format!("{:.0} s", outage.until_most)),
        );
        row(
            "  all are connected again after",
            outages.map(|outage| format!("{:.0} s", outage.until_all)),
        );
        row(
            "  refused attempts per client after the return",
            outages.map(|outage| format!("{:.1}", outage.refused)),
        );
    }
    let results = results.each_ref();
    row(
        "crash loop (5 s up, 5 s down): attempts/client/hour",
        results.map(|results| format!("{:.0}", results.crash_loop)),
    );
    for (index, seconds) in LIVES.into_iter().enumerate() {
        row(
            &format!("overload kills it in {seconds} s (N/C = 30 s): ends after"),
            results.map(|results| match results.overload_loops[index] {
                Some(seconds) => format!("{seconds:.0} s"),
                None => String::from("never"),
            }),
        );
    }
    for (index, seconds) in CUTS.into_iter().enumerate() {
        row(
            &format!("load balancer cuts after {seconds} s: time connected"),
            results.map(|results| format!("{:.1} %", results.availability[index])),
        );
    }
    row(
        "each response is one event (polling): attempts",
        results.map(|results| format!("{:.1} C", results.polling)),
    );
    text
}
