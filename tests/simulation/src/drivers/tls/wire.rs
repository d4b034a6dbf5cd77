//! The scripted transport with TLS at the server's side.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::task::Poll;
use std::time::Duration;

use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::Origin;
use embedded_sse::io::Connect;
use rustls::ServerConnection;

use super::server;
use crate::drivers::executor::Timers;
use crate::plan::ms;
use crate::server::{Answer, Deed, PORTAL, Request, Timed};

pub struct Dialer<'r, 'w>(pub &'r Timers<'w>);

impl<'w> Connect for Dialer<'_, 'w> {
    type Error = ();
    type Io<'c>
        = Wire<'c, 'w>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        _: Option<Duration>,
    ) -> Result<Wire<'_, 'w>, ()> {
        let timers = self.0;
        let dial = timers.world.reach(origin);
        timers.sleep(dial.at.unwrap_or(Duration::MAX)).await;
        let host = dial.host.ok_or(())?;
        Ok(Wire {
            timers,
            host,
            tls: server::connection(host != PORTAL),
            request: Vec::new(),
            deeds: VecDeque::new(),
            arrived: VecDeque::new(),
        })
    }
}

pub struct Wire<'r, 'w> {
    timers: &'r Timers<'w>,
    host: &'static str,
    tls: ServerConnection,
    request: Vec<u8>,
    /// What is on its way to the client: records of the handshake, and then texts, which are encrypted
    /// when they arrive.
    deeds: VecDeque<(Timed, IsText)>,
    /// The bytes that have arrived.
    arrived: VecDeque<u8>,
}

type IsText = bool;

impl Wire<'_, '_> {
    /// The server takes these bytes.
    fn receive(&mut self, mut bytes: &[u8]) {
        let world = self.timers.world;
        while !bytes.is_empty() {
            let taken = self.tls.read_tls(&mut bytes).expect("a slice can be read");
            if taken == 0 || self.tls.process_new_packets().is_err() {
                self.deeds.push_back((Timed::rst(world.now_ms()), false));
                return;
            }
        }
        let mut part = [0; 1024];
        while let Ok(len @ 1..) = self.tls.reader().read(&mut part) {
            self.request.extend(&part[..len]);
        }
        assert!(
            self.host != PORTAL || self.request.is_empty(),
            "an untrusted server gets a request"
        );
        let mut flight = Vec::new();
        self.write_tls(&mut flight);
        if !flight.is_empty() {
            let sent = Timed::send(world.now_ms() + world.plan.settings.latency, flight);
            let sent = Answer {
                deeds: vec![sent],
                ..Answer::default()
            };
            let sent = world.link(sent, world.now_ms()).deeds;
            self.deeds
                .extend(sent.into_iter().map(|timed| (timed, false)));
        }
        if let Some(request) = Request::parse(&self.request) {
            self.request.clear();
            let answer = world.answer(self.host, &request).deeds;
            self.deeds
                .extend(answer.into_iter().map(|timed| (timed, true)));
        }
    }

    fn write_tls(&mut self, bytes: &mut Vec<u8>) {
        while self.tls.wants_write() {
            self.tls.write_tls(bytes).expect("a vector can be written");
        }
    }

    fn encrypt(&mut self, text: &[u8]) {
        self.tls.writer().write_all(text).expect("no limit");
        let mut bytes = Vec::new();
        self.write_tls(&mut bytes);
        self.arrived.extend(bytes);
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let now = self.timers.world.now();
        while self.arrived.is_empty() {
            let (timed, _) = self.deeds.front()?;
            if ms(timed.at) > now {
                self.timers.wake_at(ms(timed.at));
                return None;
            }
            match &timed.deed {
                Deed::Cut => return Some(Ok(0)),
                Deed::Rst => return Some(Err(ErrorKind::ConnectionReset.into())),
                _ => {}
            }
            let (timed, is_text) = self.deeds.pop_front()?;
            match timed.deed {
                Deed::Send(bytes) if is_text => self.encrypt(&bytes),
                Deed::Send(bytes) => self.arrived.extend(bytes),
                _ => {
                    self.tls.send_close_notify();
                    let mut bytes = Vec::new();
                    self.write_tls(&mut bytes);
                    self.arrived.extend(bytes);
                    self.deeds.push_front((Timed::cut(timed.at), false));
                }
            }
        }
        let most = buffer.len().min(self.timers.world.plan.settings.most_bytes);
        let len = most.min(self.arrived.len());
        for (byte, arrived) in buffer.iter_mut().zip(self.arrived.drain(..len)) {
            *byte = arrived;
        }
        Some(Ok(len))
    }
}

impl ErrorType for Wire<'_, '_> {
    type Error = io::Error;
}

impl Read for Wire<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|_| match self.try_read(buffer) {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        })
        .await
    }
}

impl Write for Wire<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.timers.world.plan.settings.most_bytes);
        self.receive(&bytes[..len]);
        Ok(len)
    }

    async fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
