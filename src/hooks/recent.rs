//! The last bytes of a connection.

use core::fmt;
use core::time::Duration;

use super::Hooks;

/// Keeps the last `N` received bytes, to log what was on the wire before a failure.
///
/// Share it in a [`RefCell`](core::cell::RefCell) and read it when a connection is lost:
///
/// ```
/// use core::cell::RefCell;
/// use embedded_sse::hooks::Recent;
/// # use embedded_sse::*;
///
/// let recent = RefCell::new(Recent::<64>::new());
/// # let mut decoder: Decoder<1024> = Decoder::new();
/// # let request = Request::get(Url::parse("http://h/").unwrap());
/// # let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
/// let source = source.with_hooks(&recent);
/// // At `Step::Wait` or `Item::Lost`:
/// println!("the last bytes were: {}", recent.borrow());
/// ```
#[derive(Clone)]
pub struct Recent<const N: usize> {
    ring: [u8; N],
    /// The index of the next byte.
    next: usize,
    full: bool,
}

impl<const N: usize> Recent<N> {
    /// Creates an empty ring buffer. An `N` of 0 does not compile.
    pub const fn new() -> Self {
        const { assert!(N > 0, "N must be greater than 0") };
        Self {
            ring: [0; N],
            next: 0,
            full: false,
        }
    }

    /// Appends bytes. Only the last `N` are kept.
    fn push(&mut self, bytes: &[u8]) {
        let skipped = bytes.len().saturating_sub(N);
        for byte in bytes.iter().skip(skipped) {
            if let Some(place) = self.ring.get_mut(self.next) {
                *place = *byte;
            }
            self.next += 1;
            if self.next >= N {
                self.next = 0;
                self.full = true;
            }
        }
    }

    /// The kept bytes in two slices: the older bytes, then the newer ones.
    pub fn bytes(&self) -> (&[u8], &[u8]) {
        let (newer, older) = self.ring.split_at_checked(self.next).unwrap_or_default();
        (if self.full { older } else { &[] }, newer)
    }
}

impl<const N: usize> Default for Recent<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Hooks for Recent<N> {
    fn received(&mut self, bytes: &[u8], _: Duration) {
        self.push(bytes);
    }
}

/// Writes the bytes as text. Everything but printable ASCII is escaped.
impl<const N: usize> fmt::Display for Recent<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (older, newer) = self.bytes();
        write!(f, "{}{}", older.escape_ascii(), newer.escape_ascii())
    }
}

impl<const N: usize> fmt::Debug for Recent<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recent(\"{self}\")")
    }
}
