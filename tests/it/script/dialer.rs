//! The transports that connect to a scripted network, with and without TLS.

use std::io;
use std::time::Duration;

use embedded_sse::{Origin, blocking, io as async_io};

use super::socket::Socket;
use super::world::{World, ms};

pub struct Dialer<'w>(pub &'w World);

impl<'w> async_io::Connect for Dialer<'w> {
    const TLS: bool = true;
    type Error = io::Error;
    type Io<'c>
        = Socket<'w>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.0.sleep(self.0.time() + self.0.ready_takes).await;
        self.0.tell("ready");
    }

    async fn connect(&mut self, origin: Origin<'_>, _: Option<Duration>) -> io::Result<Socket<'w>> {
        let connection = self.0.dial_or_end(origin);
        match connection.made_after {
            Some(after) => self.0.sleep(self.0.time() + ms(after)).await,
            None => std::future::pending().await,
        }
        Socket::new(self.0, connection)
    }
}

impl<'w> blocking::Connect for Dialer<'w> {
    const TLS: bool = true;
    type Error = io::Error;
    type Io<'c>
        = Socket<'w>
    where
        Self: 'c;

    fn ready(&mut self) {
        self.0.pass_until(self.0.time() + self.0.ready_takes);
        self.0.tell("ready");
    }

    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Socket<'w>> {
        let connection = self.0.dial_or_end(origin);
        let made = connection.made_after.map(|after| self.0.time() + ms(after));
        match (made, deadline) {
            (None, deadline) => {
                let Some(deadline) = deadline else {
                    self.0.tell_silence();
                    self.0.over();
                };
                self.0.pass_until(deadline);
                return Err(io::ErrorKind::TimedOut.into());
            }
            (Some(made), Some(deadline)) if deadline < made && !connection.heeds_no_deadline => {
                self.0.pass_until(deadline);
                return Err(io::ErrorKind::TimedOut.into());
            }
            (Some(made), _) => self.0.pass_until(made),
        }
        Socket::new(self.0, connection)
    }
}

/// A dialer without TLS. It does not set `TLS`, just like a driver that has none.
pub struct Plain<'w>(pub Dialer<'w>);

impl<'w> async_io::Connect for Plain<'w> {
    type Error = io::Error;
    type Io<'c>
        = Socket<'w>
    where
        Self: 'c;

    async fn ready(&mut self) {
        async_io::Connect::ready(&mut self.0).await;
    }

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Socket<'w>> {
        async_io::Connect::connect(&mut self.0, origin, deadline).await
    }
}

impl<'w> blocking::Connect for Plain<'w> {
    type Error = io::Error;
    type Io<'c>
        = Socket<'w>
    where
        Self: 'c;

    fn ready(&mut self) {
        blocking::Connect::ready(&mut self.0);
    }

    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Socket<'w>> {
        blocking::Connect::connect(&mut self.0, origin, deadline)
    }
}
