//! Heads of responses, compared with `httparse`.

use super::super::read::HeadReader;
use super::*;
use crate::buffer::Buffer;
use std::vec::Vec;

type Parsed<'a> = (u16, Vec<(&'a str, &'a [u8])>);

/// How `httparse` parses a complete head, with the leniency of clients.
fn reference(bytes: &[u8]) -> Option<Parsed<'_>> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let complete = httparse::ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .parse_response(&mut response, bytes)
        .is_ok_and(|status| status.is_complete());
    let status = response.code.filter(|status| complete && *status >= 100)?;
    let headers = response.headers.iter();
    Some((
        status,
        headers.map(|header| (header.name, header.value)).collect(),
    ))
}

fn ours(bytes: &mut [u8]) -> Option<Parsed<'_>> {
    unfold(bytes);
    let head = Head::of(parse(bytes).ok()?, bytes, "");
    Some((head.status(), head.headers().collect()))
}

/// Whether the bytes end with the end of a head.
fn is_complete(mut bytes: &[u8]) -> bool {
    let mut memory = Buffer::<[u8; 128]>::new();
    HeadReader::default().read(&mut bytes, memory.as_view()) == Ok(true) && bytes.is_empty()
}

/// Compares both parsers. Returns whether they were compared: `httparse` is stricter about the
/// version, control characters in values and reasons, and folded fields.
fn compare(bytes: &[u8]) -> bool {
    let mut copy = bytes.to_vec();
    if !is_complete(bytes) {
        return false;
    }
    let text = bytes.escape_ascii();
    let control = |byte: &u8| byte.is_ascii_control() && !b"\r\n\t".contains(byte);
    let [
        b'H',
        b'T',
        b'T',
        b'P',
        b'/',
        b'1',
        b'.',
        b'0' | b'1',
        b' ',
        b'0'..=b'9',
        ..,
    ] = bytes.trim_ascii_start()
    else {
        return false;
    };
    if bytes.iter().any(control) || bytes.windows(2).any(|two| matches!(two, b"\n " | b"\n\t")) {
        return false;
    }
    assert_eq!(ours(&mut copy), reference(bytes), "{text}");
    true
}

/// Every head with every single byte changed, removed or inserted.
#[test]
fn accepts_the_heads_that_httparse_accepts() {
    let mut compared = 0;
    for head in [
        &b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX:\t a b \t\r\n\r\n"[..],
        b"HTTP/1.0 503\nA:\nB: \xFFx\nC:c:\n\n",
        b"\r\nHTTP/1.1 404 \r\n\r\n",
    ] {
        assert!(is_complete(head) && ours(&mut head.to_vec()).is_some());
        for at in 0..head.len() {
            let (before, behind) = head.split_at(at);
            compared += u32::from(compare(&[before, &behind[1..]].concat()));
            for byte in 0..=255 {
                compared += u32::from(compare(&[before, &[byte], behind].concat()));
                compared += u32::from(compare(&[before, &[byte], &behind[1..]].concat()));
            }
        }
    }
    assert!(compared > 20_000, "{compared}");
}
