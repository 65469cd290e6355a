//! A point in time, as every record writes it: RFC 3339 in UTC with microseconds.
//!
//! Refuses to read a clock: a moment is given.

use serde::{Deserialize, Serialize, Serializer};

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
        self.timestamp().strftime("%Y%m%d_%H%M%S").to_string()
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.6}", self.timestamp())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let timestamp: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Moment(timestamp.as_microsecond()))
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
        assert_eq!(Moment::from_microseconds(1_795_188_960_000_000).to_string(), "2026-11-20T15:36:00.000000Z");
    }
}
