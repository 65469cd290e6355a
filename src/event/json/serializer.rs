//! Values of serde as JSON, straight into a buffer.
//!
//! Instead of serde_json's own serializer, which hands every quote, comma and name by itself through a formatter, all of
//! them generic: built for size, a document of 10 000 artifacts took it three times as long. Refuses keys that are no
//! texts.

use std::fmt::{Display, Write as _};
use std::io::Write;

use serde::Serialize;
use serde_json::{Error, Result};

use super::super::Buffer;
use super::entries::Entries;
use super::strings;

/// Writes values one after the other.
pub(super) struct Serializer<'a> {
    pub(super) buffer: Buffer,
    /// How far lines are indented; `None` within one line.
    pub(super) indent: Option<usize>,
    /// Where long texts go, piece by piece; else all stays in memory.
    pub(super) writer: Option<&'a mut dyn Write>,
}

impl<'a> Serializer<'a> {
    pub(super) fn break_line(&mut self) {
        const SPACES: &[u8; 32] = &[b' '; 32];
        if let Some(indent) = self.indent {
            self.buffer.put(b"\n");
            self.buffer.put(&SPACES[..(2 * indent).min(SPACES.len())]);
        }
    }

    fn open<'s>(&'s mut self, opening: &[u8], closing: &'static [u8]) -> Result<Entries<'s, 'a>> {
        let outer = self.indent;
        self.buffer.put(opening);
        self.indent = outer.map(|indent| indent + 1);
        Ok(Entries::of(self, outer, closing))
    }

    /// Opens what is the value of a variant: an object of a single entry, on one line.
    fn open_variant<'s>(
        &'s mut self,
        variant: &str,
        opening: &[u8],
        closing: &'static [u8],
    ) -> Result<Entries<'s, 'a>> {
        self.buffer.put(b"{");
        strings::put(&mut self.buffer, variant);
        self.buffer.put(b":");
        self.buffer.put(opening);
        let outer = self.indent.take();
        Ok(Entries::of(self, outer, closing))
    }

    fn number(&mut self, number: &dyn Display) -> Result<()> {
        // A buffer takes all that is written to it.
        let _ = write!(self.buffer, "{number}");
        Ok(())
    }
}

/// The integers of serde, each with a method.
macro_rules! integers {
    ($($method:ident($kind:ty)),+) => {$(
        fn $method(self, value: $kind) -> Result<()> {
            self.number(&value)
        }
    )+};
}

impl<'s, 'a> serde::Serializer for &'s mut Serializer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Entries<'s, 'a>;
    type SerializeTuple = Entries<'s, 'a>;
    type SerializeTupleStruct = Entries<'s, 'a>;
    type SerializeTupleVariant = Entries<'s, 'a>;
    type SerializeMap = Entries<'s, 'a>;
    type SerializeStruct = Entries<'s, 'a>;
    type SerializeStructVariant = Entries<'s, 'a>;

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.buffer.put(if value { b"true" } else { b"false" });
        Ok(())
    }

    integers!(
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64)
    );

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        match serde_json::Number::from_f64(value) {
            Some(number) => self.number(&number),
            // JSON has neither infinity nor NaN.
            None => self.serialize_unit(),
        }
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        strings::put(&mut self.buffer, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.buffer.put(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _name: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let mut entries = self.open_variant(variant, b"", b"}")?;
        entries.only(value)?;
        entries.close()
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Entries<'s, 'a>> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple(self, _length: usize) -> Result<Entries<'s, 'a>> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple_struct(self, _name: &'static str, _length: usize) -> Result<Entries<'s, 'a>> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Entries<'s, 'a>> {
        self.open_variant(variant, b"[", b"]}")
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Entries<'s, 'a>> {
        self.open(b"{", b"}")
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Entries<'s, 'a>> {
        self.open(b"{", b"}")
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Entries<'s, 'a>> {
        self.open_variant(variant, b"{", b"}}")
    }
}
