use core::hint::black_box;

use embedded_sse::Event;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::display::display;
use crate::input;

/// Without floats: the optimizer cannot prove that the core library parses them without a panic.
#[derive(Deserialize)]
#[expect(dead_code)]
struct All<'a> {
    flag: bool,
    integers: (u8, i8, u16, i16, u32, i32, u64, i64),
    character: char,
    borrowed: &'a str,
    bytes: &'a [u8],
    owned: heapless::String<16>,
    list: heapless::Vec<Option<u32>, 4>,
    #[serde(borrow)]
    map: heapless::LinearMap<&'a str, Pair, 4>,
    kind: Kind<'a>,
    unit: (),
    whatever: IgnoredAny,
    #[serde(default)]
    missing: u8,
}

#[derive(Deserialize)]
#[expect(dead_code)]
struct Pair(u8, [i32; 2]);

#[derive(Deserialize)]
#[expect(dead_code)]
enum Kind<'a> {
    Unit,
    New(&'a str),
    Tuple(u8, u8),
    Struct { x: u8 },
}

pub fn every_type() {
    let mut buffer = [0; 1500];
    let event = Event {
        event_type: "message",
        data: input::text(&mut buffer),
        last_event_id: "",
    };
    match event.json::<All<'_>>() {
        Ok(all) => _ = black_box(all),
        Err(invalid) => display(invalid),
    }
}
