//! What stands within a list or an object, one after the other.

use serde::ser::{self, Serialize};
use serde_json::{Error, Result};

use super::super::buffer::copy;
use super::serializer::Serializer;
use super::strings;

/// The entries of a list or an object.
pub(super) struct Entries<'s, 'a> {
    serializer: &'s mut Serializer<'a>,
    /// The indent of what stands around.
    outer: Option<usize>,
    is_empty: bool,
    closing: &'static [u8],
}

impl<'s, 'a> Entries<'s, 'a> {
    pub(super) fn of(serializer: &'s mut Serializer<'a>, outer: Option<usize>, closing: &'static [u8]) -> Self {
        Entries { serializer, outer, is_empty: true, closing }
    }

    /// What stands between the brackets as it is.
    pub(super) fn only<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut *self.serializer)
    }

    fn separate(&mut self) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.serializer.buffer.put(b",");
        }
        self.serializer.break_line();
    }

    /// An entry of a list, on a line of its own.
    fn entry<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        self.separate();
        let indent = self.serializer.indent.take();
        value.serialize(&mut *self.serializer)?;
        self.serializer.indent = indent;
        self.relieve()
    }

    fn relieve(&mut self) -> Result<()> {
        let Serializer { buffer, writer, .. } = &mut *self.serializer;
        writer.as_mut().map_or(Ok(()), |writer| buffer.relieve(*writer)).map_err(Error::io)
    }

    fn key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<()> {
        self.separate();
        let start = self.serializer.buffer.length();
        key.serialize(&mut *self.serializer)?;
        match self.serializer.buffer.since(start) {
            [b'"', ..] => Ok(()),
            _ => Err(ser::Error::custom("a key of an object is no text")),
        }
    }

    fn colon(&mut self) {
        self.serializer.buffer.put(if self.serializer.indent.is_some() { b": " } else { b":" });
    }

    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        self.colon();
        value.serialize(&mut *self.serializer)
    }

    fn field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.name(name);
        value.serialize(&mut *self.serializer)
    }

    /// The name of a field, which is a word, and what parts it from its value. Not generic, since there are many kinds of
    /// value.
    fn name(&mut self, name: &'static str) {
        if self.serializer.indent.is_some() {
            self.separate();
            strings::put(&mut self.serializer.buffer, name);
            return self.colon();
        }
        let comma = usize::from(!std::mem::replace(&mut self.is_empty, false));
        let place = self.serializer.buffer.place(name.len() + 3 + comma);
        if let [quote, inner @ .., end, colon] = &mut place[comma..] {
            (*quote, *end, *colon) = (b'"', b'"', b':');
            copy(inner, name.as_bytes());
        }
        place[..comma].fill(b',');
    }

    pub(super) fn close(self) -> Result<()> {
        let spread = self.serializer.indent.is_some();
        self.serializer.indent = self.outer;
        if spread && !self.is_empty {
            self.serializer.break_line();
        }
        self.serializer.buffer.put(self.closing);
        Ok(())
    }
}

/// serde has four kinds of lists and two of objects whose names are words, each a trait.
macro_rules! entries {
    ($($kind:ident $method:ident($($name:ident)?) = $entry:ident),+) => {$(
        impl ser::$kind for Entries<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: ?Sized + Serialize>(&mut self, $($name: &'static str,)? value: &T) -> Result<()> {
                self.$entry($($name,)? value)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        }
    )+};
}

entries!(
    SerializeSeq serialize_element() = entry,
    SerializeTuple serialize_element() = entry,
    SerializeTupleStruct serialize_field() = entry,
    SerializeTupleVariant serialize_field() = entry,
    SerializeStruct serialize_field(name) = field,
    SerializeStructVariant serialize_field(name) = field
);

impl ser::SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<()> {
        self.key(key)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        self.value(value)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}
