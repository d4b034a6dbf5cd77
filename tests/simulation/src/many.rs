//! Many seeds, on all processors, with progress.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use embedded_sse::Decoder;

use crate::checker::Spread;
use crate::device::{DATA, META, Source};
use crate::drivers::Driver;
use crate::plan::{Kind, Plan};
use crate::runner::{Failure, try_plan};

/// After this many failures, more of them would tell nothing new.
const MOST_FAILURES: usize = 20;

/// With so many seeds, each kind of fault must have had an effect with each driver.
const ENOUGH: u64 = 1000;

/// Whether there are enough failures, or somebody has asked for the end.
static IS_STOPPED: AtomicBool = AtomicBool::new(false);

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
    /// In how many seeds each kind of fault had an effect, with each driver.
    covered: BTreeMap<(String, Driver), u64>,
    spread: Spread,
}

/// Runs the job, and prints the failures and the coverage. Returns whether all is well.
pub fn run(job: &Job) -> bool {
    let next = AtomicU64::new(0);
    let stop = || {
        IS_STOPPED.store(true, Ordering::Relaxed);
        eprintln!(" stops after the current seeds");
    };
    ctrlc::set_handler(stop).expect("a process has one job");
    let report = Mutex::new(Report::default());
    let start = Instant::now();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let is_terminal = stderr().is_terminal();
    let pause = Duration::from_millis(if is_terminal { 200 } else { 60_000 });
    thread::scope(|scope| {
        let workers: Vec<_> = (0..processors)
            .map(|_| scope.spawn(|| work(job, &next, &report)))
            .collect();
        let mut shown = Instant::now();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(50));
            if job.time.is_some_and(|time| start.elapsed() >= time) {
                IS_STOPPED.store(true, Ordering::Relaxed);
            }
            if shown.elapsed() >= pause {
                shown = Instant::now();
                show(job, start, &lock(&report), is_terminal);
            }
        }
    });
    clear_bar();
    conclude(job, start, &lock(&report))
}

fn work(job: &Job, next: &AtomicU64, report: &Mutex<Report>) {
    while !is_stopped() {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if job.count.is_some_and(|count| index >= count) {
            return;
        }
        let mut failures: Vec<Failure> = Vec::new();
        for driver in &job.drivers {
            let mut plan = Plan::new(job.from + index);
            let result = try_plan(&mut plan, *driver, "").result;
            let mut report = lock(report);
            let fired = plan.faults.iter().filter(|fault| fault.has_fired());
            let kinds: BTreeSet<_> = fired.map(|fault| fault.kind.name()).collect();
            for kind in kinds {
                *report.covered.entry((kind, *driver)).or_default() += 1;
            }
            match result {
                Ok(spread) => report.spread.merge(&spread),
                Err(violation) => {
                    let rule = violation.rule;
                    let mut others = failures.iter_mut();
                    match others.find(|other| other.violation.rule == rule) {
                        Some(same) => same.drivers.push(*driver),
                        None => failures.push(Failure::new(&plan, *driver, violation)),
                    }
                }
            }
        }
        failures.iter_mut().for_each(Failure::reduce);
        let mut report = lock(report);
        report.seeds += 1;
        for failure in failures {
            if report.failures.len() < MOST_FAILURES {
                clear_bar();
                println!("{failure}");
                report.failures.push(failure);
            }
        }
        if report.failures.len() >= MOST_FAILURES {
            IS_STOPPED.store(true, Ordering::Relaxed);
        }
    }
}

fn is_stopped() -> bool {
    IS_STOPPED.load(Ordering::Relaxed)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic while the report is written")
}

/// A line about the progress, with a bar on a terminal.
fn show(job: &Job, start: Instant, report: &Report, is_terminal: bool) {
    let elapsed = start.elapsed();
    let per_second = report.seeds as f64 / elapsed.as_secs_f64();
    let share = match (job.count, job.time) {
        (Some(count), _) => report.seeds as f64 / count.max(1) as f64,
        (None, Some(time)) => elapsed.as_secs_f64() / time.as_secs_f64(),
        (None, None) => 0.0,
    };
    let mut kinds: Vec<_> = report.covered.keys().map(|(kind, _)| kind).collect();
    kinds.dedup();
    let text = format!(
        "{} seeds, {per_second:.0} per second, {} of {} kinds of faults covered, {} failures",
        report.seeds,
        kinds.len(),
        Kind::names(true).len(),
        report.failures.len()
    );
    let percent = share.clamp(0.0, 1.0) * 100.0;
    if is_terminal {
        let full = (percent / 5.0) as usize;
        let bar = "#".repeat(full) + &"-".repeat(20 - full);
        eprint!("\r\x1b[K[{bar}] {percent:3.0} % {text}");
        let _shown = stderr().flush();
    } else {
        eprintln!("{percent:3.0} % {text}");
    }
}

fn clear_bar() {
    if stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}

/// Prints the result. Returns whether all is well.
fn conclude(job: &Job, start: Instant, report: &Report) -> bool {
    let mut is_good = report.failures.is_empty();
    print!("{:10}", "fault");
    job.drivers
        .iter()
        .for_each(|driver| print!("{:>9}", format!("{driver:?}")));
    println!("  (the seeds in which it had an effect)");
    let mut missing = Vec::new();
    for kind in Kind::names(true) {
        print!("{kind:10}");
        for driver in &job.drivers {
            let is_possible = driver.has_packets() || Kind::names(false).contains(&kind);
            let count = report.covered.get(&(kind.clone(), *driver));
            match count {
                Some(count) => print!("{count:>9}"),
                None if !is_possible => print!("{:>9}", "-"),
                None => {
                    print!("{:>9}", 0);
                    missing.push(format!("{kind} with {driver:?}"));
                }
            }
        }
        println!();
    }
    if report.seeds >= ENOUGH && !missing.is_empty() {
        println!("FAILED: faults without an effect: {}", missing.join(", "));
        is_good = false;
    }
    if let Some(gap) = report.spread.gap() {
        println!("FAILED: {gap}");
        is_good = false;
    }
    report.spread.print();
    let (source, decoder) = (size_of::<Source<'_>>(), size_of::<Decoder<DATA, META>>());
    println!(
        "memory: a source has {source} bytes, its decoder {decoder}, and nothing is allocated"
    );
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} seeds from {} with {:?}: {} failures, {seconds:.1} s, {:.0} seeds per second",
        report.seeds,
        job.from,
        job.drivers,
        report.failures.len(),
        report.seeds as f64 / seconds
    );
    is_good
}
