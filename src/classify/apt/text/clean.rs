//! Text as it was meant, without what only a terminal understands.

/// `line` as text without escape sequences and without blanks at its end.
pub(super) fn clean(line: &[u8]) -> String {
    let plain = if memchr::memchr(0x1b, line).is_some() { without_escapes(line) } else { line.to_vec() };
    let mut text = crate::event::text(&plain);
    text.truncate(text.trim_end().len());
    text
}

/// Drops control sequences (ECMA-48: `ESC [` … final byte), operating system commands (`ESC ]` … BEL or ST) and other
/// escapes (`ESC` intermediates final).
fn without_escapes(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != 0x1b {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'[') => while bytes.next().is_some_and(|byte| !(0x40..=0x7e).contains(&byte)) {},
            Some(b']') => {
                while let Some(byte) = bytes.next() {
                    if byte == 0x07 || byte == 0x1b && bytes.next_if_eq(&b'\\').is_some() {
                        break;
                    }
                }
            }
            Some(0x20..=0x2f) => while bytes.next().is_some_and(|byte| (0x20..=0x2f).contains(&byte)) {},
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn takes_out_what_a_terminal_understands() {
        assert_eq!(clean(b"\x1b7\x1b[0;23r\x1b8\x1b[1AGet:1 http://a.example\x1b[0m  "), "Get:1 http://a.example");
        assert_eq!(clean(b"\x1b]0;title\x07x\x1b(By"), "xy");
    }
}
