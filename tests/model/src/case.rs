//! A case: a setup and a script of calls, chosen by a seed.

use std::fmt;

use embedded_sse::{Policy, Verdict};

#[derive(Clone, Debug)]
pub struct Setup {
    /// The rule that the model breaks, in a control.
    pub wrong: Option<Wrong>,
    /// The size of the decoder: 160 and 16 bytes, or 2048 and 64.
    pub data_len: usize,
    pub meta_len: usize,
    pub url: String,
    pub method: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub repeatable: bool,
    pub resume_by_get: bool,
    pub max_redirects: u8,
    pub policy: Policy,
    pub seed: u32,
    pub last_event_id: String,
    pub retry: Option<u64>,
    pub failures: u32,
    pub allow_tls: bool,
    /// The memory for permanent redirects.
    pub remember: Option<usize>,
    pub show_comments: bool,
    pub show_retry: bool,
    pub show_ids: bool,
    pub split_long_events: bool,
    /// The verdict of a hook on responses with this status.
    pub judge: Option<(u16, Verdict)>,
}

impl Setup {
    pub fn simple() -> Self {
        Self {
            wrong: None,
            data_len: 2048,
            meta_len: 64,
            url: "http://h/".into(),
            method: "GET".into(),
            headers: Vec::new(),
            body: Vec::new(),
            repeatable: false,
            resume_by_get: false,
            max_redirects: 20,
            policy: Policy {
                jitter_percent: 0,
                ..Policy::DEFAULT
            },
            seed: 1,
            last_event_id: String::new(),
            retry: None,
            failures: 0,
            allow_tls: false,
            remember: None,
            show_comments: false,
            show_retry: false,
            show_ids: false,
            split_long_events: false,
            judge: None,
        }
    }

    /// With one thing taken from another setup, or `None` if there is no such thing.
    pub fn with(&self, field: usize, other: &Self) -> Option<Self> {
        let mut new = self.clone();
        let (policy, simple) = (&mut new.policy, &other.policy);
        match field {
            0 => new.policy = other.policy,
            1 => (new.method, new.body) = (other.method.clone(), other.body.clone()),
            2 => new.headers = other.headers.clone(),
            3 => new.url = other.url.clone(),
            4 => new.judge = other.judge,
            5 => new.remember = other.remember,
            6 => new.repeatable = other.repeatable,
            7 => new.resume_by_get = other.resume_by_get,
            8 => new.max_redirects = other.max_redirects,
            9 => new.last_event_id = other.last_event_id.clone(),
            10 => new.retry = other.retry,
            11 => new.failures = other.failures,
            12 => new.allow_tls = other.allow_tls,
            13 => new.show_comments = other.show_comments,
            14 => new.show_retry = other.show_retry,
            15 => new.show_ids = other.show_ids,
            16 => new.split_long_events = other.split_long_events,
            17 => policy.max_reconnection_attempts = simple.max_reconnection_attempts,
            18 => policy.reconnection_time = simple.reconnection_time,
            19 => policy.jitter_percent = simple.jitter_percent,
            20 => policy.max_delay = simple.max_delay,
            21 => policy.healthy_time = simple.healthy_time,
            22 => policy.idle_timeout = simple.idle_timeout,
            23 => policy.connect_timeout = simple.connect_timeout,
            24 => policy.response_timeout = simple.response_timeout,
            _ => return None,
        }
        Some(new)
    }
}

/// A call of the client.
#[derive(Clone)]
pub enum Op {
    Step,
    /// Time passes, in milliseconds.
    Sleep(u64),
    /// Time passes until the deadline of the last step, and this many milliseconds more or less.
    Until(i64),
    /// The same, but only if the last step is a wait.
    WaitOut(i64),
    Connected,
    Failed,
    Ended,
    TimedOut,
    /// `request` with this much memory, and `wrote` with at most this many of its bytes.
    Write(usize, usize),
    Receive(Vec<u8>),
    Close,
    Restart,
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step => write!(f, "step"),
            Self::Sleep(time) => write!(f, "sleep {time} ms"),
            Self::Until(offset) => write!(f, "sleep until the deadline {offset:+} ms"),
            Self::WaitOut(offset) => write!(f, "sleep until the end of the wait {offset:+} ms"),
            Self::Connected => write!(f, "connected"),
            Self::Failed => write!(f, "failed"),
            Self::Ended => write!(f, "ended"),
            Self::TimedOut => write!(f, "timed_out"),
            Self::Write(memory, bytes) => write!(f, "write {bytes} bytes of {memory}"),
            Self::Receive(bytes) => write!(f, "receive \"{}\"", bytes.escape_ascii()),
            Self::Close => write!(f, "close"),
            Self::Restart => write!(f, "restart"),
        }
    }
}

/// A rule that a control breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wrong {
    /// A stream begins without the last event ID of the one before.
    IdForgotten,
    /// An ID that is too long is accepted.
    LongIds,
    /// Two byte order marks are dropped.
    TwoMarks,
    /// The first of several content types counts.
    FirstTypeWins,
    /// A connection that ends before its response has ended in order.
    CutIsEnd,
    /// `Authorization` follows a redirect to another origin.
    SecretsFollow,
    /// `Authorization` is sent again after a redirect back.
    SecretsComeBack,
    /// Another port is no other origin.
    PortIsNoOrigin,
    /// A 303 keeps the method.
    SeeOtherKeepsMethod,
    /// `retry` is not clamped.
    RetryUnclamped,
    /// `Retry-After` is ignored.
    RetryAfterIgnored,
    /// A long connection takes back one failure only.
    OnePeriod,
    /// An open connection does not reset the attempts.
    AttemptsAddUp,
    /// A deadline is due only after its time.
    DeadlineLate,
}

impl Wrong {
    pub const ALL: [Self; 14] = [
        Self::IdForgotten,
        Self::LongIds,
        Self::TwoMarks,
        Self::FirstTypeWins,
        Self::CutIsEnd,
        Self::SecretsFollow,
        Self::SecretsComeBack,
        Self::PortIsNoOrigin,
        Self::SeeOtherKeepsMethod,
        Self::RetryUnclamped,
        Self::RetryAfterIgnored,
        Self::OnePeriod,
        Self::AttemptsAddUp,
        Self::DeadlineLate,
    ];
}
