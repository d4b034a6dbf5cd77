//! Prints the messages of a topic of ntfy. See `docs/recipes/ntfy.md`.

use std::cell::RefCell;
use std::env;
use std::error::Error;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use embedded_sse::std_net::StdTime;
use embedded_sse::{Decoder, Draft, EventSource, Item, Policy, Request, Url, blocking, hooks};
use recipes::{Net, printable};

#[derive(serde::Deserialize)]
struct Message {
    id: String,
    title: Option<String>,
    message: String,
}

fn main() -> ExitCode {
    recipes::run(follow)
}

fn follow() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let url = args.next().ok_or("usage: ntfy URL/TOPIC/sse [LAST_ID]")?;
    // The ID of the last message that was handled. Store it to resume after a reboot. Before the first
    // message it is the time of the start, so that a loss before it loses nothing either.
    let started = UNIX_EPOCH.elapsed()?.as_secs().to_string();
    let since = RefCell::new(args.next().unwrap_or(started));
    let bearer = env::var("NTFY_TOKEN").map(|token| format!("Bearer {token}"));
    let headers = bearer.iter().map(|bearer| ("Authorization", &bearer[..]));
    let request = Request {
        headers: &headers.collect::<Vec<_>>(),
        ..Request::get(Url::parse(&url)?)
    };
    let policy = Policy {
        // A keepalive comes every 45 s.
        idle_timeout: Some(Duration::from_secs(100)),
        ..Policy::DEFAULT
    };
    let resume = hooks::before_connect(|draft: &mut Draft<'_>| {
        let (path, since) = (draft.url().path_and_query(), since.borrow());
        let separator = if path.contains('?') { '&' } else { '?' };
        let query = format_args!("{separator}since={since}");
        if let Err(invalid) = draft.set_path(format_args!("{path}{query}")) {
            eprintln!("cannot resume after {since:?}: {invalid}");
        }
    });
    let mut decoder: Decoder<16384> = Decoder::new();
    let mut source =
        EventSource::new(request, policy, recipes::seed(), &mut decoder)?.with_hooks(resume);
    let (clock, mut chunk) = (StdTime::new(), [0; 4096]);
    let mut net = Net::new(&clock);
    let stop = blocking::sse(&mut net, &clock, &mut source, &mut chunk, |item| {
        match item {
            Item::Event(event) if event.event_type == "message" => {
                match serde_json::from_str::<Message>(event.data) {
                    Ok(message) => {
                        let title = message.title.map(|title| title + ": ");
                        let text = title.unwrap_or_default() + &message.message;
                        println!("{}", printable(text));
                        // Another character could change the rest of the URL.
                        if message.id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                            since.replace(message.id);
                        }
                    }
                    Err(invalid) => eprintln!("skipped a message: {}", printable(invalid)),
                }
            }
            Item::TooLong(part) => eprintln!("skipped a message: {part}"),
            Item::Lost(wait) => eprintln!("lost: {wait}"),
            // The events "open" and "keepalive" carry no news.
            _ => {}
        }
        ControlFlow::Continue(())
    });
    Err(recipes::refusal(stop, source.response()))
}
