//! The clock of the client: that of the device, with the bugs of the control.

use std::cell::Cell;
use std::time::Duration;

use embedded_sse::io::Clock;

use crate::device::App;
use crate::plan::ms;

/// How late the bugs are that notice something late.
const LATE: Duration = ms(3_000);

pub struct ClientClock<'r, 'w, K> {
    pub app: &'r App<'w>,
    /// The clock of the device, which the application uses too.
    pub device: K,
    /// How much the client's clock is ahead.
    ahead: Cell<Duration>,
    /// A bug of the blocking loop: it does not ask after an item whether it must stop.
    pub asks_later: Cell<bool>,
}

impl<'r, 'w, K: Clock> ClientClock<'r, 'w, K> {
    pub fn new(app: &'r App<'w>, device: K) -> Self {
        Self {
            app,
            device,
            ahead: Cell::default(),
            asks_later: Cell::default(),
        }
    }
}

impl<K: Clock> Clock for ClientClock<'_, '_, K> {
    fn now(&self) -> Duration {
        self.app.world.turn();
        self.device.now() + self.ahead.get()
    }

    async fn sleep_until(&self, time: Duration) {
        let is_wait = self.app.waits_until.get() == Some(time);
        let until = match self.app.world.bug {
            "waits too short" if is_wait => {
                let half = time.saturating_sub(self.now()) / 2;
                self.ahead.update(|ahead| ahead + half);
                time
            }
            "waits too long" if is_wait => time + LATE,
            "gives up" if is_wait && self.app.gives_up() => Duration::MAX,
            "notices silence late" if !is_wait => time.saturating_add(LATE),
            "never notices silence" if !is_wait => Duration::MAX,
            "spins before each deadline" => time.saturating_sub(ms(1)),
            _ => time,
        };
        let until = until.saturating_sub(self.ahead.get());
        self.device.sleep_until(until).await;
    }
}
