//! The application: it takes the items, stores the ID, and misbehaves as the plan says.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use embedded_sse::{Decoder, EventSource, Item, LossCause, Request, Url};

use super::bug::Bug;
use super::ear::Ear;
use super::flash::{Flash, Memory};
use crate::checker::model;
use crate::network::World;
use crate::plan::{Kind, Ms, id_of, ms, number_of};
use crate::server::{self, TOKEN};
use crate::trace::{Entry, Told};

/// The sizes of the client. Some events and heads of the server do not fit.
pub const DATA: usize = 512;
pub const META: usize = 32;
pub const CHUNK: usize = 200;

pub type Source<'a> = EventSource<'a, DATA, META, Ear<'a>>;

/// The bugs of [`Bug`] that concern one event concern this one.
const UNLUCKY: usize = 3;

pub struct App<'w> {
    pub world: &'w World<'w>,
    pub bug: Option<Bug>,
    memory: RefCell<Memory>,
    /// The ID of the last event that was processed.
    finished: RefCell<String>,
    unstored: Cell<u64>,
    /// The faults before this one have interrupted the device.
    interrupted: Cell<usize>,
    breaks: Cell<usize>,
    events: Cell<usize>,
    held: RefCell<Option<Told>>,
}

/// How the application reacts to an item.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    pub busy_until: Duration,
    pub breaks: bool,
}

/// What happens to the device or the application between two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    Reboot { torn: Option<u64>, off: Ms },
    Sleep { until: Ms },
    Drop { until: Ms },
    Restart,
}

impl<'w> App<'w> {
    pub fn new(world: &'w World<'w>, bug: Option<Bug>) -> Self {
        Self {
            world,
            bug,
            memory: RefCell::new(Memory::new(Flash::new())),
            finished: RefCell::default(),
            unstored: Cell::new(0),
            interrupted: Cell::new(0),
            breaks: Cell::new(0),
            events: Cell::new(0),
            held: RefCell::default(),
        }
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    // ---- lives ----

    /// Restores what the flash has kept.
    pub fn boot(&self, decoder: &mut Decoder<DATA, META>) {
        let mut memory = self.memory.borrow_mut();
        let id = memory.last_event_id();
        let reconnection_time = memory.reconnection_time();
        decoder.set_last_event_id(&id).expect("a stored ID fits");
        if let Some(time) = reconnection_time {
            decoder.set_reconnection_time(time);
        }
        self.finished.replace(id.clone());
        self.unstored.set(0);
        self.world.tell(Entry::Boot {
            id,
            reconnection_time,
        });
    }

    pub fn source<'a>(
        &self,
        decoder: &'a mut Decoder<DATA, META>,
        remembered: &'a mut [u8],
    ) -> Source<'a>
    where
        'w: 'a,
    {
        let settings = &self.world.plan.settings;
        let request = Request {
            headers: &[("Authorization", TOKEN)],
            max_redirects: settings.max_redirects,
            ..Request::get(Url::parse(server::url(self.world.plan)).expect("a valid URL"))
        };
        let source = EventSource::new(request, settings.policy, settings.jitter_seed, decoder);
        let mut source = source.expect("a valid header").with_hooks(Ear {
            world: self.world,
            bug: self.bug,
        });
        if settings.remembers {
            source.remember_permanent_redirects(remembered);
        }
        source
    }

    /// The power is lost, perhaps while the ID is written. Returns when the device boots again.
    pub fn lose_power(&self, torn: Option<u64>, off: Ms) -> Duration {
        if let Some(words) = torn {
            let id = self.finished.borrow().clone();
            self.memory.borrow_mut().lose_power_after(words);
            let is_stored = self.memory.borrow_mut().set_last_event_id(&id);
            self.world.tell(match is_stored {
                true => Entry::Stored(id),
                false => Entry::Torn(id),
            });
        }
        self.world.tell(Entry::PowerLost);
        let memory = self.memory.replace(Memory::new(Flash::new()));
        self.memory.replace(memory.reboot());
        self.world.now() + ms(off)
    }

    /// Stores the time that the server asked for. Call this when the loop has returned.
    pub fn keep_time(&self, source: &Source<'_>) {
        let time = source.decoder().reconnection_time();
        let mut memory = self.memory.borrow_mut();
        if let Some(time) = time
            && memory.reconnection_time() != Some(time)
        {
            assert!(memory.set_reconnection_time(time), "the power is on");
        }
    }

    fn store(&self) {
        let mut id = self.finished.borrow().clone();
        if self.has(Bug::StoresTheIdTooEarly)
            && let Some(number) = number_of(&id)
        {
            id = id_of(number + 1);
        }
        self.unstored.set(0);
        assert!(
            self.memory.borrow_mut().set_last_event_id(&id),
            "the power is on"
        );
        self.world.tell(Entry::Stored(id));
    }

    // ---- interruptions ----

    /// The next interruption that is due now.
    pub fn interruption(&self) -> Option<Interruption> {
        let (index, at, interruption) = self.next()?;
        (at <= self.world.now_ms()).then(|| {
            self.interrupted.set(index + 1);
            self.world.fire(index);
            interruption
        })
    }

    /// The time of the next interruption, or of the end of the simulation.
    pub fn interrupted_at(&self) -> Duration {
        let next = self.next().map_or(self.world.plan.end, |(_, at, _)| {
            at.min(self.world.plan.end)
        });
        ms(next)
    }

    pub fn is_interrupted(&self) -> bool {
        self.interrupted_at() <= self.world.now()
    }

    pub fn is_about_to_sleep(&self) -> bool {
        matches!(self.next(), Some((_, _, Interruption::Sleep { .. })))
    }

    fn next(&self) -> Option<(usize, Ms, Interruption)> {
        let faults = self.world.plan.faults.iter().enumerate();
        let mut rest = faults.skip(self.interrupted.get());
        rest.find_map(|(index, fault)| {
            let until = fault.end();
            let interruption = match fault.kind {
                Kind::Reboot { torn, off } => Interruption::Reboot { torn, off },
                Kind::Sleep { .. } => Interruption::Sleep { until },
                Kind::Drop { .. } => Interruption::Drop { until },
                Kind::Restarted => Interruption::Restart,
                _ => return None,
            };
            Some((index, fault.at, interruption))
        })
    }

    // ---- items ----

    pub fn item(&self, item: Item<'_>) -> Reaction {
        if let Item::Event(event) = item {
            self.events.set(self.events.get() + 1);
            self.finished.replace(event.last_event_id.to_owned());
            self.unstored.set(self.unstored.get() + 1);
        }
        self.tell(Told::new(item, |time| self.world.to_world(time)));
        let is_due = self.unstored.get() >= self.world.plan.settings.store_every;
        if is_due || matches!(item, Item::Lost(_)) && self.unstored.get() > 0 {
            self.store();
        }
        let slow = self.world.active(|kind| match kind {
            Kind::Slow { each, .. } => Some(each),
            _ => None,
        });
        let busy = ms(slow.unwrap_or_default());
        if !busy.is_zero() {
            self.world.tell(Entry::Busy(busy));
        }
        let breaks = !matches!(item, Item::Stopped(_)) && self.breaks();
        Reaction {
            busy_until: self.world.now() + busy,
            breaks,
        }
    }

    fn breaks(&self) -> bool {
        let faults = self.world.plan.faults.iter().enumerate();
        let mut rest = faults.skip(self.breaks.get());
        let now = self.world.now_ms();
        let due = rest.find(|(_, fault)| fault.kind == Kind::Break && fault.is_active(now));
        if let Some((index, _)) = due {
            self.world.fire(index);
            self.breaks.set(index + 1);
        }
        due.is_some()
    }

    /// Tells the checker, with the bug.
    fn tell(&self, told: Told) {
        let tell = |told| self.world.tell(Entry::Told(told));
        let is_event = matches!(&told, Told::Item(model::Item::Event { .. }));
        let is_unlucky = is_event && self.events.get() == UNLUCKY;
        match (self.bug, told) {
            (Some(Bug::LosesAnEvent), _) if is_unlucky => {}
            (Some(Bug::DoublesAnEvent), told) if is_unlucky => {
                tell(told.clone());
                tell(told);
            }
            (Some(Bug::SwapsTwoEvents), told) if is_unlucky => {
                self.held.replace(Some(told));
            }
            (
                Some(Bug::ChangesAnEvent),
                Told::Item(model::Item::Event {
                    event_type,
                    data,
                    last_event_id,
                }),
            ) if is_unlucky => tell(Told::Item(model::Item::Event {
                event_type,
                data: data + "!",
                last_event_id,
            })),
            (Some(Bug::ReportsALossTwice), told @ Told::Lost { .. }) => {
                tell(told.clone());
                tell(told);
            }
            (Some(Bug::HidesALoss), Told::Lost { .. }) => {}
            (Some(Bug::HidesTheOpening), Told::Open(_)) => {}
            (
                Some(Bug::CallsACutAnEnd),
                Told::Lost {
                    cause: LossCause::CutOff,
                    delay,
                    until,
                    failures,
                },
            ) => tell(Told::Lost {
                cause: LossCause::End,
                delay,
                until,
                failures,
            }),
            (_, told) => tell(told),
        }
        if is_event && !is_unlucky {
            self.held.take().map(tell);
        }
    }
}
