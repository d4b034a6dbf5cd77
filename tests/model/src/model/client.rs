//! The client: the model of `EventSource`.

use std::time::Duration;

use embedded_sse::{LossCause, StopReason};

use super::http::{Framing, Head};
use super::timer::Timer;
use super::url::Url;
use crate::case::Setup;

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Connect {
        origin: String,
        deadline: Option<Duration>,
    },
    Write {
        deadline: Option<Duration>,
    },
    Read {
        deadline: Option<Duration>,
    },
    /// The wait is between `min` and `max`. `adopt` says how long it is.
    Wait {
        cause: LossCause,
        failures: u32,
        since: Duration,
        min: Duration,
        max: Duration,
    },
    Stop(Stop),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    pub reason: StopReason,
    pub cause: Option<LossCause>,
    pub status: Option<u16>,
}

#[derive(Clone, Debug)]
pub struct Attempt {
    pub url: Url,
    pub method: String,
    pub has_body: bool,
    /// A redirect has led to another origin.
    pub has_left: bool,
    pub has_new_method: bool,
    pub is_permanent: bool,
    pub redirects: u32,
    /// The bytes of `DATA` that the URL of a redirect takes, also if it is remembered.
    pub occupied: usize,
    pub written: usize,
    pub has_written: bool,
    pub may_retry: bool,
}

pub(super) enum State {
    Start,
    Connect {
        deadline: Option<Duration>,
    },
    Write {
        deadline: Option<Duration>,
    },
    Head {
        bytes: Vec<u8>,
        deadline: Option<Duration>,
    },
    Stream {
        framing: Framing,
        raw: Vec<u8>,
        opened_at: Duration,
        heard_at: Duration,
        first_id: String,
        told: usize,
    },
    /// A body that is no stream: all of it after `Collect`, else its first bytes, until the time.
    Keep {
        framing: Framing,
        raw: Vec<u8>,
        opened_at: Duration,
        heard_at: Duration,
        stop: Option<(Stop, Duration)>,
    },
    Wait {
        step: Step,
        until: Duration,
        is_told: bool,
    },
    Stop(Stop),
}

pub struct Client {
    pub setup: Setup,
    pub last_event_id: String,
    pub retry: Option<u64>,
    pub attempt: Attempt,
    /// What the hooks are told.
    pub told: Vec<Vec<String>>,
    /// The response that stopped the source.
    pub response: Option<(Head, Vec<u8>)>,
    /// How a URL is stored is not a rule, so it may or may not fit in the last bytes of `DATA`.
    pub is_unsure: bool,
    pub(super) url: Url,
    pub(super) timer: Timer,
    pub(super) state: State,
    pub(super) remembered: Option<(Url, bool)>,
    pub(super) has_stream_id: bool,
    pub(super) resumes: bool,
    pub(super) status: Option<u16>,
}

impl Client {
    pub fn new(setup: &Setup) -> Self {
        let url = Url::parse(&setup.url).unwrap();
        let (policy, wrong) = (setup.policy, setup.wrong);
        let mut timer = Timer {
            policy,
            wrong,
            failures: setup.failures,
            attempts: 0,
            base: None,
        };
        if let Some(retry) = setup.retry {
            timer.set_base(Duration::from_millis(retry));
        }
        Self {
            attempt: Attempt::new(&url, &setup.method, true, false),
            url,
            timer,
            last_event_id: setup.last_event_id.clone(),
            retry: setup.retry,
            setup: setup.clone(),
            told: Vec::new(),
            response: None,
            is_unsure: false,
            state: State::Start,
            remembered: None,
            has_stream_id: false,
            resumes: false,
            status: None,
        }
    }

    pub fn step(&mut self, now: Duration) -> Step {
        match &mut self.state {
            State::Start => self.begin(now),
            State::Wait {
                until,
                is_told: true,
                ..
            } if now >= *until => self.begin(now),
            _ => self.apply_deadline(now),
        }
        if let State::Wait { is_told, .. } = &mut self.state {
            *is_told = true;
        }
        let idle_end = |heard_at| self.setup.policy.idle_timeout.map(|idle| heard_at + idle);
        match &self.state {
            State::Start => unreachable!(),
            State::Connect { deadline } => {
                let url = &self.attempt.url;
                let origin = format!(
                    "{} {} {}",
                    url.scheme(),
                    url.host.to_ascii_lowercase(),
                    url.port
                );
                Step::Connect {
                    origin,
                    deadline: *deadline,
                }
            }
            State::Write { deadline } => Step::Write {
                deadline: *deadline,
            },
            State::Head { deadline, .. } => Step::Read {
                deadline: *deadline,
            },
            State::Stream { heard_at, .. } => Step::Read {
                deadline: idle_end(*heard_at),
            },
            State::Keep {
                stop: Some((_, until)),
                ..
            } => Step::Read {
                deadline: Some(*until),
            },
            State::Keep { heard_at, .. } => Step::Read {
                deadline: idle_end(*heard_at),
            },
            State::Wait { step, .. } => step.clone(),
            State::Stop(stop) => Step::Stop(stop.clone()),
        }
    }

    /// Ends what has lasted until its deadline. An idle stream is left to `timed_out`.
    pub(super) fn apply_deadline(&mut self, now: Duration) {
        match &self.state {
            State::Connect { deadline } if self.timer.is_due(*deadline, now) => {
                self.lost(LossCause::ConnectTimeout, now);
            }
            State::Write { deadline } | State::Head { deadline, .. }
                if self.timer.is_due(*deadline, now) =>
            {
                self.lost(LossCause::ResponseTimeout, now);
            }
            State::Keep {
                stop: Some((stop, until)),
                ..
            } if now >= *until => {
                let stop = stop.clone();
                self.stop(stop);
            }
            _ => {}
        }
    }

    /// The wait that `step` has returned is this long.
    pub fn adopt(&mut self, delay: Duration) {
        if let State::Wait {
            step: Step::Wait { since, .. },
            until,
            ..
        } = &mut self.state
        {
            *until = since.saturating_add(delay);
        }
    }
    pub(super) fn begin(&mut self, now: Duration) {
        let method = if self.resumes {
            "GET"
        } else {
            &self.setup.method
        };
        let remembered = self.remembered.as_ref().map(|(url, _)| url.text().len());
        let (url, has_left) = self.remembered.clone().unwrap_or((self.url.clone(), false));
        self.attempt = Attempt::new(&url, method, !self.resumes, has_left);
        self.attempt.has_new_method = self.resumes;
        self.attempt.occupied = remembered.unwrap_or(0);
        if url.https && !self.setup.allow_tls {
            return self.stop(self.stop_for(StopReason::NoTls, None));
        }
        self.connect(now);
    }

    pub(super) fn connect(&mut self, now: Duration) {
        let deadline = self
            .setup
            .policy
            .connect_timeout
            .map(|timeout| now + timeout);
        self.state = State::Connect { deadline };
    }
}

impl Attempt {
    pub(super) fn new(url: &Url, method: &str, has_body: bool, has_left: bool) -> Self {
        Self {
            url: url.clone(),
            method: method.into(),
            has_body,
            has_left,
            has_new_method: false,
            is_permanent: true,
            redirects: 0,
            occupied: 0,
            written: 0,
            has_written: false,
            may_retry: false,
        }
    }
}
