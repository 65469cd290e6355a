//! Bytes of arguments, paths and tool output as text of a record.
//!
//! Refuses to lose any: what is not UTF-8 stands as `\xNN`.

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

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn keeps_utf8_and_escapes_the_rest() {
        assert_eq!(text("żółw".as_bytes()), "żółw");
        assert_eq!(text(b"a\xff\x00b"), "a\\xff\0b");
    }
}
