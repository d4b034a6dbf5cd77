//! Typed events, by `serde-json-core`.

mod syntax;

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
    /// For a float `null` is a NaN, and a number beyond it is infinite: ask for an `Option`, and
    /// look at `is_finite`. Of an [`Item::LastPiece`](crate::Item::LastPiece) this would be the end
    /// alone.
    ///
    /// # Errors
    /// What is no JSON or not of this type; arrays and objects in each other more than 32 deep,
    /// which would take the stack; what `serde-json-core` does not do: two escapes for one
    /// character (`\ud83d\ude00`, as Python writes an emoji), types that ask what comes next, such
    /// as an untagged `enum`.
    ///
    /// # Panics
    /// `serde-json-core` does for a map whose keys are no borrowed or `heapless` strings.
    pub fn json<T: Deserialize<'a>>(&self) -> Result<T, InvalidJson> {
        if !syntax::is_valid(self.data.as_bytes()) {
            return Err(InvalidJson(None));
        }
        let mut unescaped = [0; LONGEST_ESCAPED];
        match serde_json_core::from_str_escaped(self.data, &mut unescaped) {
            Ok((value, _all)) => Ok(value),
            Err(error) => Err(InvalidJson(Some(error))),
        }
    }
}

/// Why the data of an event is no value of such a type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidJson(Option<Error>);

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(error) => write!(f, "JSON: {error}"),
            None => f.write_str("JSON: it is none, or more than 32 deep"),
        }
    }
}

impl core::error::Error for InvalidJson {}
