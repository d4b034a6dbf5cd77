//! Streams of servers with a certificate of a private authority.

use std::cell::Cell;
use std::fs;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use embassy_futures::block_on;
use embedded_sse::hooks::judge;
use embedded_sse::io::{Connect, sse};
use embedded_sse::tls::{Now, PrivateCa, Tls, TlsMemory};
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Decoder, EventSource, Head, Item, Origin, Policy, Request, Url, Verdict};
use rcgen::date_time_ymd;
use rustls::ServerConfig;
use tls::chain::{Issuer, authority, issued, root, server};
use tls::net::{Net, Time};
use tls::openssl::{Directory, Server};
use tls::rustls_server::{Rustls, config_of, send_with};
use tls::{follow, random};

const URL: &str = "https://sensors.example/events";
const HOST: &str = "sensors.example";

/// 2026-01-01.
const JANUARY: u64 = 1_767_225_600;

/// Sends one event whose data is the number of the connection, and this header.
fn servers(
    header: &str,
    mut config: impl FnMut() -> ServerConfig,
) -> impl FnMut() -> Rustls<tls::Answer> {
    let mut connections = 0;
    move || {
        connections += 1;
        let (header, event) = (header.to_string(), format!("data: {connections}\n\n"));
        Rustls::new(
            &Arc::new(config()),
            Box::new(move |tls| {
                send_with(tls, &header, &event);
                tls.send_close_notify();
                true
            }),
        )
    }
}

fn config(leaf: &Issuer, others: &[&Issuer]) -> ServerConfig {
    let others = others.iter().map(|other| other.der());
    let certificates: Vec<_> = [leaf.der()].into_iter().chain(others).collect();
    config_of(&certificates, leaf.key())
}

#[test]
fn a_server_may_have_another_key_in_each_connection() {
    let ca = root(authority("root"));
    let other = issued(authority("intermediate"), &ca);
    let net = Net::new(servers("", || {
        config(&issued(server(&[HOST]), &other), &[&other])
    }));
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let roots = [&ca.der()[..]];
    let trust = PrivateCa::new(&roots, || Now::AtLeast(JANUARY)).unwrap();
    let mut tls = Tls::new(net, &mut memory, trust, random());
    let (data, _) = block_on(follow(&mut tls, &Time::new(), URL, 2));
    assert_eq!(data, ["1", "2"]);
}

/// Follows a server whose certificate expires in July, up to the second loss. Returns the data.
fn data_of_expiring_server(header: &str) -> Vec<String> {
    let ca = root(authority("root"));
    let mut params = server(&[HOST]);
    params.not_after = date_time_ymd(2026, 7, 1);
    let leaf = issued(params, &ca);
    let net = Net::new(servers(header, || config(&leaf, &[])));
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let roots = [&ca.der()[..]];
    let time = Cell::new(JANUARY);
    let trust = PrivateCa::new(&roots, || Now::AtLeast(time.get())).unwrap();
    let mut tls = Tls::new(net, &mut memory, trust, random());

    let mut decoder: Decoder<1024> = Decoder::new();
    let request = Request::get(Url::parse(URL).unwrap());
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(judge(|head: &Head<'_>, verdict: Verdict| {
        time.set(time.get().max(head.date().unwrap_or(0)));
        verdict
    }));
    let (mut data, mut losses) = (Vec::new(), 0);
    let mut chunk = [0; 512];
    let take = async |item: Item<'_>| {
        match item {
            Item::Event(event) => data.push(event.data.to_string()),
            Item::Lost(_) => losses += 1,
            _ => {}
        }
        if losses == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    block_on(sse(&mut tls, &Time::new(), &mut source, &mut chunk, take));
    data
}

#[test]
fn the_date_of_a_response_raises_the_bound() {
    assert_eq!(data_of_expiring_server(""), ["1", "2"]);
    let before = "Date: Tue, 30 Jun 2026 23:59:59 GMT\r\n";
    assert_eq!(data_of_expiring_server(before), ["1", "2"]);
    let after = "Date: Wed, 01 Jul 2026 00:00:01 GMT\r\n";
    assert_eq!(data_of_expiring_server(after), ["1"]);
}

/// Runs the commands of `docs/https.md` that make an authority and the certificate of a server.
fn run_commands(directory: &Directory) {
    let docs = include_str!("../../../docs/https.md");
    let (_, section) = docs.split_once("## Use an authority of your own").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks: Vec<_> = section.split("```sh\n").skip(1).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let (commands, _) = block.split_once("```").unwrap();
        let mut shell = Command::new("sh");
        shell
            .current_dir(directory.path())
            .args(["-e", "-c", commands]);
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// Connects to this computer, whatever the host.
struct Local(TcpConnector);

impl Connect for Local {
    type Error = <TcpConnector as Connect>::Error;
    type Io<'c> = <TcpConnector as Connect>::Io<'c>;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error> {
        let host = "127.0.0.1";
        self.0.connect(Origin { host, ..origin }, deadline).await
    }
}

#[test]
fn the_commands_of_the_documentation_make_a_server_that_is_followed() {
    let directory = Directory::new();
    run_commands(&directory);
    let der = fs::read(directory.path().join("root.der")).unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    fs::write(
        directory.path().join("events"),
        format!("{head}data: 1\n\n"),
    )
    .unwrap();
    let server = Server::start_in(directory, &[]);

    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for (host, expected) in [
        (HOST, &["1"][..]),
        ("192.168.1.2", &["1"]),
        ("192.168.1.3", &[]),
    ] {
        let mut memory = Box::new(TlsMemory::<16401>::new());
        let roots = [&der[..]];
        let trust = PrivateCa::new(&roots, || Now::Is(now)).unwrap();
        let mut tls = Tls::new(Local(TcpConnector::new()), &mut memory, trust, random());
        let url = format!("https://{host}:{}/events", server.port);
        let clock = TokioTime::new();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        let (data, _) = runtime.block_on(follow(&mut tls, &clock, &url, 1));
        assert_eq!(data, expected);
    }
}
