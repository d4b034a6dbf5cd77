//! How many instructions the decoder takes for a byte. QEMU has to run with `-icount shift=0`, where
//! an instruction takes 1 ns, so a tick of the 25 MHz timer 40 instructions: then all of it is exact.
#![no_std]
#![no_main]

mod inputs;

use core::hint::black_box;

use board::{exit, put, put_number};
use cortex_m::Peripherals;
use cortex_m::asm;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use embedded_sse::{Decoder, Item};
use inputs::{Input, MOST};
use static_cell::ConstStaticCell;

const INSTRUCTIONS_PER_TICK: u64 = 40;

/// How the bytes come in.
#[derive(Clone, Copy)]
enum Pushes {
    /// In one, so that what can be borrowed is.
    Whole,
    Of(usize),
    /// Each event in two halves, so that none can be borrowed.
    Halves,
}

#[cortex_m_rt::entry]
fn main() -> ! {
    static BYTES: ConstStaticCell<[u8; MOST]> = ConstStaticCell::new([0; MOST]);
    static DECODER: ConstStaticCell<Decoder<0x1_0000>> = ConstStaticCell::new(Decoder::new());

    let Some(core) = Peripherals::take() else {
        exit(1)
    };
    let mut timer = core.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(0x00FF_FFFF);
    timer.clear_current();
    timer.enable_counter();
    calibrate();
    let (bytes, decoder) = (BYTES.take(), DECODER.take());
    for name in inputs::NAMES {
        let input = Input::of(name, bytes);
        for (pushes, label) in [
            (Pushes::Whole, "whole"),
            (Pushes::Of(1460), "1460"),
            (Pushes::Of(536), "536"),
            (Pushes::Halves, "halves"),
        ] {
            // What does not depend on how often it is done falls out.
            let once = ticks(decoder, &input, pushes, 1);
            let more = ticks(decoder, &input, pushes, 3);
            let instructions = u64::from(more - once) * INSTRUCTIONS_PER_TICK / 2;
            put(&[name, b' ']);
            let hundredths = instructions * 100 / input.bytes.len() as u64;
            put_number(label, hundredths as u32);
        }
    }
    exit(0)
}

/// If QEMU runs in any other way, a loop of a known length takes some other time.
fn calibrate() {
    const ROUNDS: u32 = 2_000_000;
    let start = SYST::get_current();
    // Each round is two instructions.
    asm::delay(ROUNDS);
    let instructions = u64::from(ticks_since(start)) * INSTRUCTIONS_PER_TICK;
    let off = instructions.abs_diff(2 * u64::from(ROUNDS));
    assert!(
        off <= 2 * INSTRUCTIONS_PER_TICK,
        "-icount shift=0 is missing"
    );
}

#[inline(never)]
fn ticks(decoder: &mut Decoder<0x1_0000>, input: &Input<'_>, pushes: Pushes, times: u32) -> u32 {
    let start = SYST::get_current();
    let mut events = 0;
    for _ in 0..times {
        match pushes {
            Pushes::Whole => events += push(decoder, input.bytes),
            Pushes::Of(size) => {
                for bytes in input.bytes.chunks(size) {
                    events += push(decoder, bytes);
                }
            }
            Pushes::Halves => {
                for event in input.bytes.chunks(input.event) {
                    let (first, second) = event.split_at(event.len() / 2);
                    events += push(decoder, first) + push(decoder, second);
                }
            }
        }
    }
    let ticks = ticks_since(start);
    assert_eq!(events, times * input.events(), "each event comes out");
    ticks
}

/// It counts down, in 24 bits; nothing here takes longer than its 0.67 s.
fn ticks_since(start: u32) -> u32 {
    start.wrapping_sub(SYST::get_current()) & 0x00FF_FFFF
}

fn push(decoder: &mut Decoder<0x1_0000>, mut bytes: &[u8]) -> u32 {
    let mut events = 0;
    while let Some(item) = decoder.decode(&mut bytes) {
        if let Item::Event(event) = black_box(item) {
            black_box(event.data);
            events += 1;
        }
    }
    events
}
