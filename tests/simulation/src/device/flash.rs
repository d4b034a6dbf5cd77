//! The device's flash: `sequential-storage` over NOR flash that may lose its power inside a write. This is
//! the way of `examples/reboot`, with a flash that can tear.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

use crate::plan::ms;

const SIZE: usize = 2048;
const WORD: usize = 4;

const LAST_EVENT_ID: u8 = 0;
const RECONNECTION_TIME: u8 = 1;

pub struct Memory {
    map: MapStorage<u8, Flash, Cache<Uncached, Uncached, Uncached, u8>>,
    buffer: [u8; 128],
}

impl Memory {
    pub fn new(flash: Flash) -> Self {
        let config = const { MapConfig::new(0..SIZE as u32) };
        Self {
            map: MapStorage::new(flash, config, Cache::new_uncached()),
            buffer: [0; 128],
        }
    }

    pub fn last_event_id(&mut self) -> String {
        let id = self.get(LAST_EVENT_ID).unwrap_or_default();
        String::from_utf8(id).expect("only whole IDs are stored")
    }

    /// Returns whether the ID was stored before the power was lost.
    pub fn set_last_event_id(&mut self, id: &str) -> bool {
        self.set(LAST_EVENT_ID, id.as_bytes())
    }

    pub fn reconnection_time(&mut self) -> Option<Duration> {
        let time = self.get(RECONNECTION_TIME)?.try_into();
        Some(ms(u64::from_le_bytes(time.expect("8 bytes"))))
    }

    pub fn set_reconnection_time(&mut self, time: Duration) -> bool {
        let time = time.as_millis() as u64;
        self.set(RECONNECTION_TIME, &time.to_le_bytes())
    }

    fn get(&mut self, key: u8) -> Option<Vec<u8>> {
        let value = self.map.fetch_item::<&[u8]>(&mut self.buffer, &key);
        let value = ready(value).expect("the flash can be read");
        value.map(<[u8]>::to_vec)
    }

    fn set(&mut self, key: u8, value: &[u8]) -> bool {
        ready(self.map.store_item(&mut self.buffer, &key, &value)).is_ok()
    }

    /// The power will be lost after this many words.
    pub fn lose_power_after(&mut self, words: u64) {
        self.map.flash().words_left = Some(words);
    }

    /// The same flash in the next life.
    pub fn reboot(self) -> Self {
        let (mut flash, _) = self.map.destroy();
        flash.words_left = None;
        Self::new(flash)
    }
}

/// The flash is never pending.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the flash is in memory"),
    }
}

/// Two pages. Bits are cleared one by one, but only a whole page can be set again.
pub struct Flash {
    bytes: Vec<u8>,
    words_left: Option<u64>,
}

impl Flash {
    pub fn new() -> Self {
        Self {
            bytes: vec![0xFF; SIZE],
            words_left: None,
        }
    }

    fn use_power(&mut self) -> Result<(), NorFlashErrorKind> {
        if let Some(left) = &mut self.words_left {
            *left = left.checked_sub(1).ok_or(NorFlashErrorKind::Other)?;
        }
        Ok(())
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let start = offset as usize;
        bytes.copy_from_slice(&self.bytes[start..start + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SIZE / 2;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.use_power()?;
        self.bytes[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        for (index, word) in bytes.chunks(WORD).enumerate() {
            self.use_power()?;
            let start = offset as usize + index * WORD;
            for (old, new) in self.bytes[start..].iter_mut().zip(word) {
                *old &= new;
            }
        }
        Ok(())
    }
}
