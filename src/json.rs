//! Typed events, by `serde-json-core`.

use core::fmt;

use serde::Deserialize;
use serde_json_core::de::Error;

use crate::event::Event;

/// The longest string, without its escapes, of those that have some.
const LONGEST_ESCAPED: usize = 256;

impl<'a> Event<'a> {
    /// The data, which is JSON, as a value of your type:
    ///
    /// ```
    /// use embedded_sse::{Decoder, Item};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Product<'a> {
    ///     name: &'a str,
    ///     prices: [u32; 2],
    /// }
    ///
    /// let mut decoder: Decoder<256> = Decoder::new();
    /// let mut input = &b"event: product\ndata: {\"name\":\"tea\",\"prices\":[3,5]}\n\n"[..];
    /// let Some(Item::Event(event)) = decoder.decode(&mut input) else { unreachable!() };
    /// let product: Product = event.json()?;
    /// assert_eq!((product.name, product.prices), ("tea", [3, 5]));
    /// # Ok::<(), embedded_sse::InvalidJson>(())
    /// ```
    ///
    /// A string that has escapes (`\n`, `\u00e9`) goes into a type that owns its text, such as a
    /// `heapless::String`; a `&str` cannot hold it and is an error, as is one that is longer than
    /// 256 bytes without its escapes. These are kept on the stack.
    ///
    /// # Errors
    /// What is not such JSON; what `serde-json-core` does not do: two escapes for one character
    /// (`\ud83d\ude00`, as Python writes an emoji), types that ask what comes next, such as an
    /// untagged `enum`. Nothing wrong is passed on in silence.
    pub fn json<T: Deserialize<'a>>(&self) -> Result<T, InvalidJson> {
        let mut unescaped = [0; LONGEST_ESCAPED];
        let (value, _all) =
            serde_json_core::from_str_escaped(self.data, &mut unescaped).map_err(InvalidJson)?;
        Ok(value)
    }
}

/// Why the data of an event is no value of such a type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidJson(Error);

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JSON: {}", self.0)
    }
}

impl core::error::Error for InvalidJson {}
