//! A scripted connection, with or without TLS. It does not wait: it says when to ask again.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::Duration;

use rustls::ServerConnection;

use super::keys;
use super::world::World;
use crate::memory;
use crate::plan::ms;
use crate::server::{Deed, PORTAL, Request, Timed};

pub struct Socket<'w> {
    world: &'w World<'w>,
    host: &'static str,
    /// The server's side of TLS. It runs when the client writes or reads.
    tls: Option<ServerConnection>,
    request: Vec<u8>,
    deeds: VecDeque<Timed>,
    arrived: VecDeque<u8>,
}

impl<'w> Socket<'w> {
    pub fn new(world: &'w World<'w>, host: &'static str) -> Self {
        let has_tls = world.plan.has_tls;
        world.opened();
        memory::world(|| Self {
            world,
            host,
            tls: has_tls.then(|| keys::connection(host != PORTAL)),
            request: Vec::new(),
            deeds: VecDeque::new(),
            arrived: VecDeque::new(),
        })
    }

    pub fn write(&mut self, bytes: &[u8]) -> usize {
        memory::world(|| {
            let len = bytes.len().min(self.world.plan.settings.most_bytes);
            match self.tls.is_some() {
                true => self.decrypt(&bytes[..len]),
                false => self.request.extend(&bytes[..len]),
            }
            if let Some(request) = Request::parse(&self.request) {
                self.request.clear();
                let deeds = self.world.serve(self.host, &request);
                self.deeds.extend(self.world.link(deeds));
            }
            len
        })
    }

    /// Returns `None` if nothing has arrived yet.
    pub fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        memory::world(|| self.try_read(buffer))
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let most = buffer.len().min(self.world.plan.settings.most_bytes);
        while self.arrived.len() < most
            && let Some(timed) = self.deeds.front()
            && ms(timed.at) <= self.world.now()
        {
            match &timed.deed {
                Deed::Fin | Deed::Cut | Deed::Rst if !self.arrived.is_empty() => break,
                Deed::Fin if self.tls.is_none() => return Some(Ok(0)),
                Deed::Cut => return Some(Ok(0)),
                Deed::Rst => return Some(Err(ErrorKind::ConnectionReset.into())),
                _ => {}
            }
            let timed = self.deeds.pop_front()?;
            match timed.deed {
                Deed::Send(text) => self.encrypt(&text),
                Deed::Records(records) => self.arrived.extend(records),
                _ => {
                    self.tls.as_mut()?.send_close_notify();
                    self.encrypt(b"");
                    self.deeds.push_front(Timed::new(timed.at, Deed::Cut));
                }
            }
        }
        let len = most.min(self.arrived.len());
        for (byte, arrived) in buffer.iter_mut().zip(self.arrived.drain(..len)) {
            *byte = arrived;
        }
        (len > 0).then_some(Ok(len))
    }

    /// When something arrives next.
    pub fn next(&self) -> Option<Duration> {
        self.deeds.front().map(|timed| ms(timed.at))
    }

    // ---- TLS ----

    /// Takes records from the client, and answers those of the handshake.
    fn decrypt(&mut self, mut bytes: &[u8]) {
        let now = self.world.now_ms();
        let Some(tls) = &mut self.tls else { return };
        while !bytes.is_empty() {
            let taken = tls.read_tls(&mut bytes).expect("a slice can be read");
            if taken == 0 || tls.process_new_packets().is_err() {
                return self.deeds.push_back(Timed::new(now, Deed::Rst));
            }
        }
        let mut part = [0; 1024];
        while let Ok(len @ 1..) = tls.reader().read(&mut part) {
            self.request.extend(&part[..len]);
        }
        assert!(
            self.host != PORTAL || self.request.is_empty(),
            "an untrusted server gets a request"
        );
        let records = self.records();
        if !records.is_empty() {
            let flight = Timed::new(now, Deed::Records(records));
            self.deeds.extend(self.world.link(vec![flight]));
        }
    }

    /// Makes records of a text when it arrives.
    fn encrypt(&mut self, text: &[u8]) {
        let Some(tls) = &mut self.tls else {
            return self.arrived.extend(text);
        };
        tls.writer().write_all(text).expect("no limit");
        let records = self.records();
        self.arrived.extend(records);
    }

    /// What rustls wants to send.
    fn records(&mut self) -> Vec<u8> {
        let mut records = Vec::new();
        while let Some(tls) = &mut self.tls
            && tls.wants_write()
        {
            tls.write_tls(&mut records)
                .expect("a vector can be written");
        }
        records
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        self.world.closed();
    }
}
