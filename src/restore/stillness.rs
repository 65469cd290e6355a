//! The sign of life that pip gives once a minute: `Building wheel for six (setup.py): still running...`.
//!
//! It comes with a line of the build's output, at the earliest a minute after the last sign, unless the output itself is
//! shown; with a log pip believes that it is.

use std::collections::VecDeque;

/// How long pip waits between two signs, in milliseconds (`NonInteractiveSpinner`).
const PATIENCE: i64 = 60_000;

/// Counts the signs that are due.
#[derive(Debug, Default)]
pub(super) struct Stillness {
    /// When the last sign was given.
    since: i64,
    /// Indentation and message of the spinners that are to give one.
    due: VecDeque<(usize, Vec<u8>)>,
}

impl Stillness {
    /// A spinner starts, at a time as the log writes it.
    pub(super) fn starts(&mut self, stamp: &[u8]) {
        self.since = milliseconds(stamp).unwrap_or(self.since);
    }

    /// A line of output comes while a spinner turns.
    pub(super) fn turns(&mut self, stamp: &[u8], indent: usize, message: &[u8]) {
        let Some(now) = milliseconds(stamp) else { return };
        if now - self.since >= PATIENCE {
            self.since = now;
            self.due.push_back((indent, message.to_vec()));
        }
    }

    /// Appends the signs of a spinner that is about to end.
    pub(super) fn give(&mut self, indent: usize, message: &[u8], output: &mut Vec<u8>) {
        while self.due.front().is_some_and(|due| due.0 == indent && due.1 == message) {
            self.due.pop_front();
            output.extend([&b" ".repeat(indent)[..], message, b": still running...\n"].concat());
        }
    }
}

/// Milliseconds since some midnight of `2026-11-20T16:26:59,521 `.
fn milliseconds(stamp: &[u8]) -> Option<i64> {
    let number =
        |at: usize, digits: usize| -> Option<i64> { str::from_utf8(stamp.get(at..at + digits)?).ok()?.parse().ok() };
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    // Days of the proleptic Gregorian calendar, years beginning in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let seconds = (number(11, 2)? * 60 + number(14, 2)?) * 60 + number(17, 2)?;
    Some((days * 86_400 + seconds) * 1000 + number(20, 3)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reckons_over_midnight_and_leap_days() {
        let between =
            |one: &str, other: &str| milliseconds(other.as_bytes()).unwrap() - milliseconds(one.as_bytes()).unwrap();
        assert_eq!(between("2026-11-20T23:59:59,999 ", "2026-11-21T00:01:00,000 "), 60_001);
        assert_eq!(between("2028-02-28T12:00:00,000 ", "2028-03-01T12:00:00,000 "), 2 * 86_400_000);
        assert_eq!(between("2026-12-31T12:00:00,000 ", "2027-01-01T12:00:00,000 "), 86_400_000);
        assert_eq!(milliseconds(b""), None);
    }
}
