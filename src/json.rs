//! Typed events, by serde.

mod escape;
mod reader;
mod syntax;

use core::fmt;

use reader::Reader;
use serde::{Deserialize, de};

use crate::event::Event;

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
    /// Fields that your type does not name are skipped, whatever they contain and however deep they
    /// nest. They take time, but no memory.
    ///
    /// A string that has escapes (`\n`, `\u00e9`, `\ud83d\ude00`) goes into a type that owns its text,
    /// such as a `heapless::String`. It may be 256 bytes long without its escapes: these are on the
    /// stack meanwhile. A `&str` cannot hold it. A string without escapes goes into either type and may
    /// be of any length.
    ///
    /// It takes linear time. For a small struct it takes about 0.5 KB of stack and 6 KB of flash on a
    /// Cortex-M4, and 17 KB more of flash if there is a float in it, as the core library reads those
    /// exactly.
    ///
    /// The data of an [`Item::LastPiece`](crate::Item::LastPiece) is only the end of a JSON text.
    ///
    /// # Errors
    /// * The data is no JSON, or not of this type. Skipped fields are checked too. Only where they nest
    ///   more than 64 deep, an outer array that also holds a `"key": value`, or an outer object that
    ///   also holds a value without a key, may go unnoticed.
    /// * A field that your type names has a string with escapes that is too long, or an escape that is
    ///   half a character (`\ud83d` alone).
    /// * What your type asks for has arrays and objects in each other more than 32 deep, which would
    ///   take the stack.
    pub fn json<T: Deserialize<'a>>(&self) -> Result<T, InvalidJson> {
        let mut reader = Reader::new(self.data);
        let value = T::deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

/// Why the data of an event is no value of such a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidJson(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Problem {
    Other,
    TooDeep,
    LongEscaped,
    HalfCharacter,
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Problem::Other => "JSON: it is none, or not of this type",
            Problem::TooDeep => "JSON: what the type asks for is more than 32 deep",
            Problem::LongEscaped => "JSON: a string with escapes is longer than 256 bytes",
            Problem::HalfCharacter => "JSON: an escape is half a character",
        })
    }
}

impl core::error::Error for InvalidJson {}

/// For an own `Deserialize`.
impl de::Error for InvalidJson {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self(Problem::Other)
    }
}
