//! Creating and configuring an event source.

use super::attempt::{Attempt, Remembered};
use super::{EventSource, State};
use crate::decoder::Decoder;
use crate::hooks::Hooks;
use crate::http::{InvalidRequest, Request};
use crate::policy::Policy;
use crate::reconnect::Reconnect;

impl<'a, const DATA: usize, const META: usize> EventSource<'a, DATA, META> {
    /// Creates an event source that has done nothing yet. The decoder provides the memory, the last
    /// event ID and the reconnection time to begin with, and the choice which items come.
    ///
    /// `seed` makes the jitter. Give each device another one, from its hardware's random number
    /// generator or its serial number, or they all come back at the same moment.
    ///
    /// `DATA` of less than 128 bytes does not compile: no head of a response fits in it.
    ///
    /// ```compile_fail,E0080
    /// # use embedded_sse::*;
    /// let mut decoder: Decoder<127> = Decoder::new();
    /// let request = Request::get(Url::parse("http://h/").unwrap());
    /// EventSource::new(request, Policy::DEFAULT, 42, &mut decoder);
    /// ```
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn new(
        request: Request<'a>,
        policy: Policy,
        seed: u32,
        decoder: &'a mut Decoder<DATA, META>,
    ) -> Result<Self, InvalidRequest> {
        const {
            assert!(
                DATA >= 128,
                "DATA also holds the response's head: at least 128 bytes"
            )
        };
        request.check()?;
        let mut reconnect = Reconnect::new(policy, seed);
        // What an earlier source has learned holds for this one too.
        decoder.take_retry();
        if let Some(retry) = decoder.reconnection_time() {
            reconnect.set_reconnection_time(retry);
        }
        Ok(Self {
            request,
            reconnect,
            decoder,
            remembered: Remembered::new(&mut []),
            has_tls: false,
            hooks: (),
            attempt: Attempt::default(),
            last_status: None,
            state: State::Start,
            is_untold: false,
        })
    }
}

impl<'a, const DATA: usize, const META: usize, H> EventSource<'a, DATA, META, H> {
    /// The same source with these [`Hooks`], in place of those that it had.
    #[must_use]
    pub fn with_hooks<G: Hooks>(self, hooks: G) -> EventSource<'a, DATA, META, G> {
        EventSource {
            request: self.request,
            reconnect: self.reconnect,
            decoder: self.decoder,
            remembered: self.remembered,
            has_tls: self.has_tls,
            hooks,
            attempt: self.attempt,
            last_status: self.last_status,
            state: self.state,
            is_untold: self.is_untold,
        }
    }

    /// Its hooks.
    pub const fn hooks(&self) -> &H {
        &self.hooks
    }

    /// Its hooks, to change them.
    pub const fn hooks_mut(&mut self) -> &mut H {
        &mut self.hooks
    }

    /// The decoder, with its last event ID and its reconnection time.
    pub const fn decoder(&self) -> &Decoder<DATA, META> {
        self.decoder
    }
}

impl<'a, const DATA: usize, const META: usize, H: Hooks> EventSource<'a, DATA, META, H> {
    /// Allows `https` URLs: the driver does TLS for them. Without this call an `https` URL stops the
    /// source, and a redirect to one too, before anything is sent.
    pub const fn allow_tls(&mut self) {
        self.has_tls = true;
    }

    /// Lets the delay grow further, as after this many failures in a row: those of
    /// [`Wait::failures`] before a reboot or a deep sleep. A limit on attempts counts from 0 again.
    pub const fn set_failures(&mut self, failures: u32) {
        self.reconnect.set_failures(failures);
    }

    /// From now on, redirects that are all permanent (301 and 308) and lead to an event stream are
    /// remembered: a reconnect starts where they led, until an attempt there fails. `memory` holds
    /// that URL; one that does not fit is not remembered.
    pub fn remember_permanent_redirects(&mut self, memory: &'a mut [u8]) {
        self.remembered = Remembered::new(memory);
        if matches!(
            self.state,
            State::Connect | State::Write { .. } | State::Head | State::LongHead(_)
        ) {
            // That attempt may be to where an earlier redirect has led.
            self.state = State::Start;
        }
    }
}
