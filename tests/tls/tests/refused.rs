//! Servers that are refused, and that nothing of the request reaches.

use std::sync::Arc;

use embassy_futures::block_on;
use embedded_io_async::{Read, Write};
use embedded_sse::io::Connect;
use embedded_sse::tls::{ConnectError, PinnedKeys, Tls, TlsError, TlsMemory};
use embedded_sse::{LossCause, Origin, Scheme};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ServerConfig, ServerConnection};
use tls::by_hand::{ByHand, Part, good};
use tls::keys::Key;
use tls::net::{Net, Server, Time};
use tls::rustls_server::{Rustls, config, config_with, provider};
use tls::{follow, random};

const ORIGIN: Origin<'static> = Origin {
    scheme: Scheme::Https,
    host: "localhost",
    port: 443,
};

/// The error of the handshake. The client has sent nothing of the request: at most its hello, the
/// end of its handshake and an alert.
fn error(server: impl Server, pins: PinnedKeys) -> TlsError {
    let mut server = Some(server);
    let net = Net::new(|| server.take().unwrap());
    let sent = net.sent.clone();
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let mut tls = Tls::new(net, &mut memory, pins, random());
    let Err(ConnectError::Tls(error)) = block_on(tls.connect(ORIGIN, None)) else {
        panic!("accepted");
    };
    // Finished has 58 bytes, a record with a request of this crate more than 80.
    for sent in sent.borrow().iter() {
        let len = usize::from(sent[4]) + 5;
        assert!(sent.len() - len <= 58, "{sent:02x?}");
    }
    error
}

fn by_hand(parts: Vec<Part>, pins: PinnedKeys) -> TlsError {
    error(ByHand::new(parts), pins)
}

fn rustls(config: ServerConfig, pins: PinnedKeys) -> TlsError {
    let answer = |_: &mut ServerConnection| -> bool { panic!("a request") };
    error(Rustls::new(&Arc::new(config), answer), pins)
}

#[test]
fn a_key_that_is_not_pinned() {
    let (key, other) = (Key::new(), Key::new());
    assert_eq!(rustls(config(&key), other.pins()), TlsError::WrongKey);
}

#[test]
fn a_server_that_proves_nothing() {
    let key = Key::new();
    for skipped in [vec![1, 2], vec![2], vec![0, 1, 2]] {
        let mut at = 0..;
        let mut parts = good(&key);
        parts.retain(|_| !skipped.contains(&at.next().unwrap()));
        assert_eq!(by_hand(parts, key.pins()), TlsError::NotProven);
    }
}

/// The signature is good, but the message names SHA-384, RSA-PSS or Ed25519.
#[test]
fn a_signature_of_another_scheme() {
    let key = Key::new();
    for scheme in [[5, 3], [8, 4], [8, 7]] {
        let mut server = ByHand::new(good(&key));
        server.scheme = scheme;
        assert_eq!(error(server, key.pins()), TlsError::WrongSignature);
    }
}

#[test]
fn a_signature_without_a_certificate_or_in_front_of_it() {
    let key = Key::new();
    let mut parts = good(&key);
    parts.remove(1);
    assert_eq!(by_hand(parts, key.pins()), TlsError::InvalidContent);
    let mut parts = good(&key);
    parts.swap(1, 2);
    assert_eq!(by_hand(parts, key.pins()), TlsError::InvalidContent);
}

#[test]
fn a_replayed_certificate() {
    let (key, other) = (Key::new(), Key::new());
    let mut parts = good(&key);
    parts[2] = Part::signature(&other);
    assert_eq!(by_hand(parts, key.pins()), TlsError::WrongSignature);
}

#[test]
fn a_signature_of_another_handshake() {
    let key = Key::new();
    let mut parts = good(&key);
    let private = key.pair.serialize_der();
    parts[2] = Part::Signature {
        key: private,
        is_of_now: false,
    };
    assert_eq!(by_hand(parts, key.pins()), TlsError::WrongSignature);
}

#[test]
fn a_signature_that_is_malformed_or_of_another_scheme() {
    let key = Key::new();
    for body in [
        &[4, 3, 0, 0][..],
        &[4, 3, 0, 2, 0x30, 0],
        &[4, 3, 0, 8, 0x30, 6, 2, 1, 0, 2, 1, 0],
        &[8, 7, 0, 64, 0],
        &[[8, 7, 0, 64].as_slice(), &[1; 64]].concat(),
        &[[5, 3, 0, 64].as_slice(), &[1; 64]].concat(),
        &[0xff, 0xff, 0, 0],
        &[4, 3, 0xff, 0xff],
        &[],
    ] {
        let mut parts = good(&key);
        parts[2] = Part::Message(15, body.to_vec());
        let error = by_hand(parts, key.pins());
        let expected = [TlsError::WrongSignature, TlsError::InvalidContent];
        assert!(expected.contains(&error), "{body:?}: {error}");
    }
}

#[test]
fn a_second_certificate_and_a_second_signature() {
    let (key, other) = (Key::new(), Key::new());
    for first in [&key, &other] {
        let mut parts = good(&key);
        parts.insert(1, Part::certificate(first));
        let error = by_hand(parts, key.pins());
        assert!([TlsError::InvalidContent, TlsError::WrongKey].contains(&error));
    }
    let mut parts = good(&key);
    parts.insert(2, Part::certificate(&other));
    assert_eq!(by_hand(parts, key.pins()), TlsError::InvalidContent);
    let mut parts = good(&key);
    parts.insert(3, Part::signature(&key));
    assert_eq!(by_hand(parts, key.pins()), TlsError::InvalidContent);
}

#[test]
fn certificates_that_are_malformed_or_missing() {
    let key = Key::new();
    let der = key.certificate.der().to_vec();
    for len in 0..der.len() {
        let mut parts = good(&key);
        parts[1] = Part::Certificate(der[..len].to_vec());
        assert_eq!(by_hand(parts, key.pins()), TlsError::UnsupportedKey);
    }
    for body in [&[0, 0, 0, 0][..], &[0, 0, 0, 1], &[0xff], &[], &[0; 9]] {
        let mut parts = good(&key);
        parts[1] = Part::Message(11, body.to_vec());
        let error = by_hand(parts, key.pins());
        let expected = [
            TlsError::InvalidContent,
            TlsError::NotProven,
            TlsError::UnsupportedKey,
        ];
        assert!(expected.contains(&error), "{body:?}: {error}");
    }
}

#[test]
fn keys_of_other_kinds() {
    for kind in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let key = Key::of_kind(kind);
        assert_eq!(rustls(config(&key), key.pins()), TlsError::UnsupportedKey);
    }
}

#[test]
fn tls_1_2_only() {
    let key = Key::new();
    let config = config_with(&key, provider(), &[&TLS12]);
    assert_eq!(rustls(config, key.pins()), TlsError::Alert(70));
}

#[test]
fn other_key_exchanges_and_ciphers_only() {
    let key = Key::new();
    let mut x25519 = provider();
    x25519
        .kx_groups
        .retain(|group| format!("{:?}", group.name()) == "X25519");
    let config = config_with(&key, x25519, &[&TLS13]);
    assert_eq!(rustls(config, key.pins()), TlsError::Alert(40));

    let mut aes_256 = provider();
    aes_256
        .cipher_suites
        .retain(|suite| suite.suite() == CipherSuite::TLS13_AES_256_GCM_SHA384);
    let config = config_with(&key, aes_256, &[&TLS13]);
    assert_eq!(rustls(config, key.pins()), TlsError::Alert(40));
}

#[test]
fn a_hello_that_was_not_asked_for() {
    let key = Key::new();
    let changes: [fn(&mut Vec<u8>); 5] = [
        |hello| hello[0] = 8,
        |hello| hello[40] = 2,
        |hello| hello.truncate(20),
        |hello| hello.extend([8, 0, 0, 2, 0, 0]),
        |hello| *hello = tls::by_hand::message(2, &[0; 300]),
    ];
    for change in changes {
        let mut server = ByHand::new(good(&key));
        server.change_hello = change;
        let error = error(server, key.pins());
        let expected = [TlsError::InvalidRecord, TlsError::RecordTooLarge(304)];
        assert!(expected.contains(&error), "{error}");
    }
}

/// In place of each part, and in front of it.
fn in_the_handshake(key: &Key, part: Part) -> Vec<TlsError> {
    (0..4)
        .flat_map(|at| {
            let mut before = good(key);
            before.insert(at, part.clone());
            let mut replaced = good(key);
            replaced[at] = part.clone();
            [before, replaced]
        })
        .map(|parts| by_hand(parts, key.pins()))
        .collect()
}

#[test]
fn clear_text_after_the_hello() {
    let key = Key::new();
    for (kind, content) in [
        (22, vec![8, 0, 0, 2, 0, 0]),
        (22, vec![]),
        (22, vec![20, 0, 0, 32]),
        (21, vec![1, 0]),
        (21, vec![2, 40]),
        (20, vec![2]),
        (20, vec![]),
        (24, vec![1, 0, 0]),
        (0, vec![0]),
    ] {
        for error in in_the_handshake(&key, Part::Clear(kind, content.clone())) {
            assert_eq!(error, TlsError::InvalidRecord, "{kind} {content:?}");
        }
    }
}

#[test]
fn one_change_of_the_cipher_spec_is_skipped() {
    let key = Key::new();
    let mut parts = good(&key);
    parts.insert(0, Part::Clear(20, vec![1]));
    let mut memory = TlsMemory::<16401>::new();
    let net = Net::new(|| ByHand::new(parts.clone()));
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    assert!(block_on(tls.connect(ORIGIN, None)).is_ok());
    parts.insert(0, Part::Clear(20, vec![1]));
    assert_eq!(by_hand(parts, key.pins()), TlsError::InvalidRecord);
}

#[test]
fn records_that_are_empty_or_too_large() {
    let key = Key::new();
    for len in 0..17 {
        for error in in_the_handshake(&key, Part::Clear(23, vec![7; len])) {
            assert_eq!(error, TlsError::InvalidRecord);
        }
    }
    for error in in_the_handshake(&key, Part::Encrypted(vec![])) {
        assert_eq!(error, TlsError::InvalidRecord);
    }
    for error in in_the_handshake(&key, Part::Clear(23, vec![7; 16402])) {
        assert_eq!(error, TlsError::RecordTooLarge(16402));
    }
}

#[test]
fn content_without_a_type_or_of_a_wrong_type() {
    let key = Key::new();
    for content in [
        &[0][..],
        &[0; 20],
        &[1, 23],
        &[1, 20],
        &[22],
        &[1, 21],
        &[9],
    ] {
        for error in in_the_handshake(&key, Part::Encrypted(content.to_vec())) {
            assert_eq!(error, TlsError::InvalidContent, "{content:?}");
        }
    }
}

#[test]
fn messages_of_other_phases_in_the_handshake() {
    let key = Key::new();
    for kind in [0, 1, 2, 4, 5, 24, 254, 255] {
        for error in in_the_handshake(&key, Part::Message(kind, vec![0; 40])) {
            assert_eq!(error, TlsError::InvalidContent, "{kind}");
        }
    }
}

#[test]
fn too_many_messages() {
    let key = Key::new();
    let parts = vec![Part::extensions(); 100];
    assert_eq!(by_hand(parts, key.pins()), TlsError::InvalidRecord);
}

/// These end the connection, and nothing panics. The event in front of them is not lost.
#[test]
fn records_that_are_not_allowed_after_the_handshake() {
    let key = Key::new();
    let mut bad = vec![
        Part::Clear(21, vec![1, 0]),
        Part::Clear(22, vec![4, 0, 0, 0]),
        Part::Clear(20, vec![1]),
        Part::Clear(23, vec![7; 16]),
        Part::Clear(23, vec![7; 17]),
        Part::Clear(23, vec![7; 16402]),
        Part::Encrypted(vec![]),
        Part::Encrypted(vec![0; 9]),
        Part::Encrypted(vec![2, 10, 21]),
        Part::Encrypted(vec![1, 22]),
        Part::Raw(vec![7; 100]),
    ];
    for kind in 0..=255 {
        bad.push(Part::Message(kind, vec![0; 40]));
        bad.push(Part::Message(kind, vec![]));
    }
    for bad in bad {
        // Tickets are skipped, whatever they contain.
        let is_allowed = matches!(&bad, Part::Message(4, _));
        let mut parts = good(&key);
        parts.extend([
            bad,
            Part::data("data: b\n\n"),
            Part::Encrypted(vec![1, 0, 21]),
        ]);
        let net = Net::new(|| ByHand::new(parts.clone()));
        let mut memory = Box::new(TlsMemory::<16401>::new());
        let mut tls = Tls::new(net, &mut memory, key.pins(), random());
        let (data, causes) = block_on(follow(&mut tls, &Time::new(), "https://localhost/", 2));
        if is_allowed {
            assert_eq!((data, causes), (vec!["a".into(), "b".into()], vec![]));
        } else {
            let expected = vec!["a".to_string(), "a".to_string()];
            assert_eq!((data, causes), (expected, vec![LossCause::Transport]));
        }
    }
}

#[test]
fn everything_after_an_error() {
    let key = Key::new();
    let mut parts = good(&key);
    parts[5] = Part::Clear(21, vec![1, 0]);
    parts.push(Part::data("data: b\n\n"));
    let net = Net::new(|| ByHand::new(parts.clone()));
    let mut memory = TlsMemory::<16401>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    block_on(async {
        let mut connection = tls.connect(ORIGIN, None).await.unwrap();
        let mut bytes = [0; 9];
        assert_eq!(
            connection.read(&mut bytes).await,
            Err(TlsError::InvalidRecord)
        );
        assert_eq!(connection.read(&mut bytes).await, Err(TlsError::Broken));
        assert_eq!(connection.write(&[1]).await, Err(TlsError::Broken));
        assert_eq!(connection.flush().await, Err(TlsError::Broken));
    });
}

#[test]
fn a_url_that_is_not_https_before_the_transport_connects() {
    let key = Key::new();
    let net = Net::new(|| -> ByHand { panic!("connected") });
    let mut memory = TlsMemory::<16401>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    let origin = Origin {
        scheme: Scheme::Http,
        ..ORIGIN
    };
    let error = block_on(tls.connect(origin, None)).unwrap_err();
    assert!(matches!(error, ConnectError::Tls(TlsError::NotHttps)));
}

#[test]
fn random_numbers_that_repeat_before_the_transport_connects() {
    let key = Key::new();
    let good = good(&key);
    let mut memory = TlsMemory::<16401>::new();
    let mut seeds = [[0; 32], [255; 32], [1; 32]].into_iter();
    let net = Net::new(|| -> ByHand { panic!("connected") });
    let mut tls = Tls::new(net, &mut memory, key.pins(), |seed: &mut [u8; 32]| {
        *seed = seeds.next().unwrap();
    });
    for _ in 0..3 {
        let error = block_on(tls.connect(ORIGIN, None)).unwrap_err();
        assert!(matches!(error, ConnectError::Tls(TlsError::NotRandom)));
    }
    let net = Net::new(|| ByHand::new(good.clone()));
    let mut memory = TlsMemory::<16401>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), |seed: &mut [u8; 32]| {
        seed[0] = 1;
    });
    assert!(block_on(tls.connect(ORIGIN, None)).is_ok());
    let error = block_on(tls.connect(ORIGIN, None)).unwrap_err();
    assert!(matches!(error, ConnectError::Tls(TlsError::NotRandom)));
}
