//! A line as it was meant, without what only a terminal understands.

use std::borrow::Cow;

use memchr::memchr2;

/// A line as a terminal would show it: without escape sequences and what backspaces took back.
pub fn shown(line: &[u8]) -> Cow<'_, [u8]> {
    if memchr2(0x1b, 0x08, line).is_none() {
        return Cow::Borrowed(line);
    }
    let mut shown = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            0x1b => after_escape(after),
            0x08 => {
                let last = shown.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
                shown.truncate(last);
                after
            }
            _ => {
                shown.push(byte);
                after
            }
        };
    }
    Cow::Owned(shown)
}

/// What follows an escape sequence (ECMA-48) whose escape character was just read.
fn after_escape(bytes: &[u8]) -> &[u8] {
    match bytes.first() {
        Some(b'[') => {
            let end = bytes[1..].iter().position(|byte| (0x40..=0x7e).contains(byte));
            end.map_or(&[], |end| &bytes[end + 2..])
        }
        Some(b']') => {
            let end = memchr2(0x07, 0x1b, bytes);
            end.map_or(&[], |end| bytes[end + 1..].strip_prefix(b"\\").unwrap_or(&bytes[end + 1..]))
        }
        Some(0x20..=0x2f) => {
            let end = bytes.iter().position(|byte| !(0x20..=0x2f).contains(byte));
            end.map_or(&[], |end| &bytes[end + 1..])
        }
        Some(_) => &bytes[1..],
        None => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn shows_what_a_terminal_shows() {
        assert_eq!(&*shown(b"plain"), b"plain");
        assert_eq!(&*shown(b"\x1b[?25h\x1b[38;5;70mab\x1b[0m"), b"ab");
        assert_eq!(&*shown(b"deps ... \x1b[?25l-\x08 \x08done"), b"deps ... done");
        assert_eq!(&*shown(b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07!"), b"link!");
        assert_eq!(&*shown(b"\x1b7\x1b[0;23r\x1b8\x1b[1Ax\x1b(By"), b"xy");
        assert_eq!(&*shown("ż\x08\x08a\x1b[".as_bytes()), b"a");
    }
}
