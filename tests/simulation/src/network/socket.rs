//! A scripted connection. It does not wait: it says when to ask again.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::world::World;
use crate::plan::ms;
use crate::server::{Deed, Request, Timed};
use crate::trace::Entry;

pub struct Socket<'w> {
    pub world: &'w World<'w>,
    host: &'static str,
    request: Vec<u8>,
    deeds: VecDeque<Timed>,
}

impl<'w> Socket<'w> {
    pub fn new(world: &'w World<'w>, host: &'static str) -> Self {
        Self {
            world,
            host,
            request: Vec::new(),
            deeds: VecDeque::new(),
        }
    }

    pub fn host(&self) -> &'static str {
        self.host
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.world.plan.settings.most_bytes);
        let bytes = &bytes[..len];
        if bytes.is_empty() {
            return Ok(0);
        }
        self.world.tell(Entry::Wrote(bytes.to_vec()));
        self.request.extend(bytes);
        if let Some(request) = Request::parse(&self.request) {
            self.deeds = self.world.answer(self.host, &request).deeds.into();
        }
        Ok(len)
    }

    /// Returns `None` if nothing has arrived yet.
    pub fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let most = buffer.len().min(self.world.plan.settings.most_bytes);
        let now = self.world.now();
        let mut len = 0;
        while len < most
            && let Some(timed) = self.deeds.front_mut()
            && ms(timed.at) <= now
        {
            match &mut timed.deed {
                Deed::Send(bytes) => {
                    let taken = bytes.len().min(most - len);
                    buffer[len..len + taken].copy_from_slice(&bytes[..taken]);
                    bytes.drain(..taken);
                    len += taken;
                    if bytes.is_empty() {
                        self.deeds.pop_front();
                    }
                }
                _ if len > 0 => break,
                Deed::Fin | Deed::Cut => {
                    self.world.tell(Entry::Read(Vec::new()));
                    return Some(Ok(0));
                }
                Deed::Rst => {
                    self.world.tell(Entry::Failed);
                    return Some(Err(ErrorKind::ConnectionReset.into()));
                }
            }
        }
        (len > 0).then(|| {
            self.world.tell(Entry::Read(buffer[..len].to_vec()));
            Ok(len)
        })
    }

    /// When something arrives next.
    pub fn next(&self) -> Option<Duration> {
        self.deeds.front().map(|timed| ms(timed.at))
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        self.world.tell(Entry::Closed);
    }
}
