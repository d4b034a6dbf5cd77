//! The state that survives a reboot, in NOR flash. Here, the flash is a file.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use sequential_storage::Error;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

const SIZE: usize = 8192;

const LAST_EVENT_ID: u8 = 0;
const SLEEP: u8 = 1;
const RECONNECTION_TIME: u8 = 2;
const BUDGET_USED: u8 = 3;

/// Values by key. `sequential-storage` writes each value to a new place, which spreads the wear.
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

    pub async fn last_event_id(&mut self) -> Result<String, Error<NorFlashErrorKind>> {
        let id = self
            .map
            .fetch_item::<&[u8]>(&mut self.buffer, &LAST_EVENT_ID);
        let id = id.await?.unwrap_or_default();
        Ok(String::from_utf8_lossy(id).into_owned())
    }

    /// The time to wake up (since 1970), the length of the sleep, and the number of failures in a row.
    pub async fn sleep(&mut self) -> Result<(Duration, Duration, u32), Error<NorFlashErrorKind>> {
        let sleep = self.map.fetch_item::<[u64; 3]>(&mut self.buffer, &SLEEP);
        let [wake_at_ms, delay_ms, failures] = sleep.await?.unwrap_or_default();
        let delay = Duration::from_millis(delay_ms);
        Ok((Duration::from_millis(wake_at_ms), delay, failures as u32))
    }

    /// The reconnection time that the server asked for, if it did.
    pub async fn reconnection_time(
        &mut self,
    ) -> Result<Option<Duration>, Error<NorFlashErrorKind>> {
        self.time(RECONNECTION_TIME).await
    }

    /// How much of the budget of connection attempts is used.
    pub async fn budget_used(&mut self) -> Result<Duration, Error<NorFlashErrorKind>> {
        Ok(self.time(BUDGET_USED).await?.unwrap_or_default())
    }

    /// If a write to worn-out flash fails, events come twice after a reboot. Nothing else is lost.
    pub async fn set_last_event_id(&mut self, id: &str) {
        let id = id.as_bytes();
        tell(
            self.map
                .store_item(&mut self.buffer, &LAST_EVENT_ID, &id)
                .await,
        );
    }

    pub async fn set_sleep(&mut self, wake_at: Duration, delay: Duration, failures: u32) {
        let sleep = [millis(wake_at), millis(delay), failures.into()];
        tell(self.map.store_item(&mut self.buffer, &SLEEP, &sleep).await);
    }

    pub async fn set_reconnection_time(&mut self, time: Duration) {
        self.set_time(RECONNECTION_TIME, time).await;
    }

    pub async fn set_budget_used(&mut self, used: Duration) {
        self.set_time(BUDGET_USED, used).await;
    }

    async fn time(&mut self, key: u8) -> Result<Option<Duration>, Error<NorFlashErrorKind>> {
        let ms = self.map.fetch_item::<u64>(&mut self.buffer, &key);
        Ok(ms.await?.map(Duration::from_millis))
    }

    async fn set_time(&mut self, key: u8, time: Duration) {
        let ms = millis(time);
        tell(self.map.store_item(&mut self.buffer, &key, &ms).await);
    }
}

/// Whole milliseconds, saturating at 64 bits.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn tell(written: Result<(), Error<NorFlashErrorKind>>) {
    if let Err(error) = written {
        eprintln!("flash: {error:?}");
    }
}

/// Two pages of flash. Bits are cleared one by one, but only a whole page can be set again.
pub struct Flash {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Flash {
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![0xFF; SIZE],
            bytes => bytes?,
        };
        if bytes.len() != SIZE {
            let path = path.display();
            return Err(io::Error::other(format!("{path} is none of our flashes")));
        }
        Ok(Self { path, bytes })
    }

    fn place(&mut self, from: u32, len: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let place = self.bytes.get_mut(from as usize..from as usize + len);
        place.ok_or(NorFlashErrorKind::OutOfBounds)
    }

    fn keep(&self) -> Result<(), NorFlashErrorKind> {
        fs::write(&self.path, &self.bytes).map_err(|_| NorFlashErrorKind::Other)
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.place(offset, bytes.len())?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SIZE / 2;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.place(from, (to - from) as usize)?.fill(0xFF);
        self.keep()
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        for (old, new) in self.place(offset, bytes.len())?.iter_mut().zip(bytes) {
            *old &= new;
        }
        self.keep()
    }
}
