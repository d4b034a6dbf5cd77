//! The packets of a DNS server. The simulation in `tests/simulation` uses this file too.

use std::net::Ipv4Addr;

/// The answer of the DNS server to a query.
#[derive(Clone)]
pub enum Answer {
    Silence,
    NoSuchName,
    Addresses(Vec<Ipv4Addr>),
}

/// The reply to a query, if there is one. `answer` gets the name.
pub fn reply(query: &[u8], mut answer: impl FnMut(&str) -> Answer) -> Option<Vec<u8>> {
    let mut reply = query.to_vec();
    let (flags, addresses) = match answer(&name(&query[12..])) {
        Answer::Silence => return None,
        Answer::NoSuchName => ([0x81, 0x83], Vec::new()),
        Answer::Addresses(addresses) => ([0x81, 0x80], addresses),
    };
    reply[2..4].copy_from_slice(&flags);
    reply[7] = addresses.len() as u8;
    for address in addresses {
        // A pointer to the name in the query, type A, class IN, a TTL of 0, 4 bytes.
        reply.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}

/// The name in a query. The type comes before it, unless it is A.
fn name(mut question: &[u8]) -> String {
    let mut labels = Vec::new();
    while let [len, rest @ ..] = question
        && *len > 0
    {
        let (label, rest) = rest.split_at((*len).into());
        labels.push(String::from_utf8_lossy(label).into_owned());
        question = rest;
    }
    let kind = if question[2] == 1 { "" } else { "AAAA " };
    format!("{kind}{}", labels.join("."))
}
