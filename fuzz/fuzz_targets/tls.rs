//! A server that sends anything, with the right keys. Nothing panics. The client only accepts a
//! server that has proven its key, and only returns data of this server, in order.

#![no_main]

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::OnceLock;

use embedded_io_async::{Read, Write};
use embedded_sse::io::Connect;
use embedded_sse::tls::{Tls, TlsMemory};
use embedded_sse::{Origin, Scheme};
use libfuzzer_sys::fuzz_target;
use tls::by_hand::{ByHand, Part, good};
use tls::keys::Key;
use tls::net::{Manner, Net};

const ORIGIN: Origin<'static> = Origin {
    scheme: Scheme::Https,
    host: "localhost",
    port: 443,
};

fuzz_target!(|input: &[u8]| {
    static KEYS: OnceLock<[Key; 2]> = OnceLock::new();
    let [key, other] = KEYS.get_or_init(|| [Key::new(), Key::new()]);
    let Some((how, mut input)) = input.split_first() else {
        return;
    };
    let mut parts = Vec::new();
    while parts.len() < 60
        && let Some(part) = part(&mut input, key, other)
    {
        parts.push(part);
    }
    let has_waits = how & 1 != 0;
    let manner = Manner {
        chunk: [usize::MAX, 1, 5, 300][usize::from(how >> 1 & 3)],
        waits: has_waits,
        cut: None,
    };
    let net = Net::with_manner(manner, || ByHand::new(parts.clone()));
    let polls = if how & 8 != 0 { 1 } else { 10_000 };
    if how & 16 != 0 {
        check::<256>(net, key, &parts, polls);
    } else {
        check::<2065>(net, key, &parts, polls);
    }
});

fn check<const HOLD: usize>(
    net: Net<impl FnMut() -> ByHand>,
    key: &Key,
    parts: &[Part],
    polls: usize,
) {
    let mut memory = TlsMemory::<2065, 512, HOLD>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), |seed: &mut [u8; 32]| {
        seed[0] = 1;
    });
    let Some(Ok(mut connection)) = poll(tls.connect(ORIGIN, None), 10_000) else {
        return;
    };
    let has = |wanted: fn(&Part, &Key) -> bool| parts.iter().any(|part| wanted(part, key));
    assert!(has(|part, key| {
        matches!(part, Part::Certificate(der) if der[..] == **key.certificate.der())
    }));
    assert!(has(|part, key| {
        let wanted = key.pair.serialize_der();
        matches!(part, Part::Signature { key, is_of_now: true } if *key == wanted)
    }));

    let finished = parts.iter().position(|part| matches!(part, Part::Finished));
    let mut all: Vec<u8> = Vec::new();
    for part in &parts[finished.unwrap()..] {
        let Part::Encrypted(content) = part else {
            continue;
        };
        let len = content.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        if content.get(len) == Some(&23) {
            all.extend(&content[..len]);
        }
    }
    assert_eq!(poll(connection.write(b"go"), 10), Some(Ok(2)));
    assert_eq!(poll(connection.flush(), 10), Some(Ok(())));
    let (mut received, mut bytes) = (Vec::<u8>::new(), [0; 100]);
    // The network waits for ever if the server waits for more.
    let mut pending = 0;
    while pending < 10_000 {
        match poll(connection.read(&mut bytes), polls) {
            Some(Ok(0) | Err(_)) => break,
            Some(Ok(len)) => received.extend(&bytes[..len]),
            None => pending += polls,
        }
    }
    assert!(all.starts_with(&received));
}

fn part(input: &mut &[u8], key: &Key, other: &Key) -> Option<Part> {
    let kind = byte(input)?;
    Some(match kind {
        0..=5 => good(key).swap_remove(kind.into()),
        6 => Part::certificate(other),
        7 => Part::signature(other),
        8 => Part::Signature {
            key: key.pair.serialize_der(),
            is_of_now: false,
        },
        9 => Part::Message(byte(input)?, bytes(input)?),
        10 => {
            let zeros = usize::from(byte(input)?);
            let mut content = bytes(input)?;
            content.extend(vec![0; zeros]);
            Part::Encrypted(content)
        }
        11 => Part::Clear(byte(input)?, bytes(input)?),
        12 => Part::Raw(bytes(input)?),
        // A long record.
        13 => Part::Encrypted([&vec![byte(input)?; 2000][..], &[23]].concat()),
        14 => Part::Encrypted([&vec![byte(input)?; 2100][..], &[23]].concat()),
        _ => Part::Wait,
    })
}

fn byte(input: &mut &[u8]) -> Option<u8> {
    let (first, rest) = input.split_first()?;
    *input = rest;
    Some(*first)
}

fn bytes(input: &mut &[u8]) -> Option<Vec<u8>> {
    let len = byte(input)?;
    let (bytes, rest) = input.split_at_checked(len.into())?;
    *input = rest;
    Some(bytes.to_vec())
}

/// Polls the future up to this many times, then drops it.
fn poll<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    })
}
