//! Prints the pin of a server's public key, for `PinnedKeys` of the module `tls`.

mod key;
mod server;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use embedded_sse::{Scheme, Url};
use key::Key;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

const USAGE: &str = "\
usage: pin SERVER|FILE

Prints the pin of a server's public key: the SHA-256 hash of its SubjectPublicKeyInfo, in 64
hexadecimal digits.

SERVER is an https URL, HOST or HOST:PORT. Any certificate is accepted, so whoever controls the network
can show you another key: compare the pin with that of the certificate's file on the server.
FILE is a certificate, or a chain of them that starts with the server's, in PEM or DER.

The pin is written to the standard output, everything else to the standard error. The exit status is
0 if a pin was printed, even with a warning, and 1 if there is none; 2 for bad usage.
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(target), None) = (args.next(), args.next()) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    if target == "--help" {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match show(&target) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn show(target: &str) -> Result<(), String> {
    let is_file = !target.contains("://") && Path::new(target).exists();
    let (certificate, warning) = match is_file {
        true => (from_file(Path::new(target))?, None),
        false => from_server(target)?,
    };
    let key = Key::of(&certificate)
        .ok_or("this is not an X.509 certificate in PEM or DER, or it has no public key")?;
    if let Some(warning) = warning {
        eprintln!("warning: {warning}");
    }
    if let Some(kind) = key.unsupported() {
        eprintln!(
            "warning: the key is {kind}. The module `tls` will refuse it: it needs an ECDSA key on the \
             curve P-256."
        );
    }
    if !is_file {
        eprintln!(
            "The certificate was not checked. Compare this pin with that of the certificate's file on \
             the server."
        );
    }
    println!("{}", key.pin());
    Ok(())
}

/// The certificate, and a warning if the firmware could not connect.
fn from_server(target: &str) -> Result<(CertificateDer<'static>, Option<String>), String> {
    let url = match target.contains("://") {
        true => target.to_owned(),
        false => format!("https://{target}"),
    };
    let url = Url::parse(&url).map_err(|invalid| {
        format!("{target:?} is neither a file nor a server's address ({invalid})")
    })?;
    if url.origin().scheme != Scheme::Https {
        return Err("the URL is not https, so there is no key".into());
    }
    let found = server::certificate(url.origin());
    found.map_err(|problem| match target.contains("://") {
        true => problem,
        false => format!("there is no file {target:?}, and {problem}"),
    })
}

/// The first certificate of a file.
fn from_file(path: &Path) -> Result<CertificateDer<'static>, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    match CertificateDer::from_pem_slice(&bytes) {
        Ok(certificate) => Ok(certificate),
        Err(pem::Error::NoItemsFound) if !bytes.starts_with(b"-----BEGIN ") => Ok(bytes.into()),
        Err(pem::Error::NoItemsFound) => Err(format!("{} has no certificate", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}
