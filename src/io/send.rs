//! Sources, sessions and the future of [`sse`] are `Send` if their hooks, transport and clock are.

use core::cell::Cell;
use core::convert::Infallible;
use core::ops::ControlFlow;
use core::time::Duration;
use std::string::{String, ToString};

use super::{Clock, Connect, Session, sse};
use crate::decoder::Decoder;
use crate::hooks::Counters;
use crate::http::Request;
use crate::item::Item;
use crate::policy::Policy;
use crate::source::EventSource;
use crate::url::{Origin, Url};

struct Transport(u8);

impl embedded_io_async::ErrorType for Transport {
    type Error = Infallible;
}

impl embedded_io_async::Read for Transport {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Time(0).sleep_until(Duration::ZERO).await;
        Ok(self.0.into())
    }
}

impl embedded_io_async::Write for Transport {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct Dialer;

impl Connect for Dialer {
    type Error = ();
    type Io<'c> = Transport;

    async fn connect(&mut self, _: Origin<'_>, _: Option<Duration>) -> Result<Transport, ()> {
        Ok(Transport(0))
    }
}

struct Time(u8);

impl Clock for Time {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    async fn sleep_until(&self, _: Duration) {
        core::future::ready(()).await;
        let _still_borrowed = self.0;
    }
}

fn is_send<T: Send>(_: T) {}

async fn follow(log: String) {
    let mut decoder: Decoder<256> = Decoder::new();
    let request = Request::get(Url::parse("http://h/").unwrap());
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(Counters::default());
    let mut chunk = [0; 64];
    let on_item = async move |item: Item<'_>| {
        let data = match item {
            Item::Event(event) => event.data.to_string(),
            _ => return ControlFlow::Continue(()),
        };
        Time(0).sleep_until(Duration::ZERO).await;
        drop((data, &log));
        ControlFlow::Break(())
    };
    sse(&mut Dialer, &Time(0), &mut source, &mut chunk, on_item).await;
}

async fn follow_sessions() {
    let mut decoder: Decoder<256> = Decoder::new();
    let request = Request::get(Url::parse("http://h/").unwrap());
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let (mut chunk, time, mut seen) = ([0; 64], Time(0), 0);
    while let Ok(mut session) = Session::open(&mut Dialer, &time, &mut source, &mut chunk).await {
        while let Some(item) = session.next().await {
            seen += usize::from(matches!(item, Item::Event(_)));
        }
    }
    assert_eq!(seen, 0);
}

#[test]
fn source_and_drivers_are_send_if_their_parts_are() {
    fn source_is_send<H: Send>() {
        fn is_send<T: Send>() {}
        is_send::<EventSource<'static, 512, 64, H>>();
        is_send::<Decoder<512>>();
    }
    source_is_send::<()>();
    source_is_send::<(Counters, Cell<u8>)>();
    is_send(follow(String::new()));
    is_send(follow_sessions());
}
