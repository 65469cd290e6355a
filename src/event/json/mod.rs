//! JSON as this project writes it: a journal's event on one line; a document with one artifact a line, so that it can be
//! read, compared and searched by line as well as by query.
//!
//! What a terminal would obey (DEL, C1 controls, turned writing) is escaped beyond what JSON asks for.

mod entries;
mod serializer;
mod strings;

use std::io::{self, Write};

use serde::Serialize;

use super::Buffer;
use serializer::Serializer;

/// Appends `value` to `line`, without a newline at its end.
///
/// # Errors
/// Where `value` cannot be written as JSON; the types of this crate can.
pub fn line<T: Serialize>(line: &mut Vec<u8>, value: &T) -> serde_json::Result<()> {
    let start = line.len();
    let buffer = Buffer::after(std::mem::take(line));
    let mut serializer = Serializer { buffer, indent: None, writer: None };
    let written = value.serialize(&mut serializer);
    *line = serializer.buffer.into_text();
    written.inspect_err(|_| line.truncate(start))
}

/// Appends `value` to `document`: objects outside lists are spread over lines, and each entry of a list has its own.
///
/// # Errors
/// Where `document` cannot be written, or `value` not as JSON; the types of this crate can.
pub fn document<T: Serialize>(document: &mut impl Write, value: &T) -> io::Result<()> {
    let mut serializer = Serializer { buffer: Buffer::default(), indent: Some(0), writer: Some(&mut *document) };
    value.serialize(&mut serializer)?;
    let mut buffer = serializer.buffer;
    buffer.put(b"\n");
    buffer.hand_over(document)
}

/// The same, in memory.
///
/// # Panics
/// Where `value` cannot be written as JSON; the types of this crate can.
pub fn text<T: Serialize>(value: &T) -> String {
    let mut text = Vec::new();
    document(&mut text, value).expect("every key is a text");
    String::from_utf8(text).expect("JSON of text is text")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Serialize;
    use serde_json::json;

    use crate::event::printable;

    /// One of each kind that serde knows.
    #[derive(Clone, Debug, Serialize)]
    enum Any {
        Unit,
        Newtype(Box<Any>),
        Tuple(Option<char>, f64, (i8, u16)),
        Struct { text: String, number: i64, large: u64, map: BTreeMap<String, Vec<Any>>, is: bool, none: () },
    }

    fn any_value() -> impl Strategy<Value = Any> {
        // What only this project escapes has a test of its own.
        let is_shown = |character: &char| matches!(printable(&character.to_string()), Cow::Borrowed(_));
        let character = proptest::option::of(any::<char>().prop_filter("is shown", is_shown));
        let tuple = (character, any::<f64>(), any::<(i8, u16)>());
        let leaf = prop_oneof![Just(Any::Unit), tuple.prop_map(|(a, b, c)| Any::Tuple(a, b, c))];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let list = proptest::collection::vec(inner.clone(), 0..3);
            let map = proptest::collection::btree_map("[ -~]{0,9}", list, 0..3);
            let text = "[ -~\n\r\t\u{0}\u{8}\u{c}\u{1b}żółw😀]{0,40}";
            let fields = (text, any::<i64>(), any::<u64>(), map, any::<bool>());
            prop_oneof![
                inner.prop_map(|any| Any::Newtype(Box::new(any))),
                fields.prop_map(|(text, number, large, map, is)| {
                    Any::Struct { text, number, large, map, is, none: () }
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_line_is_the_json_of_others(value in any_value()) {
            let mut line = b"before".to_vec();
            super::line(&mut line, &value).unwrap();
            let expected = "before".to_owned() + &serde_json::to_string(&value).unwrap();
            prop_assert_eq!(String::from_utf8(line).unwrap(), expected);
        }

        #[test]
        fn a_document_says_the_same(value in any_value()) {
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            prop_assert_eq!(read(&super::text(&value)), read(&serde_json::to_string(&value).unwrap()));
        }
    }

    #[test]
    fn a_key_is_a_text() {
        let mut line = b"before".to_vec();
        super::line(&mut line, &BTreeMap::from([(1, 2)])).unwrap_err();
        assert_eq!(line, b"before");
    }

    fn document(value: &serde_json::Value) -> String {
        let mut text = Vec::new();
        super::document(&mut text, value).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn spreads_objects_and_keeps_the_entries_of_lists_on_a_line() {
        let value = json!({"a": 1, "b": {"list": [{"x": [1, {"y": {}}]}, 2], "none": [], "empty": {}}, "c": null});
        let text = document(&value);
        assert_eq!(
            text,
            "{\n  \"a\": 1,\n  \"b\": {\n    \"list\": [\n      {\"x\":[1,{\"y\":{}}]},\n      2\n    ],\n    \
             \"none\": [],\n    \"empty\": {}\n  },\n  \"c\": null\n}\n"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn escapes_what_a_terminal_would_obey_and_nothing_else() {
        let value = json!("żółw \u{1b}[31m \u{7f} \u{9b}31m \u{202e} \"\\ 😀");
        let mut text = Vec::new();
        super::line(&mut text, &value).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, r#""żółw \u001b[31m \u007f \u009b31m \u202e \"\\ 😀""#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
