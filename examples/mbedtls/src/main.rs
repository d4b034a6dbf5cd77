//! Follows an `https` URL with mbedtls-rs and the authorities of this computer.

use std::error::Error;
use std::ffi::CString;
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::time::Duration;

use embedded_sse::io::Connect;
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Decoder, EventSource, Item, Origin, Policy, Request, Url, io};
use getrandom::SysRng;
use mbedtls::{MbedTls, use_clock};
use mbedtls_rs::{Certificate, Tls, X509};
use rand_core::UnwrapErr;

/// Debian's authorities.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: mbedtls URL [AUTHORITIES.pem]")?;
    let authorities = args.next().unwrap_or(AUTHORITIES.into());
    let authorities =
        std::fs::read(&authorities).map_err(|error| format!("{authorities}: {error}"))?;
    let authorities = CString::new(authorities)?;

    use_clock();
    let random = Box::leak(Box::new(UnwrapErr(SysRng)));
    let tls = Tls::new(random).map_err(|error| format!("{error:?}"))?;
    let authorities = Certificate::new(X509::PEM(&authorities))?;
    let tls = MbedTls::new(TcpConnector::new(), tls.reference(), authorities);

    let mut decoder: Decoder<16384> = Decoder::new();
    let policy = Policy {
        idle_timeout: Some(Duration::from_secs(120)),
        ..Policy::DEFAULT
    };
    let seed = RandomState::new().hash_one(()) as u32;
    let request = Request::get(Url::parse(&url)?);
    let mut source = EventSource::new(request, policy, seed, &mut decoder)?;
    let mut chunk = [0; 4096];
    let show = async |item: Item<'_>| {
        match item {
            Item::Event(event) => println!("{}: {:?}", event.event_type, event.data),
            Item::Lost(wait) => eprintln!("lost: {wait}"),
            Item::Stopped(stop) => eprintln!("stopped: {stop}"),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    io::sse(
        &mut Logged(tls),
        &TokioTime::new(),
        &mut source,
        &mut chunk,
        show,
    )
    .await;
    Ok(())
}

/// Prints why there is no connection.
struct Logged<C>(C);

impl<C: Connect<Error: Error>> Connect for Logged<C> {
    const TLS: bool = C::TLS;
    type Error = C::Error;
    type Io<'c>
        = C::Io<'c>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error> {
        let connected = self.0.connect(origin, deadline).await;
        if let Err(error) = &connected {
            eprintln!("{origin}: {error}");
        }
        connected
    }
}
