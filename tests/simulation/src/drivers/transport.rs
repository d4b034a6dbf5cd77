//! The scripted transport.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::Origin;
use embedded_sse::io::Connect;

use super::executor::Timers;
use crate::network::Socket;

pub struct Dialer<'r, 'w>(pub &'r Timers<'w>);

impl<'r, 'w> Connect for Dialer<'r, 'w> {
    type Error = ();
    type Io<'c>
        = Io<'r, 'w>
    where
        Self: 'c;

    async fn connect(&mut self, origin: Origin<'_>, _: Option<Duration>) -> Result<Io<'r, 'w>, ()> {
        let timers = self.0;
        let (at, host) = timers.world.dial(origin.host);
        timers.sleep(at).await;
        let socket = Socket::new(timers.world, host.ok_or(())?);
        Ok(Io { socket, timers })
    }
}

pub struct Io<'r, 'w> {
    socket: Socket<'w>,
    timers: &'r Timers<'w>,
}

impl ErrorType for Io<'_, '_> {
    type Error = io::Error;
}

impl Read for Io<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|_| {
            if let Some(result) = self.socket.read(buffer) {
                return Poll::Ready(result);
            }
            if let Some(next) = self.socket.next() {
                self.timers.wake_at(next);
            }
            Poll::Pending
        })
        .await
    }
}

impl Write for Io<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.socket.write(bytes))
    }

    async fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
