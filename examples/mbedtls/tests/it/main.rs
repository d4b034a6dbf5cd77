//! Servers that are accepted, and servers that get nothing of the request.

mod chain;
mod server;

use std::ops::ControlFlow::{Break, Continue};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chain::{Issuer, authority, issued, issued_of_kind, root, server};
use embedded_sse::io::Connect;
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{
    Decoder, EventSource, Item, LossCause, Origin, Policy, Request, Scheme, Url, io,
};
use getrandom::SysRng;
use mbedtls::{Error, MbedTls, use_clock};
use mbedtls_rs::{Certificate, Tls, X509};
use rand_core::UnwrapErr;
use rcgen::{IsCa, date_time_ymd};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use server::Server;

const RESPONSE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\ndata: b\n\n";

/// The C library is built without locks, so one thread at a time uses it.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client(root: &Issuer) -> MbedTls<'static, TcpConnector> {
    static TLS: OnceLock<Tls<'static>> = OnceLock::new();
    let tls = TLS.get_or_init(|| {
        use_clock();
        Tls::new(Box::leak(Box::new(UnwrapErr(SysRng)))).unwrap()
    });
    let root = Certificate::new(X509::DER(root.der())).unwrap();
    MbedTls::new(TcpConnector::new(), tls.reference(), root)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

/// Whether the handshake with this server succeeds. If it does not, nothing of the request was sent.
fn is_accepted(
    host: &str,
    root: &Issuer,
    chain: &[&Issuer],
    version: &'static SupportedProtocolVersion,
) -> bool {
    let server = Server::start(chain, version, RESPONSE, true);
    let port = server.port;
    let url = format!("https://{host}:{port}/");
    let (events, causes) = follow(client(root), &url, 1);
    let request = server.request();
    match causes[..] {
        [] => {
            assert_eq!(events, ["a"]);
            assert!(request.contains("\r\nAuthorization: Bearer secret\r\n"));
            true
        }
        [LossCause::Connect] => {
            assert_eq!((events.len(), &request[..]), (0, ""));
            false
        }
        _ => panic!("{causes:?}"),
    }
}

/// Follows the URL until the first loss or until so many events have come.
fn follow(mut connect: impl Connect, url: &str, count: usize) -> (Vec<String>, Vec<LossCause>) {
    let mut decoder: Decoder<1024> = Decoder::new();
    let request = Request {
        headers: &[("Authorization", "Bearer secret")],
        ..Request::get(Url::parse(url).unwrap())
    };
    let policy = Policy {
        connect_timeout: Some(Duration::from_secs(60)),
        ..Policy::DEFAULT
    };
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let (mut events, mut causes) = (Vec::new(), Vec::new());
    let mut chunk = [0; 512];
    block_on(async {
        let show = async |item: Item<'_>| {
            match item {
                Item::Event(event) => events.push(event.data.to_string()),
                Item::Lost(wait) => causes.push(wait.cause),
                Item::Stopped(stop) => panic!("stopped: {stop}"),
                _ => {}
            }
            match events.len() == count || !causes.is_empty() {
                true => Break(()),
                false => Continue(()),
            }
        };
        io::sse(
            &mut connect,
            &TokioTime::new(),
            &mut source,
            &mut chunk,
            show,
        )
        .await;
    });
    (events, causes)
}

/// For each version of TLS.
fn is_accepted_in_both(host: &str, root: &Issuer, chain: &[&Issuer]) -> bool {
    let [old, new] = [&TLS12, &TLS13].map(|version| is_accepted(host, root, chain, version));
    assert_eq!(old, new);
    new
}

#[test]
fn a_good_chain_is_accepted() {
    let _alone = alone();
    let root = root();
    let between = issued(authority("between"), &root);
    for chain in [
        &[&issued(server(&["localhost"]), &root)][..],
        &[&issued(server(&["localhost"]), &between), &between],
        &[&issued(
            server(&["a.example", "b.example", "localhost"]),
            &root,
        )],
        &[&issued(server(&["127.0.0.1", "localhost"]), &root)],
    ] {
        assert!(is_accepted_in_both("localhost", &root, chain));
    }
}

#[test]
fn a_key_on_p_384_is_accepted() {
    let _alone = alone();
    let root = root();
    let kind = &rcgen::PKCS_ECDSA_P384_SHA384;
    let server = issued_of_kind(server(&["localhost"]), &root, kind);
    assert!(is_accepted_in_both("localhost", &root, &[&server]));
}

#[test]
fn an_ip_address_must_be_in_the_certificate() {
    let _alone = alone();
    let root = root();
    for (name, expected) in [
        ("127.0.0.1", true),
        ("127.0.0.2", false),
        ("localhost", false),
    ] {
        let server = issued(server(&[name]), &root);
        assert_eq!(
            is_accepted_in_both("127.0.0.1", &root, &[&server]),
            expected
        );
    }
}

#[test]
fn a_wrong_host_is_refused() {
    let _alone = alone();
    let root = root();
    for name in [
        "other.example",
        "localhost.example",
        "ocalhost",
        "127.0.0.1",
    ] {
        let server = issued(server(&[name]), &root);
        assert!(!is_accepted_in_both("localhost", &root, &[&server]));
    }
}

#[test]
fn an_unknown_root_is_refused() {
    let _alone = alone();
    let (known, other) = (root(), root());
    let leaf = issued(server(&["localhost"]), &other);
    assert!(!is_accepted_in_both("localhost", &known, &[&leaf]));
    assert!(!is_accepted_in_both("localhost", &known, &[&leaf, &other]));
}

#[test]
fn a_missing_intermediate_is_refused() {
    let _alone = alone();
    let root = root();
    let between = issued(authority("between"), &root);
    let leaf = issued(server(&["localhost"]), &between);
    assert!(!is_accepted_in_both("localhost", &root, &[&leaf]));
}

#[test]
fn a_server_that_acts_as_an_authority_is_refused() {
    let _alone = alone();
    let root = root();
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let mut params = authority("server");
        params.is_ca = is_ca;
        let other = issued(params, &root);
        let leaf = issued(server(&["localhost"]), &other);
        assert!(!is_accepted_in_both("localhost", &root, &[&leaf, &other]));
    }
}

#[test]
fn dates_are_checked() {
    let _alone = alone();
    let root = root();
    let mut expired = server(&["localhost"]);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut early = server(&["localhost"]);
    early.not_before = date_time_ymd(2100, 1, 1);
    early.not_after = date_time_ymd(2101, 1, 1);
    for params in [expired, early] {
        let server = issued(params, &root);
        assert!(!is_accepted_in_both("localhost", &root, &[&server]));
    }
}

#[test]
fn a_cut_is_not_an_end() {
    let _alone = alone();
    let root = root();
    let leaf = issued(server(&["localhost"]), &root);
    for (notify, cause) in [(true, LossCause::End), (false, LossCause::Transport)] {
        for version in [&TLS12, &TLS13] {
            let server = Server::start(&[&leaf], version, RESPONSE, notify);
            let url = format!("https://localhost:{}/", server.port);
            let (events, causes) = follow(client(&root), &url, 9);
            assert_eq!(
                (events, causes),
                (vec!["a".into(), "b".into()], vec![cause])
            );
            server.request();
        }
    }
}

#[test]
fn a_url_without_tls_is_refused() {
    let _alone = alone();
    let origin = Origin {
        scheme: Scheme::Http,
        host: "localhost",
        port: 1,
    };
    let error = block_on(async { client(&root()).connect(origin, None).await.err() });
    assert!(matches!(error, Some(Error::NotHttps)));
}
