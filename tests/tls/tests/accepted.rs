//! Servers with a pinned key.

use std::io::Write;
use std::sync::Arc;

use embassy_futures::block_on;
use embedded_sse::LossCause;
use embedded_sse::tls::{PinnedKeys, Tls, TlsMemory};
use rustls::{ServerConfig, ServerConnection};
use tls::by_hand::{ByHand, good};
use tls::keys::Key;
use tls::net::{Manner, Net, Time};
use tls::rustls_server::{Rustls, config, send};
use tls::{Answer, follow, random};

const URL: &str = "https://localhost/events";

fn events(count: usize, len: usize) -> (Vec<String>, String) {
    let data: Vec<_> = (0..count).map(|n| format!("{n:0len$}")).collect();
    let text = data
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    (data, text)
}

/// Sends the text, and ends with or without a `close_notify`.
fn server(config: ServerConfig, text: &str, notify: bool) -> impl FnMut() -> Rustls<Answer> {
    let (config, text) = (Arc::new(config), text.to_string());
    move || {
        let text = text.clone();
        Rustls::new(
            &config,
            Box::new(move |tls| {
                send(tls, &text);
                if notify {
                    tls.send_close_notify();
                }
                true
            }),
        )
    }
}

fn data_of<const HOLD: usize>(
    manner: Manner,
    server: impl FnMut() -> Rustls<Answer>,
    pins: PinnedKeys,
    events: usize,
) -> (Vec<String>, Vec<LossCause>) {
    let mut memory = Box::new(TlsMemory::<16401, 512, HOLD>::new());
    let net = Net::with_manner(manner, server);
    let mut tls = Tls::new(net, &mut memory, pins, random());
    block_on(follow(&mut tls, &Time::new(), URL, events))
}

#[test]
fn the_first_and_the_second_pin_are_accepted() {
    let (key, other) = (Key::new(), Key::new());
    let (data, text) = events(3, 9);
    for pins in [
        vec![key.pin()],
        vec![key.pin(), other.pin()],
        vec![other.pin(), key.pin()],
    ] {
        let pins: Vec<_> = pins.iter().map(String::as_str).collect();
        let pins = PinnedKeys::parse(&pins).unwrap();
        let server = server(config(&key), &text, true);
        let followed = data_of::<256>(Manner::default(), server, pins, 3);
        assert_eq!(followed, (data.clone(), vec![]));
    }
}

#[test]
fn the_server_gets_its_name_but_no_address() {
    let key = Key::new();
    let config = Arc::new(config(&key));
    for (host, name) in [
        ("localhost", Some("localhost")),
        ("localhost.", Some("localhost")),
        ("192.168.1.2", None),
        ("[2001:db8::1]", None),
    ] {
        let net = Net::new(|| {
            Rustls::new(&config, |tls: &mut ServerConnection| {
                let name = format!("data: {:?}\n\n", tls.server_name());
                send(tls, &name);
                true
            })
        });
        let mut memory = Box::new(TlsMemory::<16401>::new());
        let mut tls = Tls::new(net, &mut memory, key.pins(), random());
        let url = format!("https://{host}/");
        let followed = block_on(follow(&mut tls, &Time::new(), &url, 1));
        assert_eq!(followed, (vec![format!("{name:?}")], vec![]));
    }
}

#[test]
fn ready_is_that_of_the_transport() {
    let key = Key::new();
    let net = Net::new(|| ByHand::new(good(&key)));
    let readies = net.readies.clone();
    let mut memory = TlsMemory::<16401>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    block_on(follow(&mut tls, &Time::new(), URL, 1));
    assert_eq!(readies.get(), 1);
}

#[test]
fn the_server_by_hand_is_accepted() {
    let key = Key::new();
    let mut memory = TlsMemory::<16401>::new();
    let net = Net::new(|| ByHand::new(good(&key)));
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    let followed = block_on(follow(&mut tls, &Time::new(), URL, 1));
    assert_eq!(followed, (vec!["a".into()], vec![]));
}

#[test]
fn records_of_any_size_give_the_same_events() {
    let key = Key::new();
    let (data, text) = events(20, 3000);
    for size in [64, 200, 1000, 4096, 16384] {
        for chunk in [1, 7, 1000, usize::MAX] {
            let mut config = config(&key);
            // The server's handshake must not be split.
            config.max_fragment_size = None;
            let config = Arc::new(config);
            let text = text.clone();
            let server = move || {
                let text = text.clone();
                Rustls::new(
                    &config,
                    Box::new(move |tls: &mut ServerConnection| {
                        send(tls, "");
                        for part in text.as_bytes().chunks(size) {
                            tls.writer().write_all(part).unwrap();
                        }
                        true
                    }) as Answer,
                )
            };
            let manner = Manner {
                chunk,
                ..Manner::default()
            };
            let followed = data_of::<256>(manner, server.clone(), key.pins(), 20);
            assert_eq!(followed, (data.clone(), vec![]), "{size} {chunk}");
            let followed = data_of::<16401>(manner, server, key.pins(), 20);
            assert_eq!(followed, (data.clone(), vec![]), "{size} {chunk}");
        }
    }
}

#[test]
fn full_records_take_16401_bytes() {
    let key = Key::new();
    let (data, text) = events(3, 15_000);
    let mut memory = Box::new(TlsMemory::<16400>::new());
    let net = Net::new(server(config(&key), &text, true));
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    let (few, causes) = block_on(follow(&mut tls, &Time::new(), URL, 3));
    assert_eq!((few.len(), causes), (0, vec![LossCause::Transport; 3]));

    let server = server(config(&key), &text, true);
    let followed = data_of::<256>(Manner::default(), server, key.pins(), 3);
    assert_eq!(followed, (data, vec![]));
}

/// The code of the extension max_fragment_length (RFC 6066, section 4) in the client's hello.
fn asked_for<const READ: usize>(key: &Key) -> Option<u8> {
    let net = Net::new(|| ByHand::new(good(key)));
    let sent = net.sent.clone();
    let mut memory = Box::new(TlsMemory::<READ>::new());
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    block_on(follow(&mut tls, &Time::new(), URL, 1));
    let sent = sent.borrow();
    let at = sent[0].windows(4).position(|bytes| bytes == [0, 1, 0, 1]);
    at.map(|at| sent[0][at + 4])
}

#[test]
fn the_server_is_asked_for_the_largest_records_that_fit() {
    let key = Key::new();
    assert_eq!(asked_for::<16401>(&key), None);
    let (of_1024, of_2048, of_4096) = (Some(2), Some(3), Some(4));
    assert_eq!(asked_for::<16400>(&key), of_4096);
    assert_eq!(asked_for::<4113>(&key), of_4096);
    assert_eq!(asked_for::<4112>(&key), of_2048);
    assert_eq!(asked_for::<2065>(&key), of_2048);
    assert_eq!(asked_for::<2064>(&key), of_1024);
    assert_eq!(asked_for::<1041>(&key), of_1024);
}

#[test]
fn a_close_notify_is_an_end_and_a_cut_is_not() {
    let key = Key::new();
    let (data, text) = events(1, 9);
    for (notify, cause) in [(true, LossCause::End), (false, LossCause::Transport)] {
        let server = server(config(&key), &text, notify);
        let (all, causes) = data_of::<256>(Manner::default(), server, key.pins(), 9);
        assert_eq!(all, vec![data[0].clone(); all.len()]);
        assert_eq!(causes, vec![cause; causes.len()]);
    }
}

#[test]
fn an_update_of_the_keys_loses_the_connection_and_no_event() {
    let key = Key::new();
    let config = Arc::new(config(&key));
    let net = Net::new(|| {
        Rustls::new(&config, |tls: &mut ServerConnection| {
            send(tls, "data: a\n\n");
            tls.refresh_traffic_keys().unwrap();
            tls.writer().write_all(b"data: b\n\n").unwrap();
            true
        })
    });
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    let (data, causes) = block_on(follow(&mut tls, &Time::new(), URL, 2));
    assert_eq!(data, ["a", "a"]);
    assert_eq!(causes, [LossCause::Transport]);
}
