//! What can happen to a client over TLS, each once.

use tls::by_hand::{Part, good};
use tls::chain::{self, Issuer};
use tls::keys::Key;
use tls::rustls_server::{config, config_of};

use crate::https::{
    self, HOST, KEY, ROOT, Stream, cut_in_handshake, pinned, refused, refused_by_hand,
};
use crate::scenario::Scenario;
use crate::scenarios::{closed, got, lost, open, resumed_after, stopped};
use crate::server::{Connection, Server, events};

/// A response without a length, which the end of the connection ends.
const OPEN_UNTIL_END: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// With a pinned key.
pub const PINNED: &[Scenario] = &[
    Scenario {
        name: "https-events-over-records",
        arguments: "count=100",
        limit: 10,
        play: |stage| {
            let mut connection = https::request(&stage.server, pinned());
            connection.send(OPEN_UNTIL_END);
            for record in events(1..=100).as_bytes().chunks(17) {
                connection.send(record);
            }
            connection.left();
        },
        prints: || [open(), got(1..=100), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "https-records-of-16-KB",
        arguments: "count=4000",
        limit: 20,
        play: |stage| {
            let mut connection = open_after(&stage.server, 0);
            // More than 100 KB in one chunk and in as few records as can be.
            connection.events(1..=4000);
            connection.left();
        },
        prints: || [open(), got(1..=4000), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "https-wrong-key",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            let other = Key::new();
            refused(&stage.server, config(&other));
            refused(&stage.server, config(&other));
        },
        prints: || refused_once_more("WrongKey"),
        status: 15,
    },
    Scenario {
        name: "https-proves-nothing",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            // Neither a certificate nor a signature, then no signature.
            for missing in [1..3, 2..3] {
                let mut parts = good(&KEY);
                parts.drain(missing);
                refused_by_hand(&stage.server, parts);
            }
        },
        prints: || refused_once_more("NotProven"),
        status: 15,
    },
    Scenario {
        name: "https-signature-of-another-key",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            let other = Key::new();
            for _ in 0..2 {
                let mut parts = good(&KEY);
                parts[2] = Part::signature(&other);
                refused_by_hand(&stage.server, parts);
            }
        },
        prints: || refused_once_more("WrongSignature"),
        status: 15,
    },
    Scenario {
        name: "https-server-without-tls",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            for _ in 0..2 {
                let mut connection = stage.server.request();
                connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
                connection.cut();
            }
        },
        prints: || refused_once_more("InvalidRecord"),
        status: 15,
    },
    Scenario {
        name: "https-plain-url",
        // Nobody listens there, which would be another error.
        arguments: "attempts=1 url=http://10.0.2.2:9/events",
        limit: 10,
        play: drop,
        prints: || refused_once_more("NotHttps"),
        status: 15,
    },
    Scenario {
        name: "https-redirect-to-http",
        arguments: "",
        limit: 10,
        play: |stage| {
            let mut connection = https::request(&stage.server, pinned());
            let port = stage.server.port();
            connection.send(format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://10.0.2.2:{port}/\r\n\r\n"
            ));
            connection.left();
        },
        prints: || stopped("Redirect(Downgrade)"),
        status: 14,
    },
    Scenario {
        name: "https-cut-in-handshake",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            cut_in_handshake(&stage.server);
            finish(&stage.server, 0);
        },
        prints: || {
            let cut = r#"{"kind":"tls","error":"CutOff"}"#.to_owned();
            [vec![cut], resumed_after("Connect", 0)].concat()
        },
        status: 0,
    },
    Scenario {
        name: "https-cut-in-a-record",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = open_after(&stage.server, 0);
            connection.events(1..=3);
            connection.cut_in_record(&events(4..=4));
            finish(&stage.server, 3);
        },
        prints: || resumed_after("Transport", 3),
        status: 0,
    },
    Scenario {
        name: "https-cut-between-records",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            // Without the close_notify, the end is not the end of the response.
            let mut connection = https::request(&stage.server, pinned());
            connection.send(OPEN_UNTIL_END);
            connection.send(events(1..=3));
            connection.cut();
            finish(&stage.server, 3);
        },
        prints: || resumed_after("Transport", 3),
        status: 0,
    },
    Scenario {
        name: "https-close-notify",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = https::request(&stage.server, pinned());
            connection.send(OPEN_UNTIL_END);
            connection.send(events(1..=3));
            connection.close();
            finish(&stage.server, 3);
        },
        prints: || resumed_after("End", 3),
        status: 0,
    },
    Scenario {
        name: "https-10-reconnections",
        arguments: "count=11 max-delay=100",
        limit: 30,
        play: |stage| {
            // Each does a whole handshake, in the memory of the one before.
            for event in 0..10 {
                let mut connection = open_after(&stage.server, event);
                connection.events(event + 1..=event + 1);
                connection.cut_in_record("40\r\nid: ");
            }
            let mut connection = open_after(&stage.server, 10);
            connection.events(11..=11);
            connection.left();
        },
        prints: || {
            let session = |event| [open(), got(event..=event)].concat();
            let cut = |event| [session(event), lost("Transport", 100)].concat();
            [(1..=10).flat_map(cut).collect(), session(11), closed()].concat()
        },
        status: 0,
    },
    Scenario {
        name: "https-stall",
        arguments: "count=5 idle=500",
        limit: 10,
        play: |stage| {
            let mut silent = open_after(&stage.server, 0);
            silent.events(1..=3);
            finish(&stage.server, 3);
            silent.left();
        },
        prints: || resumed_after("IdleTimeout", 3),
        status: 0,
    },
];

/// With a private authority.
pub const AUTHORITY: &[Scenario] = &[
    Scenario {
        name: "authority-and-two-keys",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let config = https::issued();
            let mut connection = https::open_after(&stage.server, config, 0);
            connection.events(1..=3);
            connection.cut_in_record(&events(4..=4));
            let config = https::issued_indirectly();
            let mut connection = https::open_after(&stage.server, config, 3);
            connection.events(4..=5);
            connection.left();
        },
        prints: || resumed_after("Transport", 3),
        status: 0,
    },
    Scenario {
        name: "authority-unknown",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            // It has the name of the one that is trusted.
            let other = chain::root(chain::authority("root"));
            let leaf = chain::issued(chain::server(&[HOST]), &other);
            refused_twice(&stage.server, &leaf, &[&other]);
        },
        prints: || refused_once_more("UnknownIssuer"),
        status: 15,
    },
    Scenario {
        name: "authority-wrong-host",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            let leaf = chain::issued(chain::server(&["10.0.2.3", "localhost"]), &ROOT);
            refused_twice(&stage.server, &leaf, &[]);
        },
        prints: || refused_once_more("WrongName"),
        status: 15,
    },
    Scenario {
        name: "authority-expired",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            let mut params = chain::server(&[HOST]);
            params.not_after = rcgen::date_time_ymd(2026, 1, 1);
            refused_twice(&stage.server, &chain::issued(params, &ROOT), &[]);
        },
        prints: || refused_once_more("Expired"),
        status: 15,
    },
    Scenario {
        name: "authority-leaf-as-issuer",
        arguments: "attempts=1",
        limit: 10,
        play: |stage| {
            let other = chain::issued(chain::server(&[HOST]), &ROOT);
            let leaf = chain::issued(chain::server(&[HOST]), &other);
            refused_twice(&stage.server, &leaf, &[&other]);
        },
        prints: || refused_once_more("InvalidCertificate"),
        status: 15,
    },
];

fn refused_twice(server: &Server, leaf: &Issuer, others: &[&Issuer]) {
    let others = others.iter().map(|other| other.der());
    let certificates: Vec<_> = [leaf.der()].into_iter().chain(others).collect();
    for _ in 0..2 {
        refused(server, config_of(&certificates, leaf.key()));
    }
}

fn open_after(server: &Server, event: u32) -> Connection<Stream> {
    https::open_after(server, pinned(), event)
}

/// Serves the rest of five events to a client that has so many.
fn finish(server: &Server, last: u32) {
    let mut connection = open_after(server, last);
    connection.events(last + 1..=5);
    connection.left();
}

/// What the firmware prints if it is told to try once more.
fn refused_once_more(error: &str) -> Vec<String> {
    let refused = vec![format!(r#"{{"kind":"tls","error":"{error}"}}"#)];
    let again = [&refused[..], &lost("Connect", 100), &refused].concat();
    [again, stopped("Attempts")].concat()
}
