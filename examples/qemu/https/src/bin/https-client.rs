//! Follows an event source over TLS. `firmware::client` says what it prints and what it is told. Besides,
//! it is told `seed=`, and `pin=` or `root=`, and prints why TLS failed.
#![no_std]
#![no_main]

use core::time::Duration;

use embassy_net::Stack;
use embedded_sse::Origin;
use embedded_sse::embassy::{TcpBuffers, TcpConnector};
use embedded_sse::io::Connect;
use embedded_sse::tls::{ConnectError, PrivateCa, Tls};
use firmware::client::{self, Told, line};
use https::{Memory, is_pinned};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let told = client::told();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, told).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, told: Told) {
    static RESOURCES: ConstStaticCell<TcpBuffers<4096, 512>> =
        ConstStaticCell::new(TcpBuffers::new());
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

    let tcp = TcpConnector::new(stack, RESOURCES.take());
    let memory = MEMORY.take();
    if is_pinned() {
        let tls = Tls::new(tcp, memory, https::pins(), https::random());
        client::follow(&told, &mut Printed(tls)).await;
    } else {
        let roots = [https::root()];
        let trust = PrivateCa::new(&roots, https::now).expect("the host has made it");
        let tls = Tls::new(tcp, memory, trust, https::random());
        client::follow(&told, &mut Printed(tls)).await;
    }
}

/// Prints why TLS failed, which the loop does not say.
struct Printed<C>(C);

impl<C: Connect<Error = ConnectError<E>>, E> Connect for Printed<C> {
    const TLS: bool = C::TLS;
    type Error = C::Error;
    type Io<'c>
        = C::Io<'c>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.0.ready().await;
    }

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<C::Io<'_>, C::Error> {
        let connected = self.0.connect(origin, deadline).await;
        if let Err(ConnectError::Tls(error)) = &connected {
            line(format_args!(r#""tls","error":"{error:?}""#));
        }
        connected
    }
}
