//! A transport that records what the client does with the transport in it, and that can have bugs.

use std::mem;
use std::time::Duration;

use embassy_futures::yield_now;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::Origin;
use embedded_sse::io::Connect;

use crate::device::App;
use crate::memory;
use crate::server::OTHER;
use crate::trace::Entry;

pub struct Spy<'r, 'w, C> {
    pub app: &'r App<'w>,
    pub inner: C,
}

impl<'r, 'w, C: Connect> Connect for Spy<'r, 'w, C> {
    const TLS: bool = C::TLS;
    type Error = C::Error;
    type Io<'c>
        = SpyIo<'r, 'w, C::Io<'c>>
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
        let app = self.app;
        memory::world(|| app.world.tell(Entry::Dial(origin.to_string())));
        let is_elsewhere = origin.host == OTHER;
        let result = self.inner.connect(origin, deadline).await;
        app.world.tell(Entry::Dialled(result.is_ok()));
        app.tamper.borrow_mut().connected();
        result.map(|inner| SpyIo {
            app,
            is_elsewhere,
            inner: Some(inner),
        })
    }
}

pub struct SpyIo<'r, 'w, T> {
    app: &'r App<'w>,
    is_elsewhere: bool,
    /// The transport, until this one is dropped.
    inner: Option<T>,
}

impl<T> SpyIo<'_, '_, T> {
    fn inner(&mut self) -> &mut T {
        self.inner.as_mut().expect("it is not dropped yet")
    }

    fn tell<E>(&self, result: &Result<usize, E>, entry: impl FnOnce(usize) -> Entry) {
        memory::world(|| {
            self.app.world.tell(match result {
                Ok(len) => entry(*len),
                Err(_) => Entry::Failed,
            });
        });
    }
}

impl<T> Drop for SpyIo<'_, '_, T> {
    fn drop(&mut self) {
        if self.app.has("leaves connections open") {
            mem::forget(self.inner.take());
        }
    }
}

impl<T: ErrorType> ErrorType for SpyIo<'_, '_, T> {
    type Error = T::Error;
}

impl<T: Read> Read for SpyIo<'_, '_, T> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, T::Error> {
        let app = self.app;
        let most = buffer.len().min(app.world.plan.settings.most_bytes);
        let result = self.inner().read(&mut buffer[..most]).await;
        self.tell(&result, |len| Entry::Read(buffer[..len].to_vec()));
        if app.has("loses the bytes of a dropped read") {
            yield_now().await;
        }
        match result {
            Err(_) if app.has("calls a reset an end") => Ok(0),
            Ok(len @ 1..) => Ok(app.tamper.borrow_mut().received(&mut buffer[..len])),
            result => result,
        }
    }
}

impl<T: Write> Write for SpyIo<'_, '_, T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, T::Error> {
        let app = self.app;
        if !app.tamper.borrow().changes_requests() {
            let result = self.inner().write(bytes).await;
            self.tell(&result, |len| Entry::Wrote(bytes[..len].to_vec()));
            return result;
        }
        let host = if self.is_elsewhere { OTHER } else { "" };
        let whole = memory::world(|| app.tamper.borrow_mut().request(bytes, host));
        let mut rest = &whole[..];
        while !rest.is_empty() {
            let result = self.inner().write(rest).await;
            self.tell(&result, |len| Entry::Wrote(rest[..len].to_vec()));
            rest = &rest[result?..];
        }
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.inner().flush().await
    }
}
