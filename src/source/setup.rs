//! Creating and configuring an event source.

use core::time::Duration;

use super::attempt::{Attempt, Remembered};
use super::{EventSource, State};
use crate::decoder::Decoder;
use crate::hooks::Hooks;
use crate::http::{InvalidRequest, Request};
use crate::policy::Policy;
use crate::reconnect::Reconnect;
use crate::url::original_url;

impl<'a, const DATA: usize, const META: usize> EventSource<'a, DATA, META> {
    /// Creates an event source. The first step connects.
    ///
    /// The decoder provides the memory, the initial last event ID and reconnection time, and the
    /// choice of items.
    ///
    /// `seed` seeds the jitter. Use a different seed in each device, from a hardware random number
    /// generator or the serial number. Otherwise all devices reconnect at the same moment after an
    /// outage.
    ///
    /// A `DATA` of less than 128 bytes does not compile, since no response head fits in it:
    ///
    /// ```compile_fail,E0080
    /// # use embedded_sse::*;
    /// let mut decoder: Decoder<127> = Decoder::new();
    /// let request = Request::get(Url::parse("http://h/").unwrap());
    /// EventSource::new(request, Policy::DEFAULT, 42, &mut decoder);
    /// ```
    ///
    /// # Errors
    /// Fails if the request is invalid: see [`InvalidRequest`].
    pub fn new(
        request: Request<'a>,
        policy: Policy,
        seed: u32,
        decoder: &'a mut Decoder<DATA, META>,
    ) -> Result<Self, InvalidRequest> {
        const {
            assert!(
                DATA >= 128,
                "DATA must be at least 128 bytes, since it also holds the response's head"
            )
        };
        request.check()?;
        let mut reconnect = Reconnect::new(policy, seed);
        // The reconnection time of an earlier stream stays in force.
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
            current_url: original_url,
            last_status: None,
            has_written: false,
            has_brought_id: false,
            now: Duration::ZERO,
            state: State::Start,
            is_untold: false,
        })
    }
}

impl<'a, const DATA: usize, const META: usize, H> EventSource<'a, DATA, META, H> {
    /// Replaces the hooks. See [`Hooks`].
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
            current_url: self.current_url,
            last_status: self.last_status,
            has_written: self.has_written,
            has_brought_id: self.has_brought_id,
            now: self.now,
            state: self.state,
            is_untold: self.is_untold,
        }
    }

    /// The hooks.
    pub const fn hooks(&self) -> &H {
        &self.hooks
    }

    /// The hooks, mutable.
    pub const fn hooks_mut(&mut self) -> &mut H {
        &mut self.hooks
    }

    /// The decoder, with the last event ID and the reconnection time.
    pub const fn decoder(&self) -> &Decoder<DATA, META> {
        self.decoder
    }
}

impl<'a, const DATA: usize, const META: usize, H: Hooks> EventSource<'a, DATA, META, H> {
    /// Allows `https` URLs, because the driver does TLS.
    ///
    /// Without this call, an `https` URL, or a redirect to one, stops the source before anything is
    /// sent.
    pub const fn allow_tls(&mut self) {
        self.has_tls = true;
    }

    /// Sets the number of failures in a row, which determines the delay. Pass
    /// [`Wait::failures`](crate::Wait::failures) from before a reboot or a deep sleep. A limit on
    /// attempts still counts from 0.
    pub const fn set_failures(&mut self, failures: u32) {
        self.reconnect.set_failures(failures);
    }

    /// Remembers permanent redirects (301 and 308): reconnects then start at the redirect's target.
    /// Default off: each attempt starts at the URL of the request.
    ///
    /// Only redirects that are all permanent, do not change the method, and lead to an event stream are
    /// remembered. An attempt that fails there forgets them. With
    /// [`Request::resume_by_get`](crate::Request::resume_by_get), the request and the `GET` that
    /// resumes it share what is remembered. `memory` stores the URL. A URL that does not fit is not
    /// remembered.
    pub fn remember_permanent_redirects(&mut self, memory: &'a mut [u8]) {
        self.remembered = Remembered::new(memory);
        if matches!(
            self.state,
            State::Connect | State::Write { .. } | State::Head(_)
        ) {
            // The current attempt may use the target of an earlier redirect.
            self.state = State::Start;
        }
    }
}
