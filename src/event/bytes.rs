//! Bytes of arguments, paths and tool output as text of a record.
//!
//! Refuses to lose any: what is not UTF-8 stands as `\xNN`.

use std::borrow::Cow;

/// `bytes` as text: valid UTF-8 as it is, each other byte as `\xNN`.
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// A text of a record that is borrowed where it can be, which serde does for a [`Cow`] only within a structure.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// `text` as it may be shown on a terminal: control characters stand as `\xNN`, and those that reorder or hide text as
/// `\u{NNNN}`, so that a package name can neither move the cursor nor pose as another.
pub fn printable(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    // Plain ASCII needs no look at its characters.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0'..='\x7f' if hidden(c) => shown.push_str(&format!("\\x{:02x}", c as u32)),
            _ if hidden(c) => shown.extend(c.escape_unicode()),
            _ => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// `word` as a shell takes it for one word.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::{printable, shell_word, text};

    #[test]
    fn a_word_stays_one_word_for_a_shell() {
        for (word, quoted) in [("a==1", "a==1"), ("", "''"), ("a>=1", "'a>=1'"), ("it's", r"'it'\''s'")] {
            assert_eq!(shell_word(word), quoted);
        }
    }

    #[test]
    fn shows_what_would_act_on_a_terminal() {
        assert_eq!(printable("żółw 1.0"), "żółw 1.0");
        assert_eq!(printable("a\x1b[2Jb\n\u{9b}c\u{202e}d\u{200b}"), "a\\x1b[2Jb\\x0a\\u{9b}c\\u{202e}d\\u{200b}");
    }

    #[test]
    fn keeps_utf8_and_escapes_the_rest() {
        assert_eq!(text("żółw".as_bytes()), "żółw");
        assert_eq!(text(b"a\xff\x00b"), "a\\xff\0b");
    }
}
