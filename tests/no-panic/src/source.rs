use core::hint::black_box;

use embedded_sse::hooks::{self, Hooks};
use embedded_sse::{Decoder, Draft, EventSource, Head, Request, Step, Verdict};

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
        resume_by_get: input::flag(),
        max_redirects: input::byte(),
    };
    let mut decoder: Decoder<DATA, META> = Decoder::new();
    decoder.show_comments(input::flag());
    decoder.show_retry(input::flag());
    let mut remembered = [0; 256];
    if let Err(invalid) = decoder.set_last_event_id(input::text(&mut [0; 256])) {
        display(invalid);
    }
    let observers = Observers::new();
    let all = (
        (&observers.counters, &observers.heartbeat),
        &observers.recent,
    );
    let changing = (hooks::before_connect(any_change), hooks::judge(any_verdict));
    let seed = input::number() as u32;
    let mut source = match EventSource::new(request, reconnect::policy(), seed, &mut decoder) {
        Ok(source) => source.with_hooks((changing, all)),
        Err(invalid) => return display(invalid),
    };
    if input::flag() {
        source.remember_permanent_redirects(&mut remembered);
    }
    if input::flag() {
        source.set_failures(input::number() as u32);
    }
    every_call_on(&mut source, &observers);
}

fn every_call_on<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META, impl Hooks>,
    observers: &Observers,
) {
    let mut buffer = [0; 1500];
    loop {
        // Hides the effect of earlier calls from the optimizer.
        let source = black_box(&mut *source);
        match input::byte() {
            0 => match black_box(source.step(input::time())) {
                Step::Wait(wait) => display(wait),
                Step::Stop(stop) => display(stop),
                Step::Connect { origin, .. } => display(origin),
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

/// Returns an arbitrary verdict.
fn any_verdict(head: &Head<'_>, verdict: Verdict) -> Verdict {
    match input::byte() {
        0 => Verdict::Open,
        1 => Verdict::Follow,
        2 => Verdict::Retry,
        3 => Verdict::Stop,
        4 => Verdict::default_for(head),
        5 => Verdict::Collect,
        6 => Verdict::Finish,
        _ => verdict,
    }
}
