//! An executor with a simulated clock. Time passes only when no task can run.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use embassy::{Answer, Cable, Log, Medium, Net, Server, Source, dns, follow, source, tcp};
use embassy_net::Stack;
use embassy_time::{Duration, Instant, MockDriver};
use embedded_sse::embassy::TcpConnector;
use embedded_sse::{Policy, Stop};

/// The clock is global, so only one test at a time may use it.
static CLOCK: Mutex<()> = Mutex::new(());

const STEP: Duration = Duration::from_millis(10);

/// After this many rounds without any passing of time, the tasks count as an endless loop.
const MOST_ROUNDS: usize = 100_000;

pub struct World {
    pub client: Stack<'static>,
    pub server: Stack<'static>,
    pub cable: Rc<Cable>,
    tasks: RefCell<Vec<Task>>,
    _alone: MutexGuard<'static, ()>,
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
}

impl World {
    pub fn new() -> Self {
        Self::with(Medium::Ip, true)
    }

    pub fn with(medium: Medium, configured: bool) -> Self {
        let alone = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
        MockDriver::get().reset();
        let net = Net::new(medium, configured);
        let world = Self {
            client: net.client,
            server: net.server,
            cable: net.cable,
            tasks: RefCell::default(),
            _alone: alone,
        };
        for mut runner in net.runners {
            world.spawn(async move { runner.run().await });
        }
        for wire in net.wires {
            world.spawn(wire.run());
        }
        world
    }

    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        self.tasks.borrow_mut().push(Task {
            future: Box::pin(future),
            woken: Arc::default(),
        });
    }

    /// Spawns a server that does this.
    pub fn serve<F: Future<Output = ()> + 'static>(&self, deed: impl FnOnce(Server) -> F) {
        self.spawn(deed(Server::new(self.server, 80)));
    }

    /// Spawns a DNS server that answers each query with `answer`. Returns the log of queries.
    pub fn dns(&self, mut answer: impl FnMut(&str) -> Answer + 'static) -> Log {
        let questions = Log::default();
        let log = questions.clone();
        self.spawn(dns(self.server, move |name| {
            log.push(name.to_owned());
            answer(name)
        }));
        questions
    }

    /// Follows this URL until the source stops.
    pub fn follow(&self, url: &'static str, change: impl FnOnce(&mut Policy)) -> (Stop, Log) {
        let (mut tcp, mut source, log) = self.client(url, change);
        let stop = self.run(follow(&mut tcp, &mut source, &log));
        (stop, log)
    }

    pub fn client(
        &self,
        url: &'static str,
        change: impl FnOnce(&mut Policy),
    ) -> (TcpConnector<'static>, Source, Log) {
        (tcp(self.client), source(url, change), Log::default())
    }

    /// Runs all tasks until this future is done.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let output = self.run_for(2 * 24 * 3600, future);
        output.expect("a future that ends within two days")
    }

    /// Runs all tasks until this future is done. Drops it after this many seconds.
    pub fn run_for<F: Future>(&self, seconds: u64, future: F) -> Option<F::Output> {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut future = pin!(future);
        let woken = Arc::default();
        let mut rounds = 0;
        while Instant::now() < end {
            let mut idle = true;
            if let Some(result) = poll(future.as_mut(), &woken) {
                idle = false;
                if let Poll::Ready(output) = result {
                    return Some(output);
                }
            }
            self.tasks.borrow_mut().retain_mut(|task| {
                let result = poll(task.future.as_mut(), &task.woken);
                idle &= result.is_none();
                !matches!(result, Some(Poll::Ready(())))
            });
            rounds += 1;
            assert!(
                rounds < MOST_ROUNDS,
                "an endless loop at {}",
                Instant::now()
            );
            if idle {
                rounds = 0;
                MockDriver::get().advance(STEP);
            }
        }
        None
    }

    pub fn pass(&self, seconds: u64) {
        self.run_for(seconds, std::future::pending::<()>());
    }
}

/// Polls a future the first time, and whenever it was woken.
fn poll<F: Future + ?Sized>(future: Pin<&mut F>, woken: &Arc<Woken>) -> Option<Poll<F::Output>> {
    woken.0.swap(false, Ordering::Relaxed).then(|| {
        let waker = Waker::from(Arc::clone(woken));
        future.poll(&mut Context::from_waker(&waker))
    })
}

struct Woken(AtomicBool);

impl Default for Woken {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
