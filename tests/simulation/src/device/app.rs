//! The application: it takes the items, stores the ID, and misbehaves as the plan says.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use embedded_sse::{Decoder, EventSource, Item, LossCause, Request, TooLong, Url};

use super::ear::Ear;
use super::flash::{Flash, Memory};
use super::tamper::Tamper;
use crate::checker::model;
use crate::memory;
use crate::network::World;
use crate::plan::{Fault, Kind, Method, id_of, ms, number_of};
use crate::server::{BODY, TOKEN};
use crate::trace::{Entry, Told};

/// The sizes of the client. Some events and heads of the server do not fit.
pub const DATA: usize = 512;
pub const META: usize = 32;
pub const CHUNK: usize = 200;

pub type Source<'a> = EventSource<'a, DATA, META, Ear<'a>>;

/// The bugs that concern one event concern this one.
const UNLUCKY: usize = 3;

pub struct App<'w> {
    pub world: &'w World<'w>,
    pub tamper: RefCell<Tamper>,
    memory: RefCell<Memory>,
    /// The ID of the last event that was processed.
    finished: RefCell<String>,
    unstored: Cell<u64>,
    /// The faults before this one have interrupted the device.
    interrupted: Cell<usize>,
    breaks: Cell<usize>,
    events: Cell<usize>,
    losses: Cell<usize>,
    held: RefCell<Option<Told>>,
    /// The loss that was told last.
    last_loss: RefCell<Option<Told>>,
    /// The end of the wait that the application knows of.
    pub waits_until: Cell<Option<Duration>>,
}

/// How the application reacts to an item.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    pub busy_until: Duration,
    pub breaks: bool,
}

impl<'w> App<'w> {
    pub fn new(world: &'w World<'w>) -> Self {
        Self {
            world,
            tamper: RefCell::new(Tamper::new(world.bug)),
            memory: RefCell::new(Memory::new(Flash::new())),
            finished: RefCell::default(),
            unstored: Cell::new(0),
            interrupted: Cell::new(0),
            breaks: Cell::new(0),
            events: Cell::new(0),
            losses: Cell::new(0),
            held: RefCell::default(),
            last_loss: RefCell::default(),
            waits_until: Cell::new(None),
        }
    }

    pub fn has(&self, bug: &str) -> bool {
        self.world.bug == bug
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
        let world = self.world;
        let settings = &world.plan.settings;
        let url = Url::parse(&world.url).expect("a valid URL");
        let request = Request {
            headers: &[("Authorization", TOKEN)],
            max_redirects: settings.max_redirects,
            repeatable: settings.request == Method::RepeatablePost,
            resume_by_get: settings.request == Method::ResumedPost,
            ..match settings.request {
                Method::Get => Request::get(url),
                _ => Request::post(url, BODY),
            }
        };
        let mut policy = settings.policy;
        if self.has("takes no idle timeout for 60 s") {
            policy.idle_timeout = policy.idle_timeout.or(Some(ms(60_000)));
        }
        let source = EventSource::new(request, policy, settings.jitter_seed, decoder);
        let mut source = source.expect("a valid header").with_hooks(Ear(world));
        if settings.remembers {
            source.remember_permanent_redirects(remembered);
        }
        source
    }

    /// The power is lost, perhaps after some words of a write of the ID.
    pub fn lose_power(&self, torn: Option<u64>) {
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
    }

    /// Stores the time that the server asked for. Call this when the loop has returned.
    pub fn keep_time(&self, source: &Source<'_>) {
        memory::world(|| {
            let time = source.decoder().reconnection_time();
            let mut memory = self.memory.borrow_mut();
            if let Some(time) = time
                && memory.reconnection_time() != Some(time)
            {
                assert!(memory.set_reconnection_time(time), "the power is on");
            }
        });
    }

    fn store(&self) {
        let mut id = self.finished.borrow().clone();
        if self.has("stores the ID too early")
            && let Some(number) = number_of(&id)
        {
            id = id_of(number + 1);
        }
        self.unstored.set(0);
        let is_stored = self.memory.borrow_mut().set_last_event_id(&id);
        assert!(is_stored, "the power is on");
        self.world.tell(Entry::Stored(id));
    }

    /// The application restarts a source that has stopped.
    pub fn restart(&self, source: &mut Source<'_>) {
        self.keep_time(source);
        source.restart();
        if !self.has("goes on after a stop") {
            self.world.tell(Entry::Restarted);
        }
    }

    // ---- interruptions ----

    /// What interrupts the application now.
    pub fn interruption(&self) -> Option<&'w Fault> {
        let (index, fault) = self.next()?;
        (ms(fault.at) <= self.world.now()).then(|| {
            self.interrupted.set(index + 1);
            fault.fire();
            fault
        })
    }

    /// The time of the next interruption, or of the end of the simulation.
    pub fn interrupted_at(&self) -> Duration {
        let end = ms(self.world.plan.end);
        self.next().map_or(end, |(_, fault)| ms(fault.at).min(end))
    }

    pub fn is_interrupted(&self) -> bool {
        self.interrupted_at() <= self.world.now()
    }

    /// If the device must sleep now, returns until when.
    pub fn sleeps_until(&self) -> Option<Duration> {
        let (_, fault) = self.next()?;
        let is_due = fault.kind == Kind::Sleep && self.is_interrupted();
        is_due.then(|| self.interruption().map(|fault| ms(fault.end())))?
    }

    fn next(&self) -> Option<(usize, &'w Fault)> {
        let faults = self.world.plan.faults.iter().enumerate();
        let mut rest = faults.skip(self.interrupted.get());
        rest.find(|(_, fault)| {
            use Kind::{Drop, Reboot, Restarted, Sleep};
            matches!(fault.kind, Reboot(_) | Sleep | Drop | Restarted)
        })
    }

    // ---- items ----

    pub fn item(&self, item: Item<'_>) -> Reaction {
        memory::world(|| self.take(item))
    }

    fn take(&self, item: Item<'_>) -> Reaction {
        let world = self.world;
        if let Item::Event(event) = item {
            self.events.set(self.events.get() + 1);
            self.finished.replace(event.last_event_id.to_owned());
            self.unstored.set(self.unstored.get() + 1);
        }
        if let Item::Lost(wait) = item {
            self.losses.set(self.losses.get() + 1);
            self.waits_until.set(Some(wait.until));
        }
        self.tell(Told::new(item, |time| world.to_world(time)));
        let is_due = self.unstored.get() >= world.plan.settings.store_every;
        if is_due || matches!(item, Item::Lost(_)) && self.unstored.get() > 0 {
            self.store();
        }
        let busy = world.plan.active(world.now_ms(), |fault| match fault.kind {
            Kind::Slow(each) => Some(ms(each)),
            _ => None,
        });
        if let Some(busy) = busy {
            world.tell(Entry::Busy(busy));
        }
        Reaction {
            busy_until: world.now() + busy.unwrap_or_default(),
            breaks: !matches!(item, Item::Stopped(_)) && self.breaks(),
        }
    }

    fn breaks(&self) -> bool {
        let faults = self.world.plan.faults.iter().enumerate();
        let mut rest = faults.skip(self.breaks.get());
        let now = self.world.now_ms();
        let due = rest.find(|(_, fault)| fault.kind == Kind::Break && fault.is_active(now));
        due.inspect(|(index, fault)| {
            fault.fire();
            self.breaks.set(index + 1);
        })
        .is_some()
    }

    /// Tells the checker, with the bug.
    fn tell(&self, mut told: Told) {
        let tell = |told: &Told| self.world.tell(Entry::Told(told.clone()));
        let is_event = matches!(&told, Told::Item(model::Item::Event { .. }));
        let is_unlucky = is_event && self.events.get() == UNLUCKY;
        let mut count = 1;
        match (self.world.bug, &mut told) {
            ("loses an event", _) if is_unlucky => count = 0,
            ("doubles an event", _) if is_unlucky => count = 2,
            ("swaps two events", told) if is_unlucky => {
                self.held.replace(Some(told.clone()));
                count = 0;
            }
            ("changes an event", Told::Item(model::Item::Event { data, .. })) if is_unlucky => {
                data.push('!');
            }
            ("has a capacity of one byte less", told) => {
                if let Told::Item(model::Item::Event { data, .. }) = told
                    && data.len() == DATA
                {
                    let too_long = TooLong::Data { len: DATA };
                    *told = Told::Item(model::Item::TooLong(too_long));
                }
            }
            ("hides the opening", Told::Open(_)) => count = 0,
            ("hides a loss", Told::Lost(_)) => count = 0,
            ("panics at a loss", Told::Lost(wait)) => panic!("{wait:?}"),
            ("reports a loss twice", Told::Lost(_)) => count = 2,
            ("calls a cut an end", Told::Lost(wait)) if wait.cause == LossCause::CutOff => {
                wait.cause = LossCause::End;
            }
            ("forgets the loss of a dropped future", told @ Told::Lost(_)) => {
                let last = self.last_loss.replace(Some(told.clone()));
                count = usize::from(last.as_ref() != Some(told));
            }
            _ => {}
        }
        for _ in 0..count {
            tell(&told);
        }
        if is_event && !is_unlucky {
            self.held.take().as_ref().map(tell);
        }
    }

    /// Whether the client is to wait for ever.
    pub fn gives_up(&self) -> bool {
        self.has("gives up") && self.losses.get() >= 3
    }
}
