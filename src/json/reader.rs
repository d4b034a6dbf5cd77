//! A deserializer from JSON to serde's data model, without allocation.

mod access;

use core::str::FromStr;

use serde::de::{Deserializer, Visitor};

use access::{Items, Variant};

use super::escape::visit_unescaped;
use super::syntax;
use super::{InvalidJson, Problem};

/// The greatest depth of arrays and objects that the type asks for. Each level takes stack.
const DEEPEST: u32 = 32;

/// Reads values from the front of a text.
pub(super) struct Reader<'de> {
    text: &'de str,
    depth: u32,
}

impl<'de> Reader<'de> {
    pub(super) const fn new(text: &'de str) -> Self {
        Self { text, depth: 0 }
    }

    /// Checks that only white space is left.
    pub(super) fn end(mut self) -> Result<(), InvalidJson> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(InvalidJson(Problem::Other)),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let white = self.text.len() - syntax::white(self.text.as_bytes()).len();
        self.text = self.text.get(white..).unwrap_or_default();
        self.text.as_bytes().first().copied()
    }

    /// Takes the next token of a kind.
    fn take(&mut self, kind: fn(&[u8]) -> Option<&[u8]>) -> Result<&'de str, InvalidJson> {
        self.peek();
        let behind = kind(self.text.as_bytes());
        let len = behind.map(|behind| self.text.len().saturating_sub(behind.len()));
        let taken = len.and_then(|len| self.text.split_at_checked(len));
        let (taken, rest) = taken.ok_or(InvalidJson(Problem::Other))?;
        self.text = rest;
        Ok(taken)
    }

    fn take_token(&mut self, token: &str) -> Result<(), InvalidJson> {
        self.peek();
        let rest = self.text.strip_prefix(token);
        self.text = rest.ok_or(InvalidJson(Problem::Other))?;
        Ok(())
    }

    /// Takes a string. Returns the text between the quotes, with its escapes.
    fn take_string(&mut self) -> Result<&'de str, InvalidJson> {
        let quoted = self.take(syntax::string)?;
        let text = quoted.strip_prefix('"');
        let text = text.and_then(|text| text.strip_suffix('"'));
        text.ok_or(InvalidJson(Problem::Other))
    }

    /// Takes a pair of brackets and its content.
    fn take_nested<T>(
        &mut self,
        [begin, end]: [&str; 2],
        inside: impl FnOnce(&mut Self) -> Result<T, InvalidJson>,
    ) -> Result<T, InvalidJson> {
        self.take_token(begin)?;
        if self.depth == DEEPEST {
            return Err(InvalidJson(Problem::TooDeep));
        }
        self.depth += 1;
        let value = inside(self)?;
        self.depth -= 1;
        self.take_token(end)?;
        Ok(value)
    }

    fn integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, InvalidJson> {
        let number = self.take(syntax::number)?;
        if let Ok(number) = number.parse() {
            return visitor.visit_u64(number);
        }
        match number.parse() {
            Ok(number) => visitor.visit_i64(number),
            Err(_) => Err(InvalidJson(Problem::Other)),
        }
    }
}

/// Defines methods that call another method.
macro_rules! forward {
    ($($method:ident)* => $to:ident) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
            self.$to(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = InvalidJson;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        match self.peek() {
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(b'"') => self.deserialize_str(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            Some(b'n') => self.deserialize_unit(visitor),
            _ => {
                let before = self.text;
                let number = self.take(syntax::number)?;
                if number.parse::<u64>().is_ok() || matches!(number.parse::<i64>(), Ok(..0)) {
                    self.text = before;
                    return self.integer(visitor);
                }
                visitor.visit_f64(float(number, f64::is_finite)?)
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        let is_true = self.peek() == Some(b't');
        self.take_token(if is_true { "true" } else { "false" })?;
        visitor.visit_bool(is_true)
    }

    // They do not call `deserialize_any`, which would link the float parser into every program.
    forward! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 => integer
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        visitor.visit_f32(float(self.take(syntax::number)?, f32::is_finite)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        visitor.visit_f64(float(self.take(syntax::number)?, f64::is_finite)?)
    }

    forward! {
        deserialize_char deserialize_string deserialize_bytes deserialize_byte_buf => deserialize_str
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        let string = self.take_string()?;
        if string.contains('\\') {
            return visit_unescaped(string, visitor, |_, problem| Err(problem));
        }
        visitor.visit_borrowed_str(string)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        let name = self.take_string()?;
        if name.contains('\\') {
            // A name that is not valid text or is too long is an unknown field. In code that serde
            // derives, this number is an unknown field too.
            return visit_unescaped(name, visitor, |visitor, _| visitor.visit_u64(u64::MAX));
        }
        visitor.visit_borrowed_str(name)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        if self.peek() == Some(b'n') {
            self.take_token("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.take_token("null")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.take_nested(["[", "]"], |reader| {
            visitor.visit_seq(Items {
                reader,
                is_first: true,
            })
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.take_nested(["{", "}"], |reader| {
            visitor.visit_map(Items {
                reader,
                is_first: true,
            })
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        if self.peek() == Some(b'{') {
            return self.take_nested(["{", "}"], |reader| {
                visitor.visit_enum(Variant {
                    reader,
                    has_value: true,
                })
            });
        }
        visitor.visit_enum(Variant {
            reader: self,
            has_value: false,
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.take(syntax::value)?;
        visitor.visit_unit()
    }
}

fn float<F: FromStr + Copy>(number: &str, is_finite: fn(F) -> bool) -> Result<F, InvalidJson> {
    let float = number.parse().ok().filter(|float| is_finite(*float));
    float.ok_or(InvalidJson(Problem::Other))
}
