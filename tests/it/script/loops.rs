//! The ready loops: `sse`, sessions, and the blocking one.

use std::ops::ControlFlow;

use embedded_sse::hooks::Hooks;
use embedded_sse::io::{NoSession, Session, sse};
use embedded_sse::{EventSource, Item, Stop, StopReason, blocking, io};

use super::app::{App, Command};

pub async fn run_sse<const DATA: usize, const CHUNK: usize, H: Hooks>(
    app: &App<'_>,
    dialer: &mut impl io::Connect,
    source: &mut EventSource<'_, DATA, 64, H>,
    chunk: &mut [u8; CHUNK],
) {
    loop {
        let on_item = async |item: Item<'_>| {
            let flow = flow(app.item(item));
            app.world.sleep(app.busy_until()).await;
            flow
        };
        let stop = sse(dialer, app.world, source, chunk, on_item).await;
        if !app.goes_on(stop, source) {
            return;
        }
    }
}

pub async fn run_sessions<const DATA: usize, const CHUNK: usize, H: Hooks>(
    app: &App<'_>,
    dialer: &mut impl io::Connect,
    source: &mut EventSource<'_, DATA, 64, H>,
    chunk: &mut [u8; CHUNK],
) {
    loop {
        let stop = sessions(app, dialer, source, chunk).await;
        if !app.goes_on(stop, source) {
            return;
        }
    }
}

async fn sessions<const DATA: usize, const CHUNK: usize, H: Hooks>(
    app: &App<'_>,
    dialer: &mut impl io::Connect,
    source: &mut EventSource<'_, DATA, 64, H>,
    chunk: &mut [u8; CHUNK],
) -> Stop {
    loop {
        let none = match Session::open(dialer, app.world, source, chunk).await {
            Ok(mut session) => {
                assert!(session.head().is_some());
                while let Some(item) = session.next().await {
                    let flow = flow(app.item(item));
                    app.world.sleep(app.busy_until()).await;
                    if flow.is_break() {
                        session.close();
                    }
                }
                assert!(session.head().is_none());
                continue;
            }
            Err(none) => none,
        };
        match none {
            NoSession::Redirect => {}
            NoSession::Wait(wait) => {
                let flow = flow(app.item(Item::Lost(wait)));
                app.world.sleep(app.busy_until()).await;
                if flow.is_break() {
                    source.close();
                } else {
                    app.world.sleep(wait.until).await;
                }
            }
            NoSession::Stop(stop) => {
                // `goes_on` logs the stop of a close, if the close is not part of a restart.
                if stop.reason != StopReason::Closed {
                    app.item(Item::Stopped(stop));
                }
                return stop;
            }
        }
    }
}

pub fn run_blocking<const DATA: usize, const CHUNK: usize, H: Hooks>(
    app: &App<'_>,
    dialer: &mut impl blocking::Connect,
    source: &mut EventSource<'_, DATA, 64, H>,
    chunk: &mut [u8; CHUNK],
) {
    loop {
        let on_item = |item: Item<'_>| {
            let flow = flow(app.item(item));
            app.world.pass_until(app.busy_until());
            flow
        };
        let stop = blocking::sse(dialer, app.world, source, chunk, on_item);
        if !app.goes_on(stop, source) {
            return;
        }
    }
}

fn flow(command: Option<Command>) -> ControlFlow<()> {
    match command {
        Some(_) => ControlFlow::Break(()),
        None => ControlFlow::Continue(()),
    }
}
