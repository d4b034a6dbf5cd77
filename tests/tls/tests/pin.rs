//! The example `pin`.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use embedded_sse::io::Connect;
use embedded_sse::tls::{PinnedKeys, Tls, TlsMemory};
use embedded_sse::tokio_net::TcpConnector;
use embedded_sse::{Origin, Scheme};
use tls::openssl::{self, Directory, P256, Server, make_key};
use tls::random;

/// What the program prints: the pin, and what it says about it.
fn pin(target: &str) -> Result<(String, String), String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pin"));
    let output = program.arg(target).output().unwrap();
    let pin = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => Ok((pin.strip_suffix('\n').unwrap().into(), said)),
        Some(1) if pin.is_empty() => Err(said),
        other => panic!("{other:?} {pin} {said}"),
    }
}

fn is_accepted(port: u16, pin: &str) -> bool {
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let pins = PinnedKeys::parse(&[pin]).unwrap();
    let mut tls = Tls::new(TcpConnector::new(), &mut memory, pins, random());
    let origin = Origin {
        scheme: Scheme::Https,
        host: "127.0.0.1",
        port,
    };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(async { tls.connect(origin, None).await.is_ok() })
}

fn file(directory: &Directory, name: &str) -> String {
    directory.path().join(name).to_str().unwrap().into()
}

#[test]
fn the_pin_of_a_server_is_that_of_openssl_and_is_accepted() {
    let server = Server::start(P256, &[], "");
    let expected = openssl::pin(server.port);
    let port = server.port;
    for target in [
        format!("https://127.0.0.1:{port}/events?a#b"),
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
    ] {
        let (pin, said) = pin(&target).unwrap();
        assert_eq!(pin, expected);
        assert!(!said.contains("warning"), "{said}");
        assert!(said.contains("The certificate was not checked."), "{said}");
    }
    assert!(is_accepted(server.port, &expected));
    assert!(!is_accepted(server.port, &"0".repeat(64)));
}

/// The server has an RSA key too, and prefers it.
#[test]
fn the_pin_is_that_of_the_key_which_the_client_gets() {
    let directory = Directory::new();
    make_key(&directory, "server", &["rsa:2048"]);
    make_key(&directory, "second", P256);
    let expected = openssl::pin_of_file(&directory.path().join("second.pem"));
    let options = ["-dkey", "second.key", "-dcert", "second.pem"];
    let options = [&options[..], &["-serverpref"]].concat();
    let server = Server::start_in(directory, &options);
    let (pin, said) = pin(&format!("127.0.0.1:{}", server.port)).unwrap();
    assert_eq!(pin, expected);
    assert!(!said.contains("warning"), "{said}");
    assert!(is_accepted(server.port, &pin));
}

#[test]
fn the_pin_of_a_file_is_that_of_openssl() {
    let p384 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
    let p521 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
    let kinds: [(&[&str], &str); 5] = [
        (P256, ""),
        (&["rsa:2048"], "the key is RSA."),
        (&["ed25519"], "the key is Ed25519."),
        (&p384, "the key is ECDSA on P-384."),
        (&p521, "the key is ECDSA on P-521."),
    ];
    for (kind, warning) in kinds {
        let directory = Directory::new();
        make_key(&directory, "server", kind);
        let convert = ["x509", "-in", "server.pem", "-out", "server.der"];
        openssl::openssl(&directory, &[&convert[..], &["-outform", "DER"]].concat());
        let expected = openssl::pin_of_file(&directory.path().join("server.pem"));
        for name in ["server.pem", "server.der"] {
            let (pin, said) = pin(&file(&directory, name)).unwrap();
            assert_eq!(pin, expected);
            assert_eq!(said.contains("warning: "), !warning.is_empty(), "{said}");
            assert!(said.contains(warning), "{said}");
        }
    }
}

/// A certificate of version 1 has no field for its version.
#[test]
fn a_certificate_of_version_1_has_a_pin() {
    let directory = Directory::new();
    make_key(&directory, "server", P256);
    let request = ["req", "-new", "-key", "server.key", "-subj", "/CN=a"];
    openssl::openssl(&directory, &[&request[..], &["-out", "a.csr"]].concat());
    let sign = ["x509", "-req", "-in", "a.csr", "-signkey", "server.key"];
    openssl::openssl(&directory, &[&sign[..], &["-out", "v1.pem"]].concat());
    let text = Command::new("openssl")
        .args([
            "x509",
            "-noout",
            "-text",
            "-in",
            &file(&directory, "v1.pem"),
        ])
        .output()
        .unwrap();
    assert!(
        String::from_utf8(text.stdout)
            .unwrap()
            .contains("Version: 1 ")
    );
    let (first, _) = pin(&file(&directory, "v1.pem")).unwrap();
    let (second, _) = pin(&file(&directory, "server.pem")).unwrap();
    assert_eq!(first, second);
}

#[test]
fn a_compressed_key_has_a_pin_with_a_warning() {
    let directory = Directory::new();
    make_key(&directory, "server", P256);
    let convert = ["ec", "-in", "server.key", "-conv_form", "compressed"];
    openssl::openssl(&directory, &[&convert[..], &["-out", "c.key"]].concat());
    let sign = ["req", "-x509", "-key", "c.key", "-subj", "/CN=a"];
    openssl::openssl(&directory, &[&sign[..], &["-out", "c.pem"]].concat());
    let (pin, said) = pin(&file(&directory, "c.pem")).unwrap();
    assert_eq!(pin, openssl::pin_of_file(&directory.path().join("c.pem")));
    assert!(
        said.contains("the key is on P-256, but compressed"),
        "{said}"
    );
}

/// A chain with the server's key in front, as some servers want it.
#[test]
fn the_pin_of_a_chain_is_that_of_its_first_certificate() {
    let directory = Directory::new();
    make_key(&directory, "server", P256);
    make_key(&directory, "other", P256);
    let read = |name| fs::read_to_string(directory.path().join(name)).unwrap();
    let parts = [read("server.key"), read("server.pem"), read("other.pem")];
    fs::write(directory.path().join("chain.pem"), parts.concat()).unwrap();
    let (pin, _) = pin(&file(&directory, "chain.pem")).unwrap();
    let expected = openssl::pin_of_file(&directory.path().join("server.pem"));
    assert_eq!(pin, expected);
}

#[test]
fn a_server_that_the_client_cannot_use_has_a_pin_with_a_warning() {
    for (key, options) in [
        (P256, &["-tls1_2"][..]),
        (P256, &["-groups", "X25519"]),
        (P256, &["-ciphersuites", "TLS_AES_256_GCM_SHA384"]),
        (&["rsa:2048"], &[]),
        (&["ed25519"], &[]),
        (&["ed448"], &[]),
    ] {
        let server = Server::start(key, options, "");
        let (pin, said) = pin(&format!("127.0.0.1:{}", server.port)).unwrap();
        assert_eq!(pin, openssl::pin(server.port));
        assert!(said.contains("warning: "), "{said}");
        assert!(!is_accepted(server.port, &pin));
    }
}

#[test]
fn a_file_without_a_certificate_has_no_pin() {
    let directory = Directory::new();
    make_key(&directory, "server", P256);
    let problem = pin(&file(&directory, "server.key")).unwrap_err();
    assert!(problem.contains("has no certificate"), "{problem}");
    for text in ["", "certificate", "-----BEGIN CERTIFICATE-----\nabc"] {
        fs::write(directory.path().join("text"), text).unwrap();
        pin(&file(&directory, "text")).unwrap_err();
    }
    let convert = ["x509", "-in", "server.pem", "-out", "server.der"];
    openssl::openssl(&directory, &[&convert[..], &["-outform", "DER"]].concat());
    let der = fs::read(directory.path().join("server.der")).unwrap();
    for len in [1, 2, 100, der.len() - 1] {
        fs::write(directory.path().join("part"), &der[..len]).unwrap();
        let problem = pin(&file(&directory, "part")).unwrap_err();
        assert!(problem.contains("not an X.509 certificate"), "{problem}");
    }
    let problem = pin(env!("CARGO_MANIFEST_DIR")).unwrap_err();
    assert!(problem.starts_with("error: "), "{problem}");
}

#[test]
fn a_server_that_cannot_be_asked_has_no_pin() {
    let problem = pin("http://localhost/").unwrap_err();
    assert!(problem.contains("the URL is not https"), "{problem}");
    let problem = pin("missing directory/certificate.pem").unwrap_err();
    assert!(problem.contains("neither a file nor"), "{problem}");

    // A server that does not speak TLS, and one that closes the connection.
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut hello = [0; 2048];
            let _len = std::io::Read::read(&mut client, &mut hello).unwrap();
            std::io::Write::write_all(&mut client, answer.as_bytes()).unwrap();
        });
        let problem = pin(&address.to_string()).unwrap_err();
        let expected = match answer.is_empty() {
            true => "closed the connection",
            false => "does not speak TLS",
        };
        assert!(problem.contains(expected), "{problem}");
        server.join().unwrap();
    }
}
