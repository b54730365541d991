//! Lines as JSON, byte for byte as `serde_json` writes them, in less than half its time.
//!
//! A line has some hundred names and texts, of which hardly one has anything to escape. `serde_json` looks at each byte of all of
//! them, names of fields too, and that was half of what tcpx did for a refused connection. (`sonic-rs`, which looks at a vector
//! of bytes at a time, was tried: two thirds of that, and seventeen more crates.) Here sixteen bytes are looked at, names of
//! fields are copied, and what is rare is left to `serde_json`.

use std::fmt::{self, Display, Write};

use serde::{
    Serialize,
    ser::{self, Error as _},
};
use serde_json::Error;

/// Appends a value.
///
/// # Errors
/// As `serde_json::to_writer` into memory: what has no JSON, such as a number of 128 bits.
pub fn append(value: &impl Serialize, to: &mut Vec<u8>) -> Result<(), Error> {
    value.serialize(Json { out: to })
}

/// What a value is written with.
struct Json<'a> {
    out: &'a mut Vec<u8>,
}

/// An array or object that was begun.
struct Begun<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
    end: &'static [u8],
}

impl<'a> Json<'a> {
    fn number(self, number: impl itoa::Integer) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn begin(self, start: &[u8], end: &'static [u8]) -> Begun<'a> {
        self.out.extend_from_slice(start);
        Begun { out: self.out, first: true, end }
    }

    /// `{"NAME":` and what follows.
    fn variant(self, name: &str, start: &[u8], end: &'static [u8]) -> Result<Begun<'a>, Error> {
        self.out.push(b'{');
        text(name, self.out)?;
        self.out.push(b':');
        Ok(self.begin(start, end))
    }
}

impl Begun<'_> {
    #[inline]
    fn separate(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.separate();
        value.serialize(Json { out: self.out })
    }

    /// Names of fields are words of Rust, or what an attribute says: without anything to escape. Inlined, so that the length of each
    /// name is known where it is copied.
    #[expect(
        clippy::inline_always,
        reason = "half as many instructions for a line, as callgrind counts them"
    )]
    #[inline(always)]
    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.separate();
        self.out.reserve(name.len() + 3);
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Json { out: self.out })
    }

    fn finish(self) {
        self.out.extend_from_slice(self.end);
    }
}

fn text(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    if !is_plain(text.as_bytes()) {
        return serde_json::to_writer(out, text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Nothing is to be escaped: no quote, no backslash, no control character (RFC 8259, section 7).
fn is_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk::<16>() {
        // The last may overlap the one before.
        return text.as_chunks().0.iter().all(is_plain_block::<16>) && is_plain_block(last);
    }
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => is_plain_block(first) && is_plain_block(last),
        _ => text.iter().all(|&byte| !is_special(byte)),
    }
}

/// The same of so many bytes at once. No byte ends the search: so the compiler looks at all of them in one vector.
fn is_plain_block<const N: usize>(block: &[u8; N]) -> bool {
    !block.iter().fold(false, |special, &byte| special | is_special(byte))
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, 0..0x20 | b'"' | b'\\')
}

/// Pieces of one text.
struct Pieces<'a>(&'a mut Vec<u8>);

impl Write for Pieces<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if is_plain(piece.as_bytes()) {
            self.0.extend_from_slice(piece.as_bytes());
            return Ok(());
        }
        let start = self.0.len();
        text(piece, self.0).map_err(|_| fmt::Error)?;
        // Without its quotes.
        self.0.remove(start);
        self.0.pop();
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident $kind:ty),+) => {
        $(fn $method(self, number: $kind) -> Result<(), Error> {
            self.number(number);
            Ok(())
        })+
    };
}

macro_rules! rare {
    ($($method:ident $kind:ty),+) => {
        $(fn $method(self, value: $kind) -> Result<(), Error> {
            serde_json::to_writer(self.out, &value)
        })+
    };
}

impl<'a> ser::Serializer for Json<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Begun<'a>;
    type SerializeTuple = Begun<'a>;
    type SerializeTupleStruct = Begun<'a>;
    type SerializeTupleVariant = Begun<'a>;
    type SerializeMap = Begun<'a>;
    type SerializeStruct = Begun<'a>;
    type SerializeStructVariant = Begun<'a>;

    numbers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_u8 u8, serialize_u16 u16,
        serialize_u32 u32, serialize_u64 u64
    );
    rare!(serialize_i128 i128, serialize_u128 u128, serialize_f32 f32, serialize_f64 f64, serialize_char char, serialize_bytes &[u8]);

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        text(value, self.out)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.out.push(b'"');
        write!(Pieces(self.out), "{value}").map_err(Error::custom)?;
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Error> {
        text(name, self.out)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let begun = self.variant(name, b"", b"}")?;
        value.serialize(Json { out: &mut *begun.out })?;
        begun.finish();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Begun<'a>, Error> {
        Ok(self.begin(b"[", b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Begun<'a>, Error> {
        Ok(self.begin(b"[", b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Begun<'a>, Error> {
        Ok(self.begin(b"[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Begun<'a>, Error> {
        self.variant(name, b"[", b"]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Begun<'a>, Error> {
        Ok(self.begin(b"{", b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Begun<'a>, Error> {
        Ok(self.begin(b"{", b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Begun<'a>, Error> {
        self.variant(name, b"{", b"}}")
    }
}

/// What has elements, or fields with names.
macro_rules! parts {
    ($($of:ident $method:ident($($name:ident: $kind:ty)?) => $own:ident),+) => {
        $(impl ser::$of for Begun<'_> {
            type Ok = ();
            type Error = Error;

            #[inline(always)]
            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $kind,)? value: &T) -> Result<(), Error> {
                self.$own($($name,)? value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        })+
    };
}

parts!(
    SerializeSeq serialize_element() => element, SerializeTuple serialize_element() => element,
    SerializeTupleStruct serialize_field() => element, SerializeTupleVariant serialize_field() => element,
    SerializeStruct serialize_field(name: &'static str) => field,
    SerializeStructVariant serialize_field(name: &'static str) => field
);

impl ser::SerializeMap for Begun<'_> {
    type Ok = ();
    type Error = Error;

    /// A key is a text in JSON, whatever it is here.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.separate();
        let start = self.out.len();
        key.serialize(Json { out: self.out })?;
        if self.out.get(start) != Some(&b'"') {
            self.out.insert(start, b'"');
            self.out.push(b'"');
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        value.serialize(Json { out: self.out })
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::sink::samples;

    fn same(value: &impl Serialize) {
        let mut ours = Vec::new();
        append(value, &mut ours).expect("has JSON");
        let theirs = serde_json::to_string(value).expect("has JSON");
        assert_eq!(String::from_utf8(ours).expect("UTF-8"), theirs);
    }

    #[derive(Serialize)]
    enum Any {
        Unit,
        New(Option<u8>),
        Tuple(i64, &'static str),
        Struct { a: bool, b: () },
    }

    #[derive(Serialize)]
    struct Shown(#[serde(serialize_with = "shown")] &'static str);

    fn shown<S: ser::Serializer>(text: &&str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}: {text}\n", 7))
    }

    #[test]
    fn lines_are_as_serde_json_writes_them() {
        for line in [
            samples::start(),
            samples::attempt(),
            samples::reset_of_attempt(),
            samples::peer_reset(),
            samples::drop_line(),
            samples::call_line(),
            samples::hostile(),
            samples::loss(),
            samples::summary(),
        ] {
            same(&line);
        }
    }

    #[test]
    fn what_lines_do_not_have_is_too() {
        same(&[Any::Unit, Any::New(None), Any::New(Some(1)), Any::Tuple(-1, "\"\\\u{7f}\u{1f}")]);
        same(&(Any::Struct { a: true, b: () }, 1.5_f64, f32::NAN, 'x', [0_u8; 0], u128::MAX));
        same(&BTreeMap::from([(1, "one"), (-2, "two")]));
        same(&BTreeMap::from([("a\nb", Shown("c\"d")), ("", Shown(""))]));
    }

    proptest! {
        #[test]
        fn texts_are_too(text: String, plain in "[ -~]{0,40}", bytes in prop::collection::vec(0_u8..0x80, 0..40)) {
            same(&text);
            same(&plain);
            same(&String::from_utf8_lossy(&bytes));
        }
    }
}
