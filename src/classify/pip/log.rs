//! The records of pip's log file.
//!
//! Refuses lines without a stamp: pip writes the empty lines of a record bare, and nothing else.

use std::ops::Range;

use crate::classify::LocalTime;

/// The length of `2026-11-20T16:27:36,471 `.
pub(super) const STAMP: usize = 24;

/// The stamp that a line begins with.
pub(super) fn stamp(line: &[u8]) -> Option<[u8; STAMP]> {
    line.first_chunk().copied()
}

/// The time that a [record]'s stamp gives.
pub(super) fn local_time(stamp: &[u8; STAMP]) -> LocalTime {
    let number = |digits: Range<usize>| {
        stamp[digits].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')))
    };
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days since 1970, counted in years that begin in March, after the day that not every year has.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 719_469;
    let minutes = (days * 24 + number(11..13)) * 60 + number(14..16);
    LocalTime((minutes * 60 + number(17..19)) * 1000 + number(20..23))
}

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
    use super::*;

    #[test]
    fn a_stamp_is_a_time() {
        // By Python's `datetime.timestamp` in UTC.
        for (stamp, expected) in [
            ("1970-01-01T00:00:00,000 ", 0),
            ("2024-02-29T23:59:59,999 ", 1_709_251_199_999),
            ("2024-03-01T00:00:00,000 ", 1_709_251_200_000),
            ("2026-11-20T16:27:36,471 ", 1_795_192_056_471),
            ("2100-12-31T12:00:00,001 ", 4_133_937_600_001),
        ] {
            assert_eq!(local_time(stamp.as_bytes().first_chunk().unwrap()), LocalTime(expected), "{stamp}");
        }
    }

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
