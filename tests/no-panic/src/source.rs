use core::hint::black_box;

use embedded_sse::{Decoder, Draft, EventSource, Head, Request, Step, Verdict, default_verdict};

use crate::decoder::look_at;
use crate::display::display;
use crate::observe::Observers;
use crate::{input, reconnect, url};

pub fn every_call<const DATA: usize, const META: usize>() {
    let (mut url, mut texts) = ([0; 1024], [[0; 256]; 6]);
    let Some(url) = url::parsed(&mut url) else {
        return;
    };
    let [method, name, value, other, more, body] = &mut texts;
    let headers = [
        (input::text(name), input::text(value)),
        (input::text(other), input::text(more)),
    ];
    let request = Request {
        url,
        method: input::text(method),
        headers: headers.get(input::number()..).unwrap_or_default(),
        body: input::bytes(body),
        repeatable: input::flag(),
        max_redirects: input::byte(),
    };
    let mut decoder: Decoder<DATA, META> = Decoder::new();
    decoder.show_comments(input::flag());
    decoder.show_retry(input::flag());
    let mut remembered = [0; 256];
    let (mut change, mut verdict) = (any_change, any_verdict);
    let observers = Observers::new();
    let observer = (&observers.counters, &observers.heartbeat);
    let observer = (&observers.recent, &observer);
    let mut source = match EventSource::new(request, reconnect::any(), &mut decoder) {
        Ok(source) => source,
        Err(invalid) => return display(invalid),
    };
    if input::flag() {
        source.remember_permanent_redirects(&mut remembered);
    }
    if input::flag() {
        source.observe(&observer);
    }
    if input::flag() {
        source.before_connect(&mut change);
    }
    if input::flag() {
        source.set_verdict(&mut verdict);
    }
    let mut buffer = [0; 1500];
    loop {
        // From here on the optimizer does not know what the calls before have made of it.
        let source = black_box(&mut source);
        match input::byte() {
            0 => match black_box(source.step(input::time())) {
                Step::Wait(wait) => display(wait.cause),
                Step::Stop(stop) => display(stop.reason),
                _ => {}
            },
            1 => source.connected(input::time()),
            2 => source.wrote(input::number()),
            3 => source.failed(input::time()),
            4 => source.ended(input::time()),
            5 => source.timed_out(input::time()),
            6 => {
                let mut bytes = input::bytes(&mut buffer);
                while let Some(item) = source.receive(&mut bytes, input::time()) {
                    look_at(item);
                }
            }
            7 => source.close(),
            8 => source.restart(),
            9 => {
                observers.look();
                black_box(source.response());
                black_box(source.decoder().last_event_id());
            }
            10 => source.allow_tls(),
            11 => {
                let mut memory = [0; 256];
                let memory = memory.get_mut(..input::number()).unwrap_or_default();
                black_box(source.request(memory));
            }
            _ => return,
        }
    }
}

fn any_change(draft: &mut Draft<'_>) {
    let (mut path, mut name, mut value) = ([0; 256], [0; 256], [0; 256]);
    while input::flag() {
        let result = match input::byte() {
            0 => draft.set_path(input::text(&mut path)),
            1 => draft.set_last_event_id(input::text(&mut value)),
            _ => draft.add_header(input::text(&mut name), input::text(&mut value)),
        };
        if let Err(invalid) = result {
            display(invalid);
        }
        black_box((draft.url(), draft.last_event_id()));
    }
}

/// One that says anything of anything.
fn any_verdict(head: &Head<'_>) -> Verdict {
    match input::byte() {
        0 => Verdict::Open,
        1 => Verdict::Follow,
        2 => Verdict::Retry,
        3 => Verdict::Stop,
        _ => Verdict::default_for(head),
    }
}
