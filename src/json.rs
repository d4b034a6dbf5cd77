//! Typed events: JSON data, parsed with serde.

mod escape;
mod reader;
mod syntax;

use core::fmt;

use reader::Reader;
use serde::{Deserialize, de};

use crate::event::Event;

impl<'a> Event<'a> {
    /// Parses the data as JSON into a value of your type:
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
    /// Fields that are not in your type are skipped, whatever they contain and however deeply they
    /// are nested. They take time but no memory.
    ///
    /// A string with escapes (`\n`, `\u00e9`, `\ud83d\ude00`) needs a type that owns its text, such
    /// as `heapless::String`, and may be up to 256 bytes long after unescaping. It is unescaped on
    /// the stack. A string without escapes fits in a `&str` too and may have any length.
    ///
    /// Parsing takes linear time. For a small struct it takes about 0.5 KB of stack and 6 KB of
    /// flash on a Cortex-M4. A float field adds 17 KB of flash, since the core library parses
    /// floats exactly.
    ///
    /// Do not use it on [`Item::LastPiece`](crate::Item::LastPiece), whose data is only the end of
    /// a JSON text.
    ///
    /// # Errors
    /// * The data is not valid JSON, or does not match the type. Skipped fields are checked too,
    ///   with one exception: in fields nested more than 64 levels deep, an outer array that
    ///   contains a `"key": value`, or an outer object that contains a value without a key, may be
    ///   accepted.
    /// * A field of your type has a string with escapes that is too long, or with an unpaired
    ///   surrogate (`\ud83d` alone).
    /// * Arrays and objects that your type asks for are nested more than 32 levels deep. The limit
    ///   bounds the stack.
    pub fn json<T: Deserialize<'a>>(&self) -> Result<T, InvalidJson> {
        let mut reader = Reader::new(self.data);
        let value = T::deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

/// The error of [`Event::json`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidJson(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Problem {
    Other,
    TooDeep,
    LongEscaped,
    UnpairedSurrogate,
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Problem::Other => "JSON: invalid, or not of this type",
            Problem::TooDeep => "JSON: the type nests more than 32 levels deep",
            Problem::LongEscaped => "JSON: a string with escapes is longer than 256 bytes",
            Problem::UnpairedSurrogate => "JSON: an escape is an unpaired surrogate",
        })
    }
}

impl core::error::Error for InvalidJson {}

/// For implementations of `Deserialize` by hand.
impl de::Error for InvalidJson {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self(Problem::Other)
    }
}
