//! A transport that records what the client does with the transport in it.

use std::time::Duration;

use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::Origin;
use embedded_sse::io::Connect;

use crate::network::{World, name_of};
use crate::trace::Entry;

pub struct Spy<'w, C> {
    pub world: &'w World<'w>,
    pub inner: C,
}

impl<'w, C: Connect> Connect for Spy<'w, C> {
    const TLS: bool = C::TLS;
    type Error = C::Error;
    type Io<'c>
        = SpyIo<'w, C::Io<'c>>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.inner.ready().await;
    }

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, C::Error> {
        let world = self.world;
        world.tell(Entry::Dial(name_of(origin)));
        let result = self.inner.connect(origin, deadline).await;
        world.tell(Entry::Dialled(result.is_ok()));
        result.map(|inner| SpyIo { world, inner })
    }
}

pub struct SpyIo<'w, T> {
    world: &'w World<'w>,
    inner: T,
}

impl<T> SpyIo<'_, T> {
    fn tell<R, E>(&self, result: &Result<R, E>, entry: impl FnOnce(&R) -> Option<Entry>) {
        let entry = match result {
            Ok(done) => entry(done),
            Err(_) => Some(Entry::Failed),
        };
        if let Some(entry) = entry {
            self.world.tell(entry);
        }
    }
}

impl<T> Drop for SpyIo<'_, T> {
    fn drop(&mut self) {
        self.world.tell(Entry::Closed);
    }
}

impl<T: ErrorType> ErrorType for SpyIo<'_, T> {
    type Error = T::Error;
}

impl<T: Read> Read for SpyIo<'_, T> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, T::Error> {
        let most = buffer.len().min(self.world.plan.settings.most_bytes);
        let result = self.inner.read(&mut buffer[..most]).await;
        self.tell(&result, |len| Some(Entry::Read(buffer[..*len].to_vec())));
        result
    }
}

impl<T: Write> Write for SpyIo<'_, T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, T::Error> {
        let result = self.inner.write(bytes).await;
        self.tell(&result, |len| Some(Entry::Wrote(bytes[..*len].to_vec())));
        result
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        let result = self.inner.flush().await;
        self.tell(&result, |()| None);
        result
    }
}
