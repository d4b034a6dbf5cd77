//! Many seeds, on all processors, with progress.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::drivers::Driver;
use crate::runner::{Failure, try_seed};

/// After this many failures, more of them would tell nothing new.
const MOST_FAILURES: usize = 20;

/// What to run.
#[derive(Clone, Debug)]
pub struct Job {
    pub from: u64,
    /// The number of seeds, if it is limited.
    pub count: Option<u64>,
    /// For how long, if that is limited.
    pub time: Option<Duration>,
    pub drivers: Vec<Driver>,
}

#[derive(Debug, Default)]
struct Report {
    seeds: u64,
    failures: Vec<Failure>,
    /// In how many seeds each kind of fault had an effect.
    covered: BTreeMap<String, u64>,
}

/// Runs the job, and prints the failures and the coverage. Returns whether all seeds passed.
pub fn run(job: &Job) -> bool {
    let next = AtomicU64::new(0);
    let is_stopped = AtomicBool::new(false);
    let report = Mutex::new(Report::default());
    let start = Instant::now();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..processors)
            .map(|_| scope.spawn(|| work(job, &next, &is_stopped, &report)))
            .collect();
        let mut shown = Instant::now();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(50));
            if job.time.is_some_and(|time| start.elapsed() >= time) {
                is_stopped.store(true, Ordering::Relaxed);
            }
            let pause = match stderr().is_terminal() {
                true => Duration::from_millis(200),
                false => Duration::from_secs(60),
            };
            if shown.elapsed() >= pause {
                shown = Instant::now();
                show(job, start, &lock(&report));
            }
        }
    });
    let report = lock(&report);
    if stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    conclude(job, start, &report);
    report.failures.is_empty()
}

fn work(job: &Job, next: &AtomicU64, is_stopped: &AtomicBool, report: &Mutex<Report>) {
    while !is_stopped.load(Ordering::Relaxed) {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if job.count.is_some_and(|count| index >= count) {
            return;
        }
        let (failures, fired) = try_seed(job.from + index, &job.drivers);
        let mut report = lock(report);
        report.seeds += 1;
        for name in fired {
            *report.covered.entry(name).or_default() += 1;
        }
        for failure in failures {
            println!("{failure}");
            report.failures.push(failure);
        }
        if report.failures.len() >= MOST_FAILURES {
            is_stopped.store(true, Ordering::Relaxed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no panic while the report is written")
}

/// A line about the progress, or a bar on a terminal.
fn show(job: &Job, start: Instant, report: &Report) {
    let elapsed = start.elapsed();
    let per_second = report.seeds as f64 / elapsed.as_secs_f64();
    let share = match (job.count, job.time) {
        (Some(count), _) => report.seeds as f64 / count.max(1) as f64,
        (None, Some(time)) => elapsed.as_secs_f64() / time.as_secs_f64(),
        (None, None) => 0.0,
    };
    let text = format!(
        "{} seeds, {per_second:.0} per second, {} kinds of faults covered, {} failures",
        report.seeds,
        report.covered.len(),
        report.failures.len()
    );
    if stderr().is_terminal() {
        let full = (share.clamp(0.0, 1.0) * 20.0) as usize;
        let bar = format!("{}{}", "#".repeat(full), "-".repeat(20 - full));
        eprint!("\r\x1b[K[{bar}] {:3.0} % {text}", share * 100.0);
        let _shown = stderr().flush();
    } else {
        eprintln!("{:3.0} % {text}", share * 100.0);
    }
}

fn conclude(job: &Job, start: Instant, report: &Report) {
    let mut line = "covered:".to_owned();
    for (name, count) in &report.covered {
        line += &format!(" {name} {count}");
    }
    println!("{line}");
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} seeds from {} with {:?}: {} failures, {seconds:.1} s, {:.0} seeds per second",
        report.seeds,
        job.from,
        job.drivers,
        report.failures.len(),
        report.seeds as f64 / seconds
    );
}
