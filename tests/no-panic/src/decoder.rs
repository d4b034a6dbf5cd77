use core::hint::black_box;

use embedded_sse::{Decoder, Item};

use crate::display::display;
use crate::input;

pub fn every_call<const DATA: usize, const META: usize>() {
    every_call_on::<DATA, META>(Decoder::new());
}

/// Pieces need more memory than the smallest decoder has.
pub fn every_call_in_pieces() {
    let mut decoder = Decoder::<12>::new();
    decoder.split_long_events(true);
    every_call_on(decoder);
}

fn every_call_on<const DATA: usize, const META: usize>(mut decoder: Decoder<DATA, META>) {
    let mut buffer = [0; 1500];
    loop {
        // Hides the effect of earlier calls from the optimizer.
        let decoder = black_box(&mut decoder);
        match input::byte() {
            0 => decoder.show_comments(input::flag()),
            1 => decoder.show_retry(input::flag()),
            8 => decoder.show_ids(input::flag()),
            2 => {
                let mut bytes = input::bytes(&mut buffer);
                while let Some(item) = decoder.decode(&mut bytes) {
                    look_at(item);
                }
            }
            3 => {
                if let Err(invalid) = decoder.set_last_event_id(input::text(&mut buffer)) {
                    display(invalid);
                }
            }
            4 => decoder.new_stream(),
            9 => decoder.forget(),
            5 => {
                black_box(decoder.last_event_id());
                black_box(decoder.reconnection_time());
            }
            6 => *decoder = Decoder::default(),
            7 => decoder.set_reconnection_time(input::time()),
            _ => return,
        }
    }
}

pub fn look_at(item: Item<'_>) {
    match black_box(item) {
        Item::Open(head) => {
            black_box((head.status(), head.wire_len(), head.last_event_id()));
            black_box(head.header(input::text(&mut [0; 32])));
            for header in head.headers() {
                black_box(header);
            }
        }
        Item::TooLong(part) => display(part),
        _ => {}
    }
}
