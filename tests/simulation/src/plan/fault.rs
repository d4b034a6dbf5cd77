//! Faults: what goes wrong, and when.

use std::fmt;

use super::Ms;
use crate::random::Random;

/// Something that goes wrong at a time since the start, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: Ms,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Server,
    Body,
    Link,
    Dns,
    Device,
    Application,
}

impl Class {
    pub const ALL: [Self; 6] = [
        Self::Server,
        Self::Body,
        Self::Link,
        Self::Dns,
        Self::Device,
        Self::Application,
    ];
}

/// `lasts` is the length of the time in which the fault is active. Faults without it are moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The server accepts connections, but sends nothing.
    Stall { lasts: Ms },
    /// The server resets all connections.
    Reset,
    /// The server's process is gone: connections are reset, and new ones refused.
    Restart { lasts: Ms },
    /// The server forgets all events so far.
    LoseLog,
    /// The server answers requests for the stream with a redirect.
    Redirect {
        lasts: Ms,
        status: u16,
        target: Target,
    },
    /// The server answers with this status.
    Refuse {
        lasts: Ms,
        status: u16,
        retry_after: Option<u64>,
    },
    /// The server sends this many comments at once.
    Flood { comments: u64 },
    /// The server sends a few bytes at a time.
    Drip { lasts: Ms },
    /// The server ends the response as HTTP requires.
    End,
    /// The server changes the interval of its heartbeat.
    Heartbeat { lasts: Ms, interval: Ms },
    /// The server ignores `Last-Event-ID` and sends all events.
    Deaf { lasts: Ms },
    /// The server sends the heads of its responses late.
    LateHead { lasts: Ms, by: Ms },
    /// The server sends the events so far as a response with a `Content-Length`.
    Poll { lasts: Ms },

    /// The server closes its side of the connection inside an event.
    HalfClose { percent: u64 },
    /// A byte of the body is changed.
    Corrupt { position: u64, flip: u8 },
    /// The chunked framing is broken.
    BadChunk,
    /// The response is no HTTP.
    Garbage { lasts: Ms },
    /// The head of the response does not fit in the client's memory.
    LongHead { lasts: Ms },

    /// No packet arrives.
    Cut { lasts: Ms },
    /// The device has no link, and knows it.
    Unplug { lasts: Ms },
    /// Packets arrive late.
    Delay { lasts: Ms, by: Ms },
    /// This percentage of packets is lost. Only a network stack notices this fault and the next four.
    Lose { lasts: Ms, percent: u64 },
    /// This percentage of packets arrives twice.
    Duplicate { lasts: Ms, percent: u64 },
    /// Packets overtake each other.
    Reorder { lasts: Ms, percent: u64 },
    /// A bit of this percentage of packets is flipped.
    Noise { lasts: Ms, percent: u64 },
    /// The link is slow.
    Throttle { lasts: Ms, bytes_per_second: u64 },

    /// DNS does not answer the query, or says that there is no such name.
    NoName { lasts: Ms },
    /// DNS returns the address of a captive portal.
    Lie { lasts: Ms },
    /// The server is at another address.
    Move { lasts: Ms },

    /// The device loses its power. A write of `torn` words to the flash may be in progress.
    Reboot { torn: Option<u64>, off: Ms },
    /// The device does nothing, and then goes on.
    Sleep { lasts: Ms },

    /// The application takes this long over each item.
    Slow { lasts: Ms, each: Ms },
    /// The application drops the future, and begins a new one after a pause.
    Drop { pause: Ms },
    /// The application restarts the source.
    Restarted,
    /// The application closes the source at an item, and restarts it later.
    Break,
}

/// Where a redirect leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To another path of the same origin.
    Path,
    /// To another origin.
    Other,
    /// To another origin, and from there back.
    Back,
    /// To itself.
    Loop,
    /// There is no `Location`.
    Nowhere,
}

/// Some faults wait for the next item or the next bytes, but not for longer than this.
const PATIENCE: Ms = 35_000;

impl Fault {
    pub fn random(random: &mut Random, class: Class, latest: Ms) -> Self {
        let at = random.between(500, latest);
        let kind = Kind::random(random, class);
        Self { at, kind }
    }

    /// When the fault is over, except for its consequences.
    pub fn end(&self) -> Ms {
        self.at + self.kind.lasts()
    }

    pub fn is_active(&self, now: Ms) -> bool {
        (self.at..self.end()).contains(&now)
    }
}

impl Kind {
    fn random(random: &mut Random, class: Class) -> Self {
        let lasts = random.magnitude(100, 120_000);
        match class {
            Class::Server => match random.below(17) {
                0 => Self::Stall { lasts },
                1 => Self::Reset,
                2 => Self::Restart { lasts },
                3 => Self::LoseLog,
                4 | 5 | 15 | 16 => Self::Redirect {
                    lasts,
                    status: random.of(&[301, 301, 302, 303, 307, 308, 308]),
                    target: random.of(&[
                        Target::Path,
                        Target::Other,
                        Target::Other,
                        Target::Back,
                        Target::Back,
                        Target::Loop,
                        Target::Nowhere,
                    ]),
                },
                6 | 13 | 14 => Self::Refuse {
                    lasts,
                    status: random.of(&[503, 503, 429, 500, 502, 408, 204, 404, 401, 501]),
                    retry_after: random.of(&[None, Some(0), Some(1), Some(7), Some(45), Some(90)]),
                },
                7 => Self::Flood {
                    comments: random.between(1, 300),
                },
                8 => Self::Drip { lasts },
                9 => Self::End,
                10 => Self::Heartbeat {
                    lasts,
                    interval: random.magnitude(200, 200_000),
                },
                11 => match random.percent(50) {
                    true => Self::Deaf { lasts },
                    false => Self::Poll { lasts },
                },
                _ => Self::LateHead {
                    lasts,
                    by: random.magnitude(100, 100_000),
                },
            },
            Class::Body => match random.below(6) {
                0 | 1 => Self::HalfClose {
                    percent: random.below(100),
                },
                2 => Self::Corrupt {
                    position: random.below(200),
                    flip: random.between(1, 255) as u8,
                },
                3 => Self::BadChunk,
                4 => Self::Garbage { lasts },
                _ => Self::LongHead { lasts },
            },
            Class::Link => {
                let percent = random.magnitude(1, 40);
                match random.below(9) {
                    0 | 1 => Self::Cut { lasts },
                    2 => Self::Unplug { lasts },
                    3 => Self::Delay {
                        lasts,
                        by: random.magnitude(10, 10_000),
                    },
                    4 => Self::Lose { lasts, percent },
                    5 => Self::Duplicate { lasts, percent },
                    6 => Self::Reorder { lasts, percent },
                    7 => Self::Noise { lasts, percent },
                    _ => Self::Throttle {
                        lasts,
                        bytes_per_second: random.magnitude(50, 10_000),
                    },
                }
            }
            Class::Dns => match random.below(3) {
                0 => Self::NoName { lasts },
                1 => Self::Lie { lasts },
                _ => Self::Move { lasts },
            },
            Class::Device => match random.below(2) {
                0 => Self::Reboot {
                    torn: random.percent(60).then(|| random.below(16)),
                    off: random.magnitude(1, 60_000),
                },
                _ => Self::Sleep { lasts },
            },
            Class::Application => match random.below(5) {
                0 | 1 => Self::Slow {
                    lasts: lasts.max(5_000),
                    each: random.magnitude(10, 4_000),
                },
                2 => Self::Drop {
                    pause: random.magnitude(1, 60_000),
                },
                3 => Self::Restarted,
                _ => Self::Break,
            },
        }
    }

    fn lasts(&self) -> Ms {
        match *self {
            Self::Stall { lasts }
            | Self::Restart { lasts }
            | Self::Redirect { lasts, .. }
            | Self::Refuse { lasts, .. }
            | Self::Drip { lasts }
            | Self::Heartbeat { lasts, .. }
            | Self::Deaf { lasts }
            | Self::LateHead { lasts, .. }
            | Self::Poll { lasts }
            | Self::Garbage { lasts }
            | Self::LongHead { lasts }
            | Self::Cut { lasts }
            | Self::Unplug { lasts }
            | Self::Delay { lasts, .. }
            | Self::Lose { lasts, .. }
            | Self::Duplicate { lasts, .. }
            | Self::Reorder { lasts, .. }
            | Self::Noise { lasts, .. }
            | Self::Throttle { lasts, .. }
            | Self::NoName { lasts }
            | Self::Lie { lasts }
            | Self::Move { lasts }
            | Self::Sleep { lasts }
            | Self::Slow { lasts, .. } => lasts,
            Self::Reboot { off, .. } => off,
            Self::Drop { pause } => pause,
            Self::Break => PATIENCE,
            Self::Corrupt { .. } | Self::HalfClose { .. } | Self::BadChunk | Self::End => PATIENCE,
            _ => 0,
        }
    }

    /// Whether only requests notice the fault. Half of these faults begin with a reset, so that there is a
    /// request.
    pub fn concerns_requests(self) -> bool {
        match self {
            Self::Redirect { lasts, .. }
            | Self::Refuse { lasts, .. }
            | Self::Deaf { lasts }
            | Self::LateHead { lasts, .. }
            | Self::Poll { lasts }
            | Self::Garbage { lasts }
            | Self::LongHead { lasts }
            | Self::NoName { lasts }
            | Self::Lie { lasts } => lasts % 2 == 1,
            _ => false,
        }
    }

    /// Whether no packet arrives.
    pub fn is_cut(self) -> bool {
        matches!(self, Self::Cut { .. } | Self::Unplug { .. })
    }

    /// The name in the table of coverage.
    pub fn name(&self) -> String {
        let text = format!("{self:?}");
        text.split([' ', '{']).next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} ms: {:?}", self.at, self.kind)
    }
}
