//! The boards' Ethernet chip, an SMSC LAN9118, as a driver of embassy-net.

use core::task::Context;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::exception;
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState};
use embassy_sync::waitqueue::AtomicWaker;

const MTU: usize = 1514;
const CRC: usize = 4;

/// Where it lies in the memory of both boards.
const BASE: *mut u32 = 0x4020_0000 as *mut u32;
const INTERRUPT: u16 = 13;

/// The offsets of its registers.
#[derive(Clone, Copy)]
enum Register {
    RxData = 0x00,
    TxData = 0x20,
    RxStatus = 0x40,
    TxStatus = 0x48,
    InterruptConfig = 0x54,
    InterruptStatus = 0x58,
    InterruptEnable = 0x5C,
    ByteTest = 0x64,
    FifoInterrupt = 0x68,
    TxConfig = 0x70,
    HardwareConfig = 0x74,
    RxControl = 0x78,
    RxFifo = 0x7C,
    TxFifo = 0x80,
    MacCommand = 0xA4,
    MacData = 0xA8,
}
use Register::*;

// The registers of its MAC, which are reached through two of those.
const MAC_CONTROL: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;
const MII_ACCESS: u32 = 6;
const MII_DATA: u32 = 7;

const BUSY: u32 = 1 << 31;
const PHY_CONTROL: u32 = 0;
const PHY_STATUS: u32 = 1;
/// The receiver's status FIFO has reached its level.
const RECEIVED: u32 = 1 << 3;

static WAKER: AtomicWaker = AtomicWaker::new();

/// One frame each way. For a `static`: by value they would cost their size in stack at each move.
pub struct Buffers {
    rx: [u8; MTU],
    tx: [u8; MTU],
}

impl Buffers {
    pub const fn new() -> Self {
        Self {
            rx: [0; MTU],
            tx: [0; MTU],
        }
    }
}

pub struct Ethernet {
    address: [u8; 6],
    buffers: &'static mut Buffers,
}

impl Ethernet {
    /// `None` if there is no such chip.
    pub fn start(buffers: &'static mut Buffers) -> Option<Self> {
        if read(ByteTest) != 0x8765_4321 {
            return None;
        }
        write(HardwareConfig, 1);
        while read(HardwareConfig) & 1 != 0 {}
        // 5 KB of its memory for what is sent, 10.5 KB for what comes.
        write(HardwareConfig, 1 << 20 | 5 << 16);
        // Negotiate with the other end.
        phy_write(PHY_CONTROL, 0x1200);
        // An interrupt at one frame; the pin active high, push-pull.
        write(FifoInterrupt, 0x4800_0000);
        write(InterruptConfig, 0x111);
        write(TxConfig, 1 << 1);
        // Full duplex, and both directions on.
        mac_write(MAC_CONTROL, 1 << 20 | 1 << 3 | 1 << 2);
        let low = mac_read(MAC_ADDRESS_LOW).to_le_bytes();
        let high = mac_read(MAC_ADDRESS_HIGH).to_le_bytes();
        // SAFETY: its handler, below, needs nothing that is not there yet.
        unsafe { NVIC::unmask(Line) };
        Some(Self {
            address: [low[0], low[1], low[2], low[3], high[0], high[1]],
            buffers,
        })
    }
}

impl Driver for Ethernet {
    type RxToken<'a> = RxToken<'a>;
    type TxToken<'a> = TxToken<'a>;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(RxToken<'_>, TxToken<'_>)> {
        if !has_received() {
            WAKER.register(context.waker());
            write(InterruptStatus, RECEIVED);
            write(InterruptEnable, RECEIVED);
            // A frame may have come before that.
            if !has_received() {
                return None;
            }
        }
        can_send(context).then_some((RxToken(&mut self.buffers.rx), TxToken(&mut self.buffers.tx)))
    }

    fn transmit(&mut self, context: &mut Context<'_>) -> Option<TxToken<'_>> {
        can_send(context).then_some(TxToken(&mut self.buffers.tx))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        // The bit keeps a loss until it is read: the second look is at the present.
        phy_read(PHY_STATUS);
        if phy_read(PHY_STATUS) & 1 << 2 != 0 {
            LinkState::Up
        } else {
            LinkState::Down
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        // As many as the chip's memory holds; it bounds the window that TCP offers.
        capabilities.max_burst_size = Some(6);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}

pub struct RxToken<'a>(&'a mut [u8; MTU]);

impl embassy_net_driver::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, take: F) -> R {
        let status = read(RxStatus);
        let with_crc = (status >> 16 & 0x3FFF) as usize;
        let failed = status & 1 << 15 != 0;
        let frame = match with_crc.checked_sub(CRC) {
            Some(len) if !failed => self.0.get_mut(..len),
            _ => None,
        };
        let Some(frame) = frame else {
            write(RxControl, BUSY);
            while read(RxControl) & BUSY != 0 {}
            // The stack drops a frame of no bytes.
            return take(&mut []);
        };
        for bytes in frame.chunks_mut(4) {
            bytes.copy_from_slice(&read(RxData).to_le_bytes()[..bytes.len()]);
        }
        for _ in frame.len().div_ceil(4)..with_crc.div_ceil(4) {
            read(RxData);
        }
        take(frame)
    }
}

pub struct TxToken<'a>(&'a mut [u8; MTU]);

impl embassy_net_driver::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let frame = &mut self.0[..len];
        let result = fill(frame);
        // It is in one piece, the first and the last.
        write(TxData, 1 << 13 | 1 << 12 | len as u32);
        write(TxData, len as u32);
        for bytes in frame.chunks(4) {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            write(TxData, u32::from_le_bytes(word));
        }
        result
    }
}

fn has_received() -> bool {
    read(RxFifo) & 0x00FF_0000 != 0
}

/// Whether a whole frame fits in the chip. Else the stack is to ask again.
fn can_send(context: &mut Context<'_>) -> bool {
    while read(TxFifo) & 0x00FF_0000 != 0 {
        read(TxStatus);
    }
    let free = read(TxFifo) & 0xFFFF >= MTU as u32 + 12;
    if !free {
        context.waker().wake_by_ref();
    }
    free
}

/// The only interrupt of the outside that is on. By its own name it would need a file about the
/// whole device.
#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    if interrupt != INTERRUPT as i16 {
        board::put_number("unknown interrupt", interrupt as u32);
        board::exit(board::status::INTERRUPT);
    }
    // It stays until the frames are fetched, which is the driver's work.
    write(InterruptEnable, 0);
    WAKER.wake();
}

#[derive(Clone, Copy)]
struct Line;

// SAFETY: it is the number of the chip's line.
unsafe impl InterruptNumber for Line {
    fn number(self) -> u16 {
        INTERRUPT
    }
}

fn mac_read(register: u32) -> u32 {
    write(MacCommand, BUSY | 1 << 30 | register);
    while read(MacCommand) & BUSY != 0 {}
    read(MacData)
}

fn mac_write(register: u32, value: u32) {
    write(MacData, value);
    write(MacCommand, BUSY | register);
    while read(MacCommand) & BUSY != 0 {}
}

fn phy_read(register: u32) -> u32 {
    mac_write(MII_ACCESS, 1 << 11 | register << 6 | 1);
    while mac_read(MII_ACCESS) & 1 != 0 {}
    mac_read(MII_DATA)
}

fn phy_write(register: u32, value: u32) {
    mac_write(MII_DATA, value);
    mac_write(MII_ACCESS, 1 << 11 | register << 6 | 3);
    while mac_read(MII_ACCESS) & 1 != 0 {}
}

fn read(register: Register) -> u32 {
    // SAFETY: the chip's registers lie there, and only this file knows of them.
    unsafe { BASE.byte_add(register as usize).read_volatile() }
}

fn write(register: Register, value: u32) {
    // SAFETY: as above; none of them makes the chip write to memory.
    unsafe { BASE.byte_add(register as usize).write_volatile(value) }
}
