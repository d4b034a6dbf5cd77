//! A device that sleeps between two attempts, may lose its power at any moment, and resumes after the
//! last event that it has processed.
//!
//! One run of this program is one life of the device, from boot to deep sleep. Its flash is a file:
//!
//! ```sh
//! while cargo run --example reboot -- flash.bin http://192.168.1.2/events; do :; done
//! ```

mod flash;

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use embedded_sse::io::{Clock, sse};
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Budget, Decoder, EventSource, Item, Policy, Request, StopReason, Url};
use flash::{Flash, Memory};

/// The ID is written after this many events. With fewer writes, more events come again after a crash.
const EVENTS_A_WRITE: u32 = 8;

/// The limit on attempts per hour. It holds even for a device that crashes again and again.
const BUDGET: Budget = Budget::per_hour(NonZero::new(20).unwrap());

#[tokio::main(flavor = "local")]
async fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(file), Some(url), None) = (args.next(), args.next(), args.next()) else {
        eprintln!("usage: reboot FLASH_FILE URL");
        return ExitCode::from(2);
    };
    if let Err(error) = live(file.into(), &url.to_string_lossy()).await {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn live(file: PathBuf, url: &str) -> Result<(), Box<dyn Error>> {
    let request = Request::get(Url::parse(url)?);
    let mut memory = Memory::new(Flash::open(file)?);

    // If something else than the timer woke the device, it goes back to sleep: a thousand devices whose
    // power returns must not all connect at once.
    let (wake_at, delay, failures) = memory.sleep().await.map_err(no_flash)?;
    // The clock may have lost power too and be behind, so the sleep is limited.
    tokio::time::sleep(wake_at.saturating_sub(unix_time()).min(delay)).await;

    let mut decoder: Decoder<4096> = Decoder::new();
    let id = memory.last_event_id().await.map_err(no_flash)?;
    if let Err(invalid) = decoder.set_last_event_id(&id) {
        // Do not return an error: after each reboot, the same ID would fail again.
        eprintln!("all events come again: {invalid}");
    }
    let retry = memory.reconnection_time().await.map_err(no_flash)?;
    if let Some(retry) = retry {
        decoder.set_reconnection_time(retry);
    }
    let policy = Policy {
        // Two or three times the interval of the server's heartbeat. Without it, a silent server is
        // never given up.
        idle_timeout: Some(Duration::from_secs(100)),
        ..Policy::DEFAULT
    };
    // On a device, use its random number generator or its serial number.
    let seed = RandomState::new().hash_one(()) as u32;
    let mut source = EventSource::new(request, policy, seed, &mut decoder)?;
    source.set_failures(failures);

    // This clock starts at 0 after each boot.
    let clock = TokioTime::new();
    let used = memory.budget_used().await.map_err(no_flash)?;
    let mut budget = BUDGET.after_reboot(used, Duration::ZERO);
    let connect_at = budget.reserve(Duration::ZERO);
    if !connect_at.is_zero() {
        println!("too many connects: the next in {connect_at:?}");
        clock.sleep_until(connect_at).await;
    }
    // Store it before the attempt. Otherwise an attempt that ends in a crash would not count.
    memory.set_budget_used(budget.used(connect_at)).await;

    let (mut finished, mut unwritten) = (String::new(), 0);
    let on_item = async |item: Item<'_>| {
        match item {
            Item::Event(event) => {
                println!("{} {}", event.last_event_id, event.data);
                // Only now, when the event has been processed.
                event.last_event_id.clone_into(&mut finished);
                unwritten += 1;
                if unwritten == EVENTS_A_WRITE {
                    unwritten = 0;
                    memory.set_last_event_id(&finished).await;
                }
            }
            Item::Lost(wait) => {
                if unwritten > 0 {
                    memory.set_last_event_id(&finished).await;
                }
                // A server's `Retry-After` can be any number, so this must not overflow.
                let wake_at = unix_time().saturating_add(wait.delay);
                memory.set_sleep(wake_at, wait.delay, wait.failures).await;
                // As of the end of the sleep, because the next life begins with the rest of the sleep.
                memory.set_budget_used(budget.used(wait.until)).await;
                let (cause, delay, failures) = (wait.cause, wait.delay, wait.failures);
                println!("lost: {cause}; asleep for {delay:?} (failure {failures})");
                return ControlFlow::Break(());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let stop = sse(
        &mut TcpConnector::new(),
        &clock,
        &mut source,
        &mut [0; 1460],
        on_item,
    )
    .await;
    // Most servers send the same value each time, so write only a new one.
    if let Some(asked) = source.decoder().reconnection_time()
        && Some(asked) != retry
    {
        memory.set_reconnection_time(asked).await;
    }
    match stop.reason {
        StopReason::Closed => {}
        StopReason::NoContent => println!("{stop}"),
        _ => return Err(stop.into()),
    }
    Ok(())
}

fn no_flash(error: impl std::fmt::Debug) -> String {
    format!("the flash cannot be read: {error:?}")
}

/// The time of a clock that keeps running during deep sleep.
fn unix_time() -> Duration {
    UNIX_EPOCH.elapsed().unwrap_or_default()
}
