//! The record layer of TLS 1.3, as far as it is visible without decrypting.

/// The length of a record's header: its type, the version, and the length of what follows.
pub(super) const HEADER: usize = 5;

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;

/// What may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A ServerHello or an alert, in clear text.
    Hello,
    /// Encrypted messages of the handshake.
    Handshake,
    /// Encrypted data.
    Open,
}

/// The version in the header of all records after the ClientHello.
const VERSION: [u8; 2] = [3, 3];

/// Takes the place of the first byte of the version, which the library does not look at.
const HANDSHAKE_MARK: u8 = 0xfe;
const OPEN_MARK: u8 = 0xff;

/// Whether this is the header of an encrypted record.
pub(super) fn is_encrypted(header: [u8; HEADER]) -> bool {
    matches!(header, [APPLICATION_DATA, major, minor, ..] if [major, minor] == VERSION)
}

/// Writes the phase into the header of an encrypted record.
pub(super) fn mark(header: [u8; HEADER], phase: Phase) -> [u8; HEADER] {
    let [kind, _, minor, high, low] = header;
    match phase {
        Phase::Hello => header,
        Phase::Handshake => [kind, HANDSHAKE_MARK, minor, high, low],
        Phase::Open => [kind, OPEN_MARK, minor, high, low],
    }
}

/// Returns the phase and the header without it. Returns `None` if it is not marked, which means
/// that the library does not pass the header on as it came.
pub(super) fn unmark(header: [u8; HEADER]) -> Option<(Phase, [u8; HEADER])> {
    let [kind, mark, minor, high, low] = header;
    let phase = match mark {
        HANDSHAKE_MARK => Phase::Handshake,
        OPEN_MARK => Phase::Open,
        _ => return None,
    };
    let [major, _] = VERSION;
    let header = [kind, major, minor, high, low];
    is_encrypted(header).then_some((phase, header))
}

/// Whether a record holds a whole ServerHello of TLS 1.3 that answers our ClientHello, and nothing
/// else: the cipher suite that we offer, and a key on the curve P-256.
pub(super) fn is_server_hello(body: &[u8]) -> bool {
    let Some((&[2, 0, high, low, 3, 3], rest)) = body.split_first_chunk() else {
        return false;
    };
    let Some((random, rest)) = rest.split_first_chunk() else {
        return false;
    };
    // The session ID is empty as ours, and there is no compression.
    let Some((&[0, 0x13, 0x01, 0, above, below], mut extensions)) = rest.split_first_chunk() else {
        return false;
    };
    if *random == HELLO_RETRY_REQUEST
        || usize::from(u16::from_be_bytes([high, low])) != body.len().saturating_sub(4)
        || usize::from(u16::from_be_bytes([above, below])) != extensions.len()
    {
        return false;
    }
    let (mut has_version, mut has_key) = (false, false);
    while let [0, kind, high, low, behind @ ..] = extensions {
        let len = u16::from_be_bytes([*high, *low]);
        let Some((content, rest)) = behind.split_at_checked(len.into()) else {
            return false;
        };
        let seen = match (kind, content) {
            (43, [3, 4]) => &mut has_version,
            (51, [0, 0x17, 0, 65, 4, point @ ..]) if point.len() == 64 => &mut has_key,
            _ => return false,
        };
        if *seen {
            return false;
        }
        *seen = true;
        extensions = rest;
    }
    extensions.is_empty() && has_version && has_key
}

/// The random number of a ServerHello that is a HelloRetryRequest: the SHA-256 hash of this word.
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::vec::Vec;

    /// A ServerHello.
    pub(crate) fn server_hello() -> Vec<u8> {
        let key = [&[0, 51, 0, 69, 0, 0x17, 0, 65, 4][..], &[9; 64]].concat();
        hello([7; 32], &[&[0, 43, 0, 2, 3, 4][..], &key].concat())
    }

    fn hello(random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
        let len = extensions.len() as u8;
        let start = [2, 0, 0, len + 40, 3, 3];
        [&start[..], &random, &[0, 0x13, 1, 0, 0, len], extensions].concat()
    }

    #[test]
    fn a_server_hello_of_tls_1_3_is_accepted() {
        assert!(is_server_hello(&server_hello()));
    }

    #[test]
    fn a_changed_server_hello_is_refused() {
        let good = server_hello();
        for at in (0..good.len()).filter(|at| !(6..38).contains(at) && *at < good.len() - 64) {
            for bit in 0..8 {
                let mut other = good.clone();
                other[at] ^= 1 << bit;
                assert!(!is_server_hello(&other), "byte {at}, bit {bit}");
            }
        }
        for len in 0..good.len() {
            assert!(!is_server_hello(&good[..len]));
        }
        assert!(!is_server_hello(&[&good[..], &[0]].concat()));
        assert!(!is_server_hello(&[&good[..], &good[..]].concat()));
    }

    #[test]
    fn extensions_that_were_not_asked_for_are_refused() {
        let good = server_hello();
        let extensions = &good[44..];
        assert!(is_server_hello(&hello([7; 32], extensions)));
        for more in [
            &[0, 41, 0, 2, 0, 0][..],
            &[0, 44, 0, 0],
            &[0, 43, 0, 2, 3, 4],
        ] {
            let more = [extensions, more].concat();
            assert!(!is_server_hello(&hello([7; 32], &more)));
        }
        assert!(!is_server_hello(&hello([7; 32], &extensions[..6])));
        assert!(!is_server_hello(&hello([7; 32], &extensions[6..])));
        assert!(!is_server_hello(&hello(HELLO_RETRY_REQUEST, extensions)));
    }

    #[test]
    fn a_key_is_a_whole_point() {
        for len in [0, 63, 65, 128] {
            let start = [0, 43, 0, 2, 3, 4, 0, 51, 0, len + 5];
            let key = [&[0, 0x17, 0, 65, 4][..], &std::vec![9; len.into()]].concat();
            let extensions = [&start[..], &key].concat();
            assert!(!is_server_hello(&hello([7; 32], &extensions)), "{len}");
        }
    }

    #[test]
    fn a_mark_can_be_removed() {
        let header = [23, 3, 3, 1, 2];
        for phase in [Phase::Handshake, Phase::Open] {
            assert_eq!(unmark(mark(header, phase)), Some((phase, header)));
        }
        assert_eq!(unmark(header), None);
        assert_eq!(unmark([22, 0xff, 3, 1, 2]), None);
    }
}
