//! Text from anywhere as text of a page.

use std::fmt;

use serde::Serialize;

use crate::event::{json, printable};

/// Text that stands in an element or in a quoted attribute; shows what would hide or reorder text.
pub(super) struct Escaped<'a>(&'a str);

/// `text`, to be written with `{}`.
pub(super) fn escaped(text: &str) -> Escaped<'_> {
    Escaped(text)
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = printable(self.0);
        let mut rest = &*text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (before, special) = rest.split_at(at);
            f.write_str(before)?;
            f.write_str(match special.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &special[1..];
        }
        f.write_str(rest)
    }
}

/// A value as JSON that no parser of HTML takes for markup: `<`, `>` and `&` occur in strings only, and are escaped there.
pub(super) fn embedded(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    json::line(&mut text, value).expect("every key is a text");
    let text = String::from_utf8(text).expect("JSON of text is text");
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// Our own code text: what stands in backticks becomes code, all else is escaped.
pub(super) fn with_code(text: &str) -> String {
    let mut out = String::new();
    for (number, part) in text.split('`').enumerate() {
        let part = escaped(part);
        out += &if number % 2 == 1 { format!("<code>{part}</code>") } else { part.to_string() };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{embedded, escaped, with_code};

    #[test]
    fn nothing_from_a_record_is_markup() {
        assert_eq!(
            escaped("<img src=x onerror='a()'>&\"\u{202e}").to_string(),
            "&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;&quot;\\u{202e}"
        );
        let text = embedded(&"</script><!--<script>&\u{2028}");
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "</script><!--<script>&\u{2028}");
        assert_eq!(with_code("run `a <b>` now"), "run <code>a &lt;b&gt;</code> now");
    }
}
