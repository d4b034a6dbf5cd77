//! Prints each change of a state in Home Assistant. See `docs/recipes/home-assistant.md`.

use std::env;
use std::error::Error;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use embedded_sse::std_net::StdTime;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Url, Verdict, blocking, hooks};
use recipes::{Net, printable};

#[derive(serde::Deserialize)]
struct StateChanged<'a> {
    #[serde(borrow)]
    data: Change<'a>,
}

#[derive(serde::Deserialize)]
struct Change<'a> {
    entity_id: &'a str,
    /// Missing if the entity is new.
    old_state: Option<State>,
    /// Missing if the entity was removed.
    new_state: Option<State>,
}

#[derive(serde::Deserialize)]
struct State {
    state: String,
}

fn main() -> ExitCode {
    recipes::run(follow)
}

fn follow() -> Result<(), Box<dyn Error>> {
    let base = env::args().nth(1).ok_or("usage: home_assistant URL")?;
    let base = base.trim_end_matches('/');
    let token = env::var("HA_TOKEN").map_err(|_| "set HA_TOKEN to a long-lived access token")?;
    let (url, bearer) = (
        format!("{base}/api/stream?restrict=state_changed"),
        format!("Bearer {token}"),
    );
    let request = Request {
        headers: &[("Authorization", &bearer)],
        ..Request::get(Url::parse(&url)?)
    };
    let policy = Policy {
        // The server is your own and has few clients.
        reconnection_time: Duration::from_secs(1),
        // A ping comes every 50 s.
        idle_timeout: Some(Duration::from_secs(120)),
        ..Policy::DEFAULT
    };
    let mut decoder: Decoder<65536> = Decoder::new();
    // While Home Assistant starts, its web server may not know the path yet. A wrong URL stays unknown.
    let mut unknown = 0;
    let starting = hooks::judge(move |head, verdict| {
        unknown = if head.status() == 404 { unknown + 1 } else { 0 };
        match unknown {
            1..=3 => Verdict::Retry,
            _ => verdict,
        }
    });
    let mut source =
        EventSource::new(request, policy, recipes::seed(), &mut decoder)?.with_hooks(starting);
    let (clock, mut chunk) = (StdTime::new(), [0; 4096]);
    let mut net = Net::new(&clock);
    let stop = blocking::sse(&mut net, &clock, &mut source, &mut chunk, |item| {
        match item {
            Item::Open(_) => eprintln!("connected; changes before this moment were not sent"),
            Item::Event(event) if event.data == "ping" => {}
            Item::Event(event) => match event.json::<StateChanged>() {
                Ok(StateChanged { data }) => show(&data),
                Err(invalid) => eprintln!("skipped an event: {invalid}"),
            },
            Item::TooLong(part) => eprintln!("skipped an event: {part}"),
            Item::Lost(wait) => eprintln!("lost: {wait}"),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    match source.response() {
        Some((head, _)) if head.status() == 401 => {
            Err("the token is wrong, or its user is not an administrator (401)".into())
        }
        response => Err(recipes::refusal(stop, response)),
    }
}

fn show(change: &Change<'_>) {
    let state = |state: &Option<State>| match state {
        Some(State { state }) => printable(state),
        None => "none".into(),
    };
    let (old, new) = (state(&change.old_state), state(&change.new_state));
    println!("{}: {old} -> {new}", printable(change.entity_id));
}
