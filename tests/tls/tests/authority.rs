//! Servers with a certificate of a private authority: which are accepted, and which are refused
//! before anything of the request is sent.

use std::net::IpAddr;

use embassy_futures::block_on;
use embedded_sse::io::Connect;
use embedded_sse::tls::{ConnectError, InvalidRoot, Now, PrivateCa, Tls, TlsError, TlsMemory};
use embedded_sse::{Origin, Scheme};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    date_time_ymd,
};
use tls::by_hand::{ByHand, Part};
use tls::chain::{Issuer, authority, issued, issued_of_kind, message, root, root_of_kind, server};
use tls::net::Net;
use tls::random;

const HOST: &str = "sensors.example";

/// 2026-01-01, and half a year later.
const JANUARY: u64 = 1_767_225_600;
const JULY: u64 = JANUARY + 181 * 86400;

/// Connects to a server that sends these certificates and signs with the key of the first. If it is
/// refused, nothing of a request can have been sent: the client has not even ended its handshake.
fn connect(
    root: &Issuer,
    certificates: &[&[u8]],
    key: &Issuer,
    host: &str,
    now: Now,
) -> Result<(), TlsError> {
    connect_with(&[root.der()], certificates, key, host, now)
}

fn connect_with(
    roots: &[&[u8]],
    certificates: &[&[u8]],
    key: &Issuer,
    host: &str,
    now: Now,
) -> Result<(), TlsError> {
    let parts = vec![
        Part::extensions(),
        message(certificates),
        Part::Signature {
            key: key.key().serialize_der(),
            is_of_now: true,
        },
        Part::Finished,
        Part::Wait,
    ];
    let mut server = Some(ByHand::new(parts));
    let net = Net::new(|| server.take().unwrap());
    let sent = net.sent.clone();
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let trust = PrivateCa::new(roots, || now).unwrap();
    let mut tls = Tls::new(net, &mut memory, trust, random());
    let origin = Origin {
        scheme: Scheme::Https,
        host,
        port: 443,
    };
    match block_on(tls.connect(origin, None)) {
        Ok(_) => Ok(()),
        Err(ConnectError::Tls(error)) => {
            // The hello, and at most an alert.
            for sent in sent.borrow().iter() {
                let len = usize::from(u16::from_be_bytes([sent[3], sent[4]])) + 5;
                assert!(sent.len() - len <= 24, "{sent:02x?}");
            }
            Err(error)
        }
        Err(error) => panic!("{error}"),
    }
}

fn chain(root: &Issuer, certificates: &[&Issuer], host: &str, now: Now) -> Result<(), TlsError> {
    let ders: Vec<&[u8]> = certificates
        .iter()
        .map(|issuer| &issuer.der()[..])
        .collect();
    connect(root, &ders, certificates[0], host, now)
}

/// The same with the usual host and time.
fn answer(root: &Issuer, certificates: &[&Issuer]) -> Result<(), TlsError> {
    chain(root, certificates, HOST, Now::Is(JULY))
}

/// A server's certificate, changed, that the root has issued.
fn changed(change: impl FnOnce(&mut CertificateParams)) -> Result<(), TlsError> {
    let ca = root(authority("root"));
    let mut params = server(&[HOST]);
    change(&mut params);
    answer(&ca, &[&issued(params, &ca)])
}

/// A root, an authority below it that is changed, and a server.
fn changed_authority(change: impl FnOnce(&mut CertificateParams)) -> Result<(), TlsError> {
    let ca = root(authority("root"));
    let mut params = authority("intermediate");
    change(&mut params);
    let other = issued(params, &ca);
    answer(&ca, &[&issued(server(&[HOST]), &other), &other])
}

#[test]
fn a_certificate_of_the_root_is_accepted() {
    assert_eq!(changed(|_| {}), Ok(()));
    assert_eq!(changed(|params| params.key_usages.clear()), Ok(()));
    let tls_server = ExtendedKeyUsagePurpose::ServerAuth;
    assert_eq!(
        changed(|params| params.extended_key_usages.push(tls_server)),
        Ok(())
    );
}

#[test]
fn every_name_and_address_is_compared() {
    let ca = root(authority("root"));
    let names = [
        "a.example",
        "b.example",
        "c.example",
        "sensors.example",
        "*.wild.example",
        "192.168.1.2",
        "fd00::2",
    ];
    let leaf = issued(server(&names), &ca);
    let hosts = |host| chain(&ca, &[&leaf], host, Now::Is(JULY));
    for host in [
        "a.example",
        "sensors.example",
        "SENSORS.example",
        "sensors.example.",
        "x.wild.example",
        "192.168.1.2",
        "fd00::2",
        "fd00:0::2",
    ] {
        assert_eq!(hosts(host), Ok(()), "{host}");
    }
    for host in [
        "d.example",
        "x.a.example",
        "wild.example",
        "x.y.wild.example",
        "192.168.1.3",
        "fd00::3",
        "a",
        "192.168.1",
        "a_b.example",
        "a..example",
        "sensors.example..",
        "192.168.1.2.",
        "",
    ] {
        assert_eq!(hosts(host), Err(TlsError::WrongName), "{host}");
    }
}

#[test]
fn a_common_name_is_not_compared() {
    let ca = root(authority("root"));
    for names in [&[][..], &["other.example"]] {
        let mut params = server(names);
        params.distinguished_name.push(DnType::CommonName, HOST);
        assert_eq!(
            answer(&ca, &[&issued(params, &ca)]),
            Err(TlsError::WrongName)
        );
    }
}

#[test]
fn a_name_of_digits_is_no_address() {
    let ca = root(authority("root"));
    let mut params = server(&[]);
    params
        .subject_alt_names
        .push(rcgen::SanType::DnsName("192.168.1.2".try_into().unwrap()));
    let leaf = issued(params, &ca);
    assert_eq!(
        chain(&ca, &[&leaf], "192.168.1.2", Now::Is(JULY)),
        Err(TlsError::WrongName)
    );
}

#[test]
fn intermediate_authorities_are_accepted_in_any_order() {
    let ca = root(authority("root"));
    let first = issued(authority("first"), &ca);
    let second = issued(authority("second"), &first);
    let third = issued(authority("third"), &second);
    let unrelated = root(authority("unrelated"));
    let leaf = issued(server(&[HOST]), &third);
    for certificates in [
        vec![&leaf, &third, &second, &first],
        vec![&leaf, &first, &second, &third],
        vec![&leaf, &third, &second, &first, &ca],
        vec![&leaf, &unrelated, &third, &first, &second],
    ] {
        assert_eq!(answer(&ca, &certificates), Ok(()));
    }
    for missing in [
        vec![&leaf],
        vec![&leaf, &second, &first],
        vec![&leaf, &third, &first],
    ] {
        assert_eq!(answer(&ca, &missing), Err(TlsError::UnknownIssuer));
    }
    let too_many = [&leaf, &third, &second, &first, &ca, &unrelated];
    assert_eq!(answer(&ca, &too_many), Err(TlsError::InvalidCertificate));
    let fourth = issued(authority("fourth"), &third);
    let leaf = issued(server(&[HOST]), &fourth);
    let four = [&leaf, &fourth, &third, &second, &first];
    assert_eq!(answer(&ca, &four), Ok(()));
}

#[test]
fn certificates_of_another_root_are_refused() {
    let (ca, same_name) = (root(authority("root")), root(authority("root")));
    let leaf = issued(server(&[HOST]), &same_name);
    assert_eq!(answer(&ca, &[&leaf]), Err(TlsError::UnknownIssuer));
    assert_eq!(
        answer(&ca, &[&leaf, &same_name]),
        Err(TlsError::UnknownIssuer)
    );
    let unknown = root(authority("unknown"));
    let leaf = issued(server(&[HOST]), &unknown);
    assert_eq!(
        answer(&ca, &[&leaf, &unknown]),
        Err(TlsError::UnknownIssuer)
    );
    let self_signed = root(server(&[HOST]));
    assert_eq!(answer(&ca, &[&self_signed]), Err(TlsError::UnknownIssuer));
    assert_eq!(
        answer(&self_signed_authority(), &[&self_signed_authority()]),
        Err(TlsError::InvalidCertificate)
    );
}

/// An authority that has the name of a server.
fn self_signed_authority() -> Issuer {
    let mut params = authority("root");
    params.subject_alt_names = server(&[HOST]).subject_alt_names;
    root(params)
}

#[test]
fn a_server_cannot_issue_certificates() {
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        for usages in [
            vec![],
            vec![
                KeyUsagePurpose::DigitalSignature,
                KeyUsagePurpose::KeyCertSign,
            ],
        ] {
            let refused = changed_authority(|params| {
                params.is_ca = is_ca;
                params.key_usages = usages;
            });
            assert_eq!(refused, Err(TlsError::InvalidCertificate));
        }
    }
}

#[test]
fn keys_are_used_only_for_what_is_written() {
    let refused = Err(TlsError::InvalidCertificate);
    let signs = |params: &mut CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature]
    };
    assert_eq!(changed_authority(signs), refused);
    assert_eq!(
        changed_authority(|params| params.key_usages.clear()),
        Ok(())
    );
    assert_eq!(
        changed(|params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement]),
        refused
    );
    let client = || vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(
        changed(|params| params.extended_key_usages = client()),
        refused
    );
    assert_eq!(
        changed_authority(|params| params.extended_key_usages = client()),
        refused
    );
    // An authority is not a server.
    assert_eq!(
        changed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        refused
    );
}

#[test]
fn a_path_may_not_be_longer_than_an_authority_allows() {
    let limited = |name, len| {
        let mut params = authority(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(len));
        params
    };
    // The limit is that of the root, then that of the authority below it.
    for (of_root, of_first, is_accepted) in
        [(2, 1, true), (1, 1, false), (2, 0, false), (0, 9, false)]
    {
        let ca = root(limited("root", of_root));
        let first = issued(limited("first", of_first), &ca);
        let second = issued(authority("second"), &first);
        let leaf = issued(server(&[HOST]), &second);
        let expected = if is_accepted {
            Ok(())
        } else {
            Err(TlsError::InvalidCertificate)
        };
        assert_eq!(
            answer(&ca, &[&leaf, &second, &first]),
            expected,
            "{of_root} {of_first}"
        );
    }
    let ca = root(limited("root", 0));
    assert_eq!(answer(&ca, &[&issued(server(&[HOST]), &ca)]), Ok(()));
}

#[test]
fn an_authority_issues_only_for_names_that_it_may() {
    let dns = |name: &str| GeneralSubtree::DnsName(name.into());
    let net = |addr: &str| {
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(
            addr.parse::<IpAddr>().unwrap(),
            16,
        ))
    };
    let cases = [
        (vec![dns("example")], vec![], true),
        (vec![dns("sensors.example")], vec![], true),
        (vec![dns("other")], vec![], false),
        (vec![], vec![dns("example")], false),
        (vec![dns("example")], vec![dns("sensors.example")], false),
        (vec![], vec![dns("other")], true),
        (vec![net("10.0.0.0")], vec![], false),
        (vec![net("192.168.0.0")], vec![], true),
        (vec![], vec![net("192.168.0.0")], false),
    ];
    for (permitted, excluded, is_accepted) in cases {
        let constraints = NameConstraints {
            permitted_subtrees: permitted,
            excluded_subtrees: excluded,
        };
        let mut limited = authority("limited");
        limited.name_constraints = Some(constraints.clone());
        let leaf = server(&[HOST, "192.168.1.2"]);
        let expected = if is_accepted {
            Ok(())
        } else {
            Err(TlsError::InvalidCertificate)
        };
        // Of the root, and of an authority below it.
        let ca = root(limited.clone());
        assert_eq!(
            answer(&ca, &[&issued(leaf.clone(), &ca)]),
            expected,
            "{constraints:?}"
        );
        let ca = root(authority("root"));
        let below = issued(limited, &ca);
        assert_eq!(
            answer(&ca, &[&issued(leaf, &below), &below]),
            expected,
            "{constraints:?}"
        );
    }
}

#[test]
fn an_authority_for_one_name_cannot_issue_a_wildcard() {
    let names = GeneralSubtree::DnsName("a.wild.example".into());
    let mut limited = authority("limited");
    limited.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![names],
        excluded_subtrees: vec![],
    });
    let ca = root(limited);
    let leaf = issued(server(&["a.wild.example"]), &ca);
    let now = Now::Is(JULY);
    assert_eq!(chain(&ca, &[&leaf], "a.wild.example", now), Ok(()));
    let leaf = issued(server(&["*.wild.example"]), &ca);
    for host in ["a.wild.example", "b.wild.example"] {
        let refused = chain(&ca, &[&leaf], host, now);
        assert_eq!(refused, Err(TlsError::InvalidCertificate));
    }
}

#[test]
fn critical_extensions_that_are_unknown_are_refused() {
    let extension = |is_critical| {
        let mut extension =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        extension.set_criticality(is_critical);
        vec![extension]
    };
    for (is_critical, expected) in [(false, Ok(())), (true, Err(TlsError::InvalidCertificate))] {
        assert_eq!(
            changed(|params| params.custom_extensions = extension(is_critical)),
            expected
        );
        assert_eq!(
            changed_authority(|params| params.custom_extensions = extension(is_critical)),
            expected
        );
    }
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let ca = root(authority("root"));
    let refused = Err(TlsError::UnsupportedKey);
    for kind in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let other = root_of_kind(authority("root"), kind);
        assert_eq!(invalid_root(other.der()), InvalidRoot::UnsupportedKey);

        let other = issued_of_kind(authority("intermediate"), &ca, kind);
        let leaf = issued(server(&[HOST]), &other);
        assert_eq!(answer(&ca, &[&leaf, &other]), refused);

        let leaf = issued_of_kind(server(&[HOST]), &ca, kind);
        let signer = issued(server(&[HOST]), &ca);
        assert_eq!(
            connect(&ca, &[leaf.der()], &signer, HOST, Now::Is(JULY)),
            refused
        );
    }
}

fn invalid_root(der: &[u8]) -> InvalidRoot {
    PrivateCa::new(&[der], || Now::Is(JULY)).unwrap_err()
}

#[test]
fn only_an_authority_is_a_root() {
    assert_eq!(
        PrivateCa::new(&[], || Now::Is(JULY)).unwrap_err(),
        InvalidRoot::Missing
    );
    let ca = root(authority("root"));
    for len in 0..ca.der().len() {
        assert_eq!(invalid_root(&ca.der()[..len]), InvalidRoot::Malformed);
    }
    assert_eq!(
        invalid_root(b"-----BEGIN CERTIFICATE-----\n"),
        InvalidRoot::Malformed
    );
    assert_eq!(
        invalid_root(&[&ca.der()[..], &[0]].concat()),
        InvalidRoot::Malformed
    );
    let mut date = ca.der().to_vec();
    let at = date.windows(2).position(|bytes| bytes == b"0Z").unwrap();
    date[at + 1] = b'X';
    assert_eq!(invalid_root(&date), InvalidRoot::Malformed);

    let mut no_authority = server(&[HOST]);
    no_authority.key_usages.clear();
    let no_authority = root(no_authority);
    assert_eq!(invalid_root(no_authority.der()), InvalidRoot::NotAuthority);
    assert_eq!(
        PrivateCa::new(&[ca.der(), no_authority.der()], || Now::Is(JULY)).unwrap_err(),
        InvalidRoot::NotAuthority
    );
    let mut params = authority("root");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    assert_eq!(invalid_root(root(params).der()), InvalidRoot::NotAuthority);
}

#[test]
fn servers_of_all_roots_are_accepted() {
    let all: Vec<_> = (0..3).map(|_| root(authority("root"))).collect();
    let roots: Vec<_> = all.iter().map(|ca| &ca.der()[..]).collect();
    for (at, ca) in all.iter().enumerate() {
        let mut expired = server(&[HOST]);
        expired.not_after = date_time_ymd(2026, 1, 1);
        let (leaf, expired) = (issued(server(&[HOST]), ca), issued(expired, ca));
        let answer = |leaf: &Issuer| connect_with(&roots, &[leaf.der()], leaf, HOST, Now::Is(JULY));
        assert_eq!(answer(&leaf), Ok(()), "{at}");
        assert_eq!(answer(&expired), Err(TlsError::Expired), "{at}");
    }
    let other = root(authority("root"));
    let leaf = issued(server(&[HOST]), &other);
    let refused = connect_with(&roots, &[leaf.der()], &leaf, HOST, Now::Is(JULY));
    assert_eq!(refused, Err(TlsError::UnknownIssuer));
}

/// The certificate of a root that expires can be replaced by a new one with the same key.
#[test]
fn another_certificate_of_the_same_root_is_tried() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let with_key = |params: CertificateParams| {
        let key = KeyPair::try_from(key.serialize_der()).unwrap();
        Issuer::self_signed(params, key).unwrap()
    };
    let mut expired = authority("root");
    expired.not_after = date_time_ymd(2026, 1, 1);
    let (expired, ca) = (with_key(expired), with_key(authority("root")));
    let leaf = issued(server(&[HOST]), &ca);
    let answer = |roots: &[&[u8]]| connect_with(roots, &[leaf.der()], &leaf, HOST, Now::Is(JULY));
    assert_eq!(answer(&[expired.der()]), Err(TlsError::Expired));
    assert_eq!(answer(&[expired.der(), ca.der()]), Ok(()));
    assert_eq!(answer(&[ca.der(), expired.der()]), Ok(()));

    // The error is that of the root which has issued it.
    let (other, same_name) = (root(authority("other")), root(authority("root")));
    for roots in [
        [other.der(), expired.der(), same_name.der()],
        [expired.der(), same_name.der(), other.der()],
    ] {
        assert_eq!(answer(&roots.map(|der| &der[..])), Err(TlsError::Expired));
    }
}

#[test]
fn a_clock_checks_all_dates() {
    // Who has the dates: the root, the authority below it, or the server.
    for who in 0..3 {
        let mut all = [
            authority("root"),
            authority("intermediate"),
            server(&[HOST]),
        ];
        all[who].not_before = date_time_ymd(2026, 1, 1);
        all[who].not_after = date_time_ymd(2026, 7, 1);
        let [ca, other, leaf] = all;
        let ca = root(ca);
        let other = issued(other, &ca);
        let leaf = issued(leaf, &other);
        let at = |time| chain(&ca, &[&leaf, &other], HOST, Now::Is(time));
        assert_eq!(at(JANUARY - 1), Err(TlsError::NotYetValid), "{who}");
        assert_eq!(at(JANUARY), Ok(()));
        assert_eq!(at(JULY), Ok(()));
        assert_eq!(at(JULY + 1), Err(TlsError::Expired), "{who}");

        // Without a clock, the time is at least the bound and may be later.
        let bound = |time| chain(&ca, &[&leaf, &other], HOST, Now::AtLeast(time));
        assert_eq!(bound(0), Ok(()));
        assert_eq!(bound(JULY), Ok(()));
        assert_eq!(bound(JULY + 1), Err(TlsError::Expired), "{who}");
    }
}

#[test]
fn certificates_must_be_valid_at_the_same_time() {
    for expired in 0..3 {
        for later in 0..3 {
            let mut all = [
                authority("root"),
                authority("intermediate"),
                server(&[HOST]),
            ];
            all[expired].not_after = date_time_ymd(2026, 7, 1);
            all[later].not_before = date_time_ymd(2026, 8, 1);
            if expired == later {
                continue;
            }
            let [ca, other, leaf] = all;
            let ca = root(ca);
            let other = issued(other, &ca);
            let leaf = issued(leaf, &other);
            let answer = chain(&ca, &[&leaf, &other], HOST, Now::AtLeast(JANUARY));
            assert_eq!(answer, Err(TlsError::Expired));
        }
    }
}

#[test]
fn a_certificate_with_a_changed_byte_is_refused() {
    let ca = root(authority("root"));
    let other = issued(authority("intermediate"), &ca);
    let leaf = issued(server(&[HOST]), &other);
    for which in 0..2 {
        let ders = [leaf.der().to_vec(), other.der().to_vec()];
        for at in (which..ders[which].len()).step_by(5) {
            let mut ders = ders.clone();
            ders[which][at] ^= 1 << (at % 8);
            let sent = connect(&ca, &[&ders[0], &ders[1]], &leaf, HOST, Now::Is(JULY));
            assert!(sent.is_err(), "byte {at} of certificate {which}");
        }
    }
}

#[test]
fn a_certificate_alone_proves_nothing() {
    let ca = root(authority("root"));
    let leaf = issued(server(&[HOST]), &ca);
    // A server with the certificate of another.
    let thief = issued(server(&["thief.example"]), &ca);
    let signed_by_thief = connect(&ca, &[leaf.der()], &thief, HOST, Now::Is(JULY));
    assert_eq!(signed_by_thief, Err(TlsError::WrongSignature));
    let no_certificate = connect(&ca, &[], &leaf, HOST, Now::Is(JULY));
    assert_eq!(no_certificate, Err(TlsError::InvalidContent));
}

/// Each could have issued each, so that there are many paths to try.
#[test]
fn authorities_that_all_have_the_same_name_are_refused() {
    let ca = root(authority("root"));
    let others: Vec<_> = (0..4).map(|_| root(authority("root"))).collect();
    let leaf = issued(server(&[HOST]), &others[0]);
    let sent = [&leaf, &others[0], &others[1], &others[2], &others[3]];
    assert_eq!(answer(&ca, &sent), Err(TlsError::UnknownIssuer));
}

#[test]
fn at_most_eight_signatures_are_checked() {
    let ca = root(authority("root"));
    // Each of these costs two: its own, and that of the server, which is wrong.
    let others: Vec<_> = (0..4).map(|_| issued(authority("other"), &ca)).collect();
    let leaf = issued(server(&[HOST]), &others[3]);
    let sent = [&leaf, &others[0], &others[1], &others[2], &others[3]];
    assert_eq!(answer(&ca, &sent), Ok(()));

    // With these, there are many more paths before the right one.
    let others: Vec<_> = (0..4).map(|_| issued(authority("root"), &ca)).collect();
    let leaf = issued(server(&[HOST]), &others[3]);
    let sent = [&leaf, &others[3], &others[0], &others[1], &others[2]];
    assert_eq!(answer(&ca, &sent), Ok(()));
    let sent = [&leaf, &others[0], &others[1], &others[2], &others[3]];
    assert_eq!(answer(&ca, &sent), Err(TlsError::UnknownIssuer));
}

#[test]
fn the_signatures_of_all_roots_are_counted_together() {
    let (first, second) = (root(authority("root")), root(authority("root")));
    let others: Vec<_> = (0..4).map(|_| root(authority("root"))).collect();
    let leaf = issued(server(&[HOST]), &second);
    let sent = [&leaf, &others[0], &others[1], &others[2], &others[3]].map(|one| &one.der()[..]);
    let answer = |roots: &[&[u8]]| connect_with(roots, &sent, &leaf, HOST, Now::Is(JULY));
    assert_eq!(answer(&[second.der()]), Ok(()));
    assert_eq!(answer(&[second.der(), first.der()]), Ok(()));
    assert_eq!(
        answer(&[first.der(), second.der()]),
        Err(TlsError::UnknownIssuer)
    );
}
