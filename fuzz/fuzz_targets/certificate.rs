//! The reader of certificates, with any bytes as a root, as the certificate of a server with a pinned
//! key, and as what an authority has signed. Nothing panics, and the key is the one that another
//! reader finds.

#![no_main]

#[path = "../../examples/pin/key.rs"]
mod key;

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::OnceLock;

use embedded_sse::io::Connect;
use embedded_sse::tls::{
    ConnectError, Now, PinnedKeys, PrivateCa, Tls, TlsError, TlsMemory, Trust,
};
use embedded_sse::{Origin, Scheme};
use key::Key;
use libfuzzer_sys::fuzz_target;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use tls::by_hand::{ByHand, Part};
use tls::chain::{Issuer, authority, issued_of_pair, root_of_pair, server};
use tls::keys::fixed_pair;
use tls::net::Net;

const ORIGIN: Origin<'static> = Origin {
    scheme: Scheme::Https,
    host: "localhost",
    port: 443,
};

/// 2026-11-30.
const NOW: u64 = 1_796_000_000;

struct Keys {
    root: Issuer,
    server: Issuer,
}

fuzz_target!(|input: &[u8]| {
    // The same keys each time, so that an input can contain them.
    static KEYS: OnceLock<Keys> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let root = root_of_pair(authority("root"), fixed_pair(&[7; 32]));
        let server = issued_of_pair(server(&["localhost"]), &root, fixed_pair(&[8; 32]));
        Keys { root, server }
    });
    // Longer ones do not fit into a record of the client.
    let input = input.get(..4000).unwrap_or(input);
    match input.split_first() {
        Some((0, root)) => as_root(root),
        Some((1, certificate)) => with_its_own_pin(certificate, keys),
        Some((2, certificate)) => with_another_pin(certificate, keys),
        Some((_, fields)) => signed(fields, keys),
        None => {}
    }
});

fn as_root(certificate: &[u8]) {
    let roots = [certificate];
    if PrivateCa::new(&roots, || Now::Is(NOW)).is_ok() {
        assert_eq!(Key::of(certificate).and_then(|key| key.unsupported()), None);
    }
}

/// With the pin of the key that the other reader finds.
fn with_its_own_pin(certificate: &[u8], keys: &Keys) {
    let Some(key) = Key::of(certificate) else {
        return;
    };
    let pins = PinnedKeys::parse(&[&key.pin()]).unwrap();
    let result = connect(certificate, keys, pins);
    let is_right = Some(key.pin()) == Key::of(keys.server.der()).map(|key| key.pin());
    assert_eq!(result.is_ok(), is_right);
    if key.unsupported().is_none() {
        assert_ne!(result, Err(TlsError::WrongKey));
    } else {
        assert_eq!(result, Err(TlsError::UnsupportedKey));
    }
}

fn with_another_pin(certificate: &[u8], keys: &Keys) {
    let pins = PinnedKeys::parse(&[&"0".repeat(64)]).unwrap();
    let error = connect(certificate, keys, pins).unwrap_err();
    assert!([TlsError::WrongKey, TlsError::UnsupportedKey].contains(&error));
}

/// The fields of a certificate, which the authority signs.
fn signed(fields: &[u8], keys: &Keys) {
    let key = SigningKey::from_pkcs8_der(&keys.root.key().serialize_der()).unwrap();
    let signature: Signature = key.sign(fields);
    let signature = signature.to_der();
    let bits = [&[0], signature.as_bytes()].concat();
    let algorithm = [&[0x30, 10, 6, 8][..], &ECDSA_WITH_SHA256].concat();
    let certificate = der(0x30, &[fields, &algorithm, &der(3, &bits)].concat());
    let root: &[u8] = keys.root.der();
    let roots = [root];
    let trust = PrivateCa::new(&roots, || Now::Is(NOW)).unwrap();
    if connect(&certificate, keys, trust).is_ok() {
        let found = Key::of(&certificate).map(|key| key.pin());
        assert_eq!(found, Key::of(keys.server.der()).map(|key| key.pin()));
        assert!(fields.windows(9).any(|part| part == b"localhost"));
    }
}

const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    let header = match content.len() {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&header, content].concat()
}

/// Connects to a server that has this certificate and the key of `keys.server`.
fn connect(certificate: &[u8], keys: &Keys, trust: impl Trust) -> Result<(), TlsError> {
    let signature = Part::Signature {
        key: keys.server.key().serialize_der(),
        is_of_now: true,
    };
    let certificate = Part::Certificate(certificate.to_vec());
    let parts = [Part::extensions(), certificate, signature, Part::Finished];
    let net = Net::new(|| ByHand::new(parts.to_vec()));
    let mut memory = TlsMemory::<4500>::new();
    let mut tls = Tls::new(net, &mut memory, trust, |seed: &mut [u8; 32]| seed[0] = 1);
    let mut future = pin!(tls.connect(ORIGIN, None));
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(Ok(_)) => Ok(()),
        Poll::Ready(Err(ConnectError::Tls(error))) => Err(error),
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => panic!("the server waits"),
    }
}
