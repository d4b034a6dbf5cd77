//! HTTPS for microcontrollers: [`Tls`] makes a TLS connection over another [`Connect`], with
//! embedded-tls 0.19. It allocates nothing.
//!
//! There are two ways to trust a server:
//!
//! * **[`PinnedKeys`]** trusts one public key. You configure its hash. The server's name, the
//!   certificate's dates and its issuer are not checked, and no clock is needed. This takes the least
//!   flash.
//! * **[`PrivateCa`]** trusts the certificates that your own certificate authority has issued. Names,
//!   addresses, dates and everything else that RFC 5280 asks for are checked. Servers can change
//!   their keys without new firmware.
//!
//! Both are for your own servers. Servers of others change keys and authorities as they like, and
//! the authorities of the public web are not offered: most have keys of RSA, and there is no check
//! for revocation. To follow those, see `mbedtls-rs` in `docs/https.md`, which also shows how to get a
//! pin, how to change a key, and how to make an authority.
//!
//! The server needs TLS 1.3 with a key exchange on the curve P-256, AES-128-GCM, and an ECDSA key
//! on P-256, as must all authorities. OpenSSL, rustls and nginx do this if their key is of this kind.
//!
//! ```
//! # #[cfg(feature = "embassy-net")]
//! # mod example {
//! use core::ops::ControlFlow;
//! use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
//! use embedded_sse::tls::{PinnedKeys, Tls, TlsMemory};
//! use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url, io};
//!
//! const PINS: PinnedKeys = PinnedKeys::parse(&[
//!     "5f1a3c9e7b2d4680a1c3e5f7092b4d6f8e0c2a4861537f9d1b3e5a7c9f0d2b46",
//! ])
//! .expect("64 hexadecimal digits");
//!
//! /// `random` fills the bytes from the hardware's random number generator.
//! async fn follow(
//!     stack: embassy_net::Stack<'_>,
//!     random: impl FnMut(&mut [u8; 32]),
//!     seed: u32,
//! ) -> Stop {
//!     let mut buffers = TcpBuffers::<2048, 512>::new();
//!     let mut memory = TlsMemory::<16401>::new();
//!     let tcp = TcpConnector::new(stack, &mut buffers);
//!     let mut tls = Tls::new(tcp, &mut memory, PINS, random);
//!     let mut decoder: Decoder<2048> = Decoder::new();
//!     let url = Url::parse("https://192.168.1.2/events").expect("a valid URL");
//!     let request = Request::get(url);
//!     let mut source = EventSource::new(request, Policy::DEFAULT, seed, &mut decoder).unwrap();
//!     let mut chunk = [0; 512];
//!     io::sse(&mut tls, &EmbassyTime, &mut source, &mut chunk, async |item: Item<'_>| {
//!         if let Item::Event(event) = item { /* event.data */ }
//!         ControlFlow::Continue(())
//!     })
//!     .await
//! }
//! # }
//! ```

mod authority;
mod certificate;
mod chain;
mod connection;
mod error;
mod filter;
mod memory;
mod pins;
mod random;
mod record;
mod suite;
mod trust;
mod verifier;

use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use embedded_tls::{MaxFragmentLength, TlsConfig, TlsConnection, TlsContext};

use crate::io::Connect;
use crate::url::{Origin, Scheme};

pub use authority::{InvalidRoot, Now, PrivateCa};
pub use connection::Connection;
pub use error::{ConnectError, TlsError};
use filter::Filter;
pub use memory::TlsMemory;
pub use pins::PinnedKeys;
use random::{Past, Random};
pub use trust::Trust;
use verifier::{Provider, Verifier};

/// Makes TLS connections over another [`Connect`]. See the [module](self) for an example.
///
/// Nothing of the request is sent before the server has proven in this handshake that it has a
/// trusted key. An `http` URL fails with [`TlsError::NotHttps`] before anything is sent, so that a
/// wrong URL cannot send a secret in clear text. Use the transport itself for `http`.
///
/// With the feature `defmt`, a failure is logged. Otherwise, log the error in a `Connect` of your
/// own around this one, since the loop ignores it.
///
/// # Dropping a read
/// [`sse`](crate::io::sse) drops a read only to end the connection, so any `HOLD` works. If you drop
/// the future of [`Session::next`](crate::io::Session::next), for example in a `select`, see
/// [`TlsMemory`] for the `HOLD` that you need. Otherwise, a drop may cost the connection (the source
/// connects again and resumes), but it never changes or loses an event that was received.
pub struct Tls<'m, C, T, R> {
    transport: C,
    read: &'m mut [u8],
    write: &'m mut [u8],
    hold: &'m mut [u8],
    trust: T,
    random: R,
    past: Past,
    too_large: AtomicUsize,
}

impl<C, T: fmt::Debug, R> fmt::Debug for Tls<'_, C, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

impl<'m, C: Connect, T: Trust, R: FnMut(&mut [u8; 32])> Tls<'m, C, T, R> {
    /// Creates a connector over a transport, such as a `TcpConnector`. The transport is asked to
    /// connect to an origin with the scheme `http`, since TLS is done here.
    ///
    /// Use it for `https` URLs only: it does not connect to an `http` URL, and a source retries that like any
    /// other failure to connect.
    ///
    /// `random` fills the bytes with random numbers of cryptographic quality, which must be different
    /// for each connection and each start of the device: use the hardware's generator, not a seed
    /// of the firmware. Whoever can guess them can read and change the connection. It is called once for each
    /// connection. If it cannot get random numbers, let it leave the bytes unchanged, and the attempt
    /// fails with [`TlsError::NotRandom`].
    pub fn new<const READ: usize, const WRITE: usize, const HOLD: usize>(
        transport: C,
        memory: &'m mut TlsMemory<READ, WRITE, HOLD>,
        trust: T,
        random: R,
    ) -> Self {
        Self {
            transport,
            read: &mut memory.read,
            write: &mut memory.write,
            hold: &mut memory.hold,
            trust,
            random,
            past: Past::default(),
            too_large: AtomicUsize::new(0),
        }
    }

    async fn open(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Connection<'_, C::Io<'_>>, ConnectError<C::Error>> {
        if origin.scheme != Scheme::Https {
            return Err(ConnectError::Tls(TlsError::NotHttps));
        }
        let mut seed = [0; 32];
        (self.random)(&mut seed);
        let random =
            Random::new(seed, &mut self.past).ok_or(ConnectError::Tls(TlsError::NotRandom))?;
        let mut provider = Provider {
            random,
            verifier: Verifier::new(&mut self.trust, origin.host),
        };

        let scheme = Scheme::Http;
        let below = Origin { scheme, ..origin };
        let io = self.transport.connect(below, deadline).await;
        let io = io.map_err(ConnectError::Transport)?;
        let most = self.read.len();
        let filter = Filter::new(io, self.hold, most, &self.too_large);
        let mut tls = TlsConnection::new(filter, self.read, self.write);
        let config = config(origin.host, most);
        let opened = tls.open(TlsContext::new(&config, &mut provider)).await;

        // The verifier has recorded the proof: the library's `Ok` alone does not count.
        match (opened, provider.verifier.proof()) {
            (Ok(()), Ok(())) => Ok(Connection::new(tls, &self.too_large)),
            (Ok(()), Err(why)) => Err(ConnectError::Tls(why)),
            (Err(_), Err(why)) if why != TlsError::NotProven => Err(ConnectError::Tls(why)),
            (Err(error), _) => {
                let too_large = self.too_large.load(Ordering::Relaxed);
                Err(ConnectError::Tls(TlsError::from_library(error, too_large)))
            }
        }
    }
}

impl<C: Connect, T: Trust, R: FnMut(&mut [u8; 32])> Connect for Tls<'_, C, T, R> {
    const TLS: bool = true;
    type Error = ConnectError<C::Error>;
    type Io<'c>
        = Connection<'c, C::Io<'c>>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.transport.ready().await;
    }

    /// Connects and does the handshake.
    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error> {
        let opened = self.open(origin, deadline).await;
        // The transport logs its errors itself.
        #[cfg(feature = "defmt")]
        if let Err(ConnectError::Tls(error)) = &opened {
            defmt::warn!("cannot connect to {}: TLS: {}", origin, error);
        }
        opened
    }
}

/// What the client tells the server: its name, and which records it can take.
fn config(host: &str, most: usize) -> TlsConfig<'_> {
    let mut config = TlsConfig::new();
    // An IP address is not allowed here, nor is the dot at the end of a name.
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.parse::<IpAddr>().is_err() {
        config = config.with_server_name(name);
    }
    // A record has a byte for its type and 16 for the tag.
    let largest = match most.saturating_sub(17) {
        16384.. => return config,
        4096.. => MaxFragmentLength::Bits12,
        2048.. => MaxFragmentLength::Bits11,
        _ => MaxFragmentLength::Bits10,
    };
    config.with_max_fragment_length(largest)
}
