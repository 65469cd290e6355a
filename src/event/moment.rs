//! A point in time, as every record writes it: RFC 3339 in UTC with microseconds.
//!
//! Refuses to read a clock: a moment is given.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bytes::Text;

/// Microseconds since 1970-01-01T00:00:00Z; written as `2026-11-20T15:36:00.123456Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Moment = Moment(0);

    /// From microseconds since the Unix epoch, held to the years that RFC 3339 can write.
    pub fn from_microseconds(microseconds: i64) -> Self {
        let held = microseconds.clamp(
            jiff::Timestamp::MIN.as_microsecond().max(-62_135_596_800_000_000),
            jiff::Timestamp::MAX.as_microsecond(),
        );
        Moment(held)
    }

    /// Microseconds since the Unix epoch.
    pub fn microseconds(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to this moment, negative if it is the earlier one.
    pub fn seconds_since(self, earlier: Moment) -> f64 {
        (self.0 - earlier.0) as f64 / 1e6
    }

    /// The stamp of a session's files, `YYYYMMDD_HHMMSS` in UTC.
    pub fn stamp(self) -> String {
        self.with_text(|text| {
            [&text[0..4], &text[5..7], &text[8..10], "_", &text[11..13], &text[14..16], &text[17..19]].concat()
        })
    }
}

/// How a moment is written: twenty bytes to the second, a point, six digits and `Z`.
const LENGTH: usize = 27;

impl Moment {
    /// Calls `with` with the moment as it is written. Done by hand: a record has several, and they are written often.
    fn with_text<T>(self, with: impl FnOnce(&str) -> T) -> T {
        let (seconds, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000) as u32);
        let (year, month, day) = date_of(seconds.div_euclid(DAY));
        let second = seconds.rem_euclid(DAY) as u32;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |place: usize, number: u32| {
            // A tenth of what is less than a hundred, without a division: code that is built for size divides.
            let tens = (number * 205) >> 11;
            text[place] = b'0' + tens as u8;
            text[place + 1] = b'0' + (number - 10 * tens) as u8;
        };
        put(0, year / 100);
        put(2, year % 100);
        put(5, month);
        put(8, day);
        put(11, second / 3600);
        put(14, second / 60 % 60);
        put(17, second % 60);
        put(20, micros / 10_000);
        put(22, micros / 100 % 100);
        put(24, micros % 100);
        with(std::str::from_utf8(&text).expect("digits are ASCII"))
    }

    /// Reads what [`Moment::with_text`] writes, of a year of four digits; `None` for any other notation.
    fn from_own(text: &[u8]) -> Option<Self> {
        let text: &[u8; LENGTH] = text.try_into().ok()?;
        let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
        if signs.iter().any(|&(place, sign)| text[place] != sign) {
            return None;
        }
        let number = |from: usize, to: usize| {
            text[from..to]
                .iter()
                .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if year == 0 || !(1..=last_day(year, month)?).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = days_of(year, month, day) * DAY + i64::from((hour * 60 + minute) * 60 + second);
        Some(Moment(seconds * 1_000_000 + i64::from(number(20, 26)?)))
    }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// How many days lie between 1970-01-01 and 1 March of the year before the first, from which they are counted here: so
/// the day that is sometimes missing is the last of a year.
const BEFORE_1970: i64 = 719_468;

/// Year, month and day of the day that lies `days` after 1970-01-01 in the Gregorian calendar, of which 400 years have
/// 146 097 days.
fn date_of(days: i64) -> (u32, u32, u32) {
    let days = (days + BEFORE_1970) as u32;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let from_january = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u32::from(from_january <= 2), from_january, day_of_month)
}

/// The inverse of [`date_of`].
fn days_of(year: u32, month: u32, day: u32) -> i64 {
    let year = year - u32::from(month <= 2);
    let from_march = (month + 9) % 12;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day - 1;
    i64::from(days) - BEFORE_1970
}

/// The last day of a month; `None` where there is no such month.
fn last_day(year: u32, month: u32) -> Option<u32> {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => Some(29),
        2 => Some(28),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        if let Some(moment) = Moment::from_own(text.as_bytes()) {
            return Ok(moment);
        }
        let timestamp: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Moment::from_microseconds(timestamp.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn writes_microseconds_in_utc() {
        let moment = Moment::from_microseconds(1_795_188_960_123_456);
        assert_eq!(moment.to_string(), "2026-11-20T15:36:00.123456Z");
        assert_eq!(moment.stamp(), "20261120_153600");
        assert_eq!(serde_json::from_str::<Moment>("\"2026-11-20T15:36:00.123456Z\"").unwrap(), moment);
        let offset = serde_json::from_str::<Moment>("\"2026-11-20T16:36:00.123456789+01:00\"").unwrap();
        assert_eq!(offset, moment);
        assert_eq!(Moment::from_microseconds(1_795_188_960_000_000).to_string(), "2026-11-20T15:36:00.000000Z");
    }

    #[test]
    fn agrees_with_the_calendar_library() {
        let mut microseconds = -62_135_596_800_000_000;
        while microseconds < jiff::Timestamp::MAX.as_microsecond() {
            let moment = Moment::from_microseconds(microseconds);
            assert_eq!(moment.to_string(), format!("{:.6}", jiff::Timestamp::from_microsecond(microseconds).unwrap()));
            assert_eq!(Moment::from_own(moment.to_string().as_bytes()), Some(moment));
            // A prime number of microseconds, about 50 days.
            microseconds += 4_320_000_000_019;
        }
        for no_moment in [
            "2026-02-29T00:00:00.000000Z",
            "2026-13-01T00:00:00.000000Z",
            "2026-04-31T00:00:00.000000Z",
            "2026-04-30T24:00:00.000000Z",
            "2026-04-30T23:59:60.000000Z",
            "2026-04-00T00:00:00.000000Z",
            "2026-04-3xT00:00:00.000000Z",
            "0000-01-01T00:00:00.000000Z",
        ] {
            assert_eq!(Moment::from_own(no_moment.as_bytes()), None, "{no_moment}");
        }
    }
}
