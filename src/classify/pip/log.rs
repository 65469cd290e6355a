//! The records of pip's log file.
//!
//! Refuses lines without a stamp: pip writes the empty lines of a record bare, and nothing else.

/// The length of `2026-11-20T16:27:36,471 `.
const STAMP: usize = 24;

/// The indentation and the text of a record's line; `None` where no stamp stands.
pub(super) fn record(line: &[u8]) -> Option<(usize, &[u8])> {
    let stamp = line.get(..STAMP)?;
    let shaped = stamp[4] == b'-' && stamp[7] == b'-' && stamp[10] == b'T' && stamp[13] == b':';
    let digits =
        || [0, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 20, 22].iter().all(|&at: &usize| stamp[at].is_ascii_digit());
    if !(shaped && stamp[16] == b':' && stamp[19] == b',' && stamp[23] == b' ' && digits()) {
        return None;
    }
    let text = &line[STAMP..];
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    Some(indented(text))
}

/// A line as its indentation and its text.
pub(super) fn indented(line: &[u8]) -> (usize, &[u8]) {
    let indent = line.iter().position(|&byte| byte != b' ').unwrap_or(line.len());
    (indent, &line[indent..])
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn takes_records_apart() {
        assert_eq!(record(b"2026-11-20T16:27:36,471   Found link x"), Some((2, &b"Found link x"[..])));
        assert_eq!(record(b"2026-11-20T16:27:36,471 "), Some((0, &b""[..])));
        assert_eq!(record(b"2026-11-20T16:27:36,471    "), Some((3, &b""[..])));
        for other in
            [&b""[..], b"2026-11-20T16:27:36,471", b"2026-11-20 16:27:36,471 x", b"plain text that is long enough"]
        {
            assert_eq!(record(other), None);
        }
    }
}
