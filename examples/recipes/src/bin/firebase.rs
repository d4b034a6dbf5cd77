//! Prints each change below a path of a Firebase Realtime Database. See `docs/recipes/firebase.md`.

use std::env;
use std::error::Error;
use std::fs;
use std::ops::ControlFlow::{Break, Continue};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use embedded_sse::hooks::{self, Heartbeat};
use embedded_sse::std_net::StdTime;
use embedded_sse::{Decoder, Draft, EventSource, Item, Policy, Request, StopReason, Url, blocking};
use recipes::{Net, printable};
use serde_json::value::RawValue;

/// The data of `put` and `patch`.
#[derive(serde::Deserialize)]
struct Change<'a> {
    path: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

fn main() -> ExitCode {
    recipes::run(follow)
}

fn follow() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: firebase URL/PATH.json")?;
    let token_file = env::var("FIREBASE_TOKEN_FILE").map_err(|_| "set FIREBASE_TOKEN_FILE")?;
    let mut token = read_token(&token_file)?;
    // Each attempt reads the newest token. Another program renews the file in time.
    let sign_in = hooks::before_connect(|draft: &mut Draft<'_>| {
        match read_token(&token_file) {
            Ok(newest) => token = newest,
            Err(problem) => eprintln!("the last token is sent again: {problem}"),
        }
        let path = draft.url().path_and_query();
        let separator = if path.contains('?') { '&' } else { '?' };
        if let Err(invalid) = draft.set_path(format_args!("{path}{separator}auth={token}")) {
            eprintln!("no token is sent: {invalid}");
        }
    });
    // How often a `keep-alive` comes is not documented, so learn it.
    let heartbeat = Heartbeat::new(Duration::from_secs(60), Duration::from_secs(180));
    let mut decoder: Decoder<262144> = Decoder::new();
    let request = Request::get(Url::parse(&url)?);
    let mut source = EventSource::new(request, Policy::DEFAULT, recipes::seed(), &mut decoder)?
        .with_hooks((sign_in, heartbeat));
    let (clock, mut chunk) = (StdTime::new(), [0; 4096]);
    let mut net = Net::new(&clock);
    loop {
        let mut cancelled = None;
        let stop = blocking::sse(&mut net, &clock, &mut source, &mut chunk, |item| {
            match item {
                Item::Event(event) => match event.event_type {
                    kind @ ("put" | "patch") => match serde_json::from_str::<Change>(event.data) {
                        Ok(Change { path, data }) => {
                            let (path, data) = (printable(path), printable(data));
                            println!("{kind} {path} {data}");
                        }
                        Err(invalid) => eprintln!("skipped a change: {}", printable(invalid)),
                    },
                    // The token has expired. Break, then restart with a new one.
                    "auth_revoked" => {
                        eprintln!("the token has expired: {}", printable(event.data));
                        return Break(());
                    }
                    "cancel" => {
                        cancelled = Some(event.data.to_owned());
                        return Break(());
                    }
                    _ => {}
                },
                Item::TooLong(part) => eprintln!("skipped a change: {part}"),
                Item::Lost(wait) => eprintln!("lost: {wait}"),
                _ => {}
            }
            Continue(())
        });
        if let Some(reason) = cancelled {
            return Err(format!("the database cancelled the stream: {reason}").into());
        }
        if stop.reason != StopReason::Closed {
            return Err(recipes::refusal(stop, source.response()));
        }
        // A token that is revoked at once must not lead to a busy loop.
        thread::sleep(Duration::from_secs(3));
        source.restart();
    }
}

/// Reads the token, or says why there is none. A file that is being written may be empty.
fn read_token(file: &str) -> Result<String, String> {
    let token = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    match token.trim() {
        "" => Err(format!("{file}: the file is empty")),
        token => Ok(token.to_owned()),
    }
}
