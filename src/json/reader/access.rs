//! Arrays, objects and enums.

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::super::{InvalidJson, Problem};
use super::Reader;

/// The items of an array or object.
pub(super) struct Items<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) is_first: bool,
}

impl Items<'_, '_> {
    /// Moves to the next item. Returns whether there is one.
    fn next(&mut self, end: u8) -> Result<bool, InvalidJson> {
        if self.reader.peek() == Some(end) {
            return Ok(false);
        }
        if !self.is_first {
            self.reader.take_token(",")?;
        }
        self.is_first = false;
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = InvalidJson;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, InvalidJson> {
        if !self.next(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = InvalidJson;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, InvalidJson> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        // Keys are strings in JSON, even if the type of the key accepts other values.
        if self.reader.peek() != Some(b'"') {
            return Err(InvalidJson(Problem::Other));
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, InvalidJson> {
        self.reader.take_token(":")?;
        seed.deserialize(&mut *self.reader)
    }
}

/// An enum variant: `"Name"`, or the content of `{"Name": value}`.
pub(super) struct Variant<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) has_value: bool,
}

impl<'r, 'de> Variant<'r, 'de> {
    fn value(self) -> Result<&'r mut Reader<'de>, InvalidJson> {
        if !self.has_value {
            return Err(InvalidJson(Problem::Other));
        }
        self.reader.take_token(":")?;
        Ok(self.reader)
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = InvalidJson;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), InvalidJson> {
        let variant = seed.deserialize(&mut *self.reader)?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = InvalidJson;

    fn unit_variant(self) -> Result<(), InvalidJson> {
        if !self.has_value {
            return Ok(());
        }
        Deserialize::deserialize(self.value()?)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, InvalidJson> {
        seed.deserialize(self.value()?)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.value()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.value()?.deserialize_map(visitor)
    }
}
