//! Faults: what goes wrong, and when.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use super::Ms;
use crate::random::Random;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its place in the whole plan.
    pub number: usize,
    pub at: Ms,
    /// How long it is active. Some faults are moments.
    pub lasts: Ms,
    pub kind: Kind,
    /// Whether the server resets all connections when the fault begins. Faults that only requests notice
    /// need one.
    pub resets: bool,
    has_fired: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Server,
    Body,
    Link,
    Dns,
    Device,
    Application,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    // ---- the server ----
    /// It accepts connections, but sends nothing.
    Stall,
    /// It resets all connections.
    Reset,
    /// Its process is gone: connections are reset, and new ones refused.
    Restart,
    /// It forgets all events so far.
    LoseLog,
    Redirect {
        status: u16,
        target: Target,
    },
    Refuse {
        status: u16,
        retry_after: Option<u64>,
    },
    /// It sends this many comments at once.
    Flood(u64),
    /// It sends a few bytes at a time.
    Drip,
    /// It ends the response as HTTP requires.
    End,
    /// It changes the interval of its heartbeat.
    Heartbeat(Ms),
    /// It ignores `Last-Event-ID` and sends all events.
    Deaf,
    /// It sends the heads of its responses late.
    LateHead(Ms),
    /// It sends the events so far as a response with a `Content-Length`.
    Poll,

    // ---- its responses ----
    /// The connection ends after this percentage of an event, which is not meant as an end.
    CutInEvent(u64),
    /// The server closes its sending side after this percentage of the head. It still receives, until the
    /// client leaves.
    HalfClose(u64),
    /// A byte of the body is changed.
    Corrupt {
        position: u64,
        flip: u8,
    },
    BadChunk,
    /// The response is no HTTP.
    Garbage,
    /// The head of the response does not fit in the client's memory.
    LongHead,

    // ---- the link ----
    /// No packet arrives.
    Cut,
    /// The device has no link, and knows it.
    Unplug,
    /// Packets arrive this much later.
    Delay(Ms),
    /// This percentage of packets is lost. Only a network stack notices this fault and the next four.
    Lose(u64),
    Duplicate(u64),
    /// This percentage of packets is overtaken by others.
    Reorder(u64),
    /// A bit of this percentage of packets is flipped.
    Noise(u64),
    /// The link carries this many bytes per second.
    Throttle(u64),

    // ---- DNS ----
    /// It says that there is no such name.
    NoName,
    /// It does not answer.
    Silence,
    /// It returns the address of a captive portal.
    Lie,
    /// The server is at another address.
    Move,
    /// It returns this many addresses that do not answer before the right one. Only a network stack notices.
    DeadAddresses(usize),

    // ---- the device ----
    /// It loses its power, perhaps after this many words of a write to the flash.
    Reboot(Option<u64>),
    /// It does nothing, and then goes on.
    Sleep,

    // ---- the application ----
    /// It takes this long over each item.
    Slow(Ms),
    /// It drops the future, and begins a new one after a pause.
    Drop,
    /// It restarts the source.
    Restarted,
    /// It closes the source at an item, and restarts it later.
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
        let lasts = random.magnitude(100, 120_000);
        let kind = Kind::random(random, class);
        Self {
            number: 0,
            at,
            kind,
            lasts: match kind {
                Kind::Reset | Kind::LoseLog | Kind::Flood(_) | Kind::Restarted => 0,
                Kind::CutInEvent(_) | Kind::Corrupt { .. } | Kind::BadChunk => PATIENCE,
                Kind::End | Kind::Break => PATIENCE,
                Kind::Slow(_) => lasts.max(5_000),
                Kind::Reboot(_) | Kind::Drop => lasts / 2,
                _ => lasts,
            },
            resets: match kind {
                Kind::Reset | Kind::Restart | Kind::Move => true,
                kind if kind.concerns_requests() => random.percent(50),
                _ => false,
            },
            has_fired: Cell::new(false),
        }
    }

    /// A loss, which the application takes two seconds over.
    pub fn slow_loss(at: Ms) -> [Self; 2] {
        [(Kind::Reset, 0), (Kind::Slow(2_000), 3_000)].map(|(kind, lasts)| Self {
            number: 0,
            at,
            lasts,
            kind,
            resets: kind == Kind::Reset,
            has_fired: Cell::new(false),
        })
    }

    /// When the fault is over, except for its consequences.
    pub fn end(&self) -> Ms {
        self.at + self.lasts
    }

    pub fn is_active(&self, now: Ms) -> bool {
        (self.at..self.end()).contains(&now)
    }

    /// Notes that the fault has an effect.
    pub fn fire(&self) {
        self.has_fired.set(true);
    }

    pub fn has_fired(&self) -> bool {
        self.has_fired.get()
    }
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

impl Kind {
    fn random(random: &mut Random, class: Class) -> Self {
        match class {
            Class::Server => match random.below(17) {
                0 => Self::Stall,
                1 => Self::Reset,
                2 => Self::Restart,
                3 => Self::LoseLog,
                4..=7 => Self::Redirect {
                    status: random.of(&[301, 301, 302, 303, 307, 308, 308]),
                    target: match random.below(7) {
                        0 => Target::Path,
                        1 | 2 => Target::Other,
                        3 | 4 => Target::Back,
                        5 => Target::Loop,
                        _ => Target::Nowhere,
                    },
                },
                8..=10 => Self::Refuse {
                    status: random.of(&[
                        503, 503, 429, 500, 502, 408, 421, 425, 504, 204, 404, 401, 501, 505, 511,
                    ]),
                    retry_after: random.of(&[None, Some(0), Some(1), Some(7), Some(45), Some(90)]),
                },
                11 => Self::Flood(random.between(1, 300)),
                12 => Self::Drip,
                13 => Self::End,
                14 => Self::Heartbeat(random.magnitude(200, 200_000)),
                15 => random.of(&[Self::Deaf, Self::Poll]),
                _ => Self::LateHead(random.magnitude(100, 100_000)),
            },
            Class::Body => match random.below(7) {
                0 | 1 => Self::CutInEvent(random.below(100)),
                2 => Self::Corrupt {
                    position: random.below(200),
                    flip: random.between(1, 255) as u8,
                },
                3 => Self::BadChunk,
                4 => Self::Garbage,
                5 => Self::HalfClose(random.below(100)),
                _ => Self::LongHead,
            },
            Class::Link => {
                let percent = random.magnitude(1, 40);
                match random.below(9) {
                    0 | 1 => Self::Cut,
                    2 => Self::Unplug,
                    3 => Self::Delay(random.magnitude(10, 10_000)),
                    4 => Self::Lose(percent),
                    5 => Self::Duplicate(percent),
                    6 => Self::Reorder(percent),
                    7 => Self::Noise(percent),
                    _ => Self::Throttle(random.magnitude(50, 10_000)),
                }
            }
            Class::Dns => match random.below(4) {
                0 => random.of(&[Self::NoName, Self::Silence]),
                1 => Self::Lie,
                2 => Self::DeadAddresses(random.between(1, 3) as usize),
                _ => Self::Move,
            },
            Class::Device => match random.below(2) {
                0 => Self::Reboot(random.percent(60).then(|| random.below(16))),
                _ => Self::Sleep,
            },
            Class::Application => match random.below(5) {
                0 | 1 => Self::Slow(random.magnitude(10, 4_000)),
                2 => Self::Drop,
                3 => Self::Restarted,
                _ => Self::Break,
            },
        }
    }

    fn concerns_requests(self) -> bool {
        matches!(
            self,
            Self::Redirect { .. }
                | Self::Refuse { .. }
                | Self::Deaf
                | Self::LateHead(_)
                | Self::Poll
        ) || matches!(
            self,
            Self::Garbage
                | Self::HalfClose(_)
                | Self::LongHead
                | Self::NoName
                | Self::Silence
                | Self::Lie
                | Self::DeadAddresses(_)
        )
    }

    /// Whether no packet arrives.
    pub fn is_cut(self) -> bool {
        matches!(self, Self::Cut | Self::Unplug)
    }

    /// Whether only a network stack notices it.
    pub fn concerns_packets(self) -> bool {
        matches!(
            self,
            Self::Lose(_)
                | Self::Duplicate(_)
                | Self::Reorder(_)
                | Self::Noise(_)
                | Self::Throttle(_)
                | Self::DeadAddresses(_)
        )
    }

    pub fn name(self) -> String {
        let text = format!("{self:?}");
        text.split([' ', '(']).next().unwrap_or_default().to_owned()
    }

    /// The names of all kinds, or of those that are noticed without a network stack.
    pub fn names(has_packets: bool) -> BTreeSet<String> {
        let mut random = Random::new(0);
        let kinds = Class::ALL.into_iter().flat_map(|class| [class; 500]);
        let kinds = kinds.map(|class| Self::random(&mut random, class));
        let kinds = kinds.filter(|kind| has_packets || !kind.concerns_packets());
        kinds.map(Self::name).collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            at,
            kind,
            lasts,
            ..
        } = self;
        write!(f, "fault {number} from {at} ms for {lasts} ms: {kind:?}")?;
        match self.resets {
            true => write!(f, ", begins with a reset"),
            false => Ok(()),
        }
    }
}
