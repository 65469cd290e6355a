//! The logs of a pip and of the pips that it starts, as the one log that they would have written together.
//!
//! Refuses to reorder the lines of one log: only which log is next is decided, by the stamps.

/// The length of `2026-11-20T16:27:36,471`.
const STAMP: usize = 23;

/// Merges whole lines of several logs by their stamps; where these agree, the earlier log goes first.
pub(crate) fn merge(logs: &[Vec<u8>]) -> Vec<u8> {
    let mut merged = Vec::with_capacity(logs.iter().map(Vec::len).sum());
    let mut rests: Vec<&[u8]> = logs.iter().map(Vec::as_slice).filter(|log| !log.is_empty()).collect();
    while let Some(next) = (0..rests.len()).min_by_key(|&at| stamp(rests[at])) {
        let record;
        (record, rests[next]) = rests[next].split_at(length_of_record(rests[next]));
        merged.extend_from_slice(record);
        rests.retain(|rest| !rest.is_empty());
    }
    merged
}

/// The stamp at the beginning; what has none goes first, since it belongs to what went before.
fn stamp(lines: &[u8]) -> &[u8] {
    match lines.get(..STAMP) {
        Some(stamp) if stamp[4] == b'-' && stamp[10] == b'T' && stamp[19] == b',' => stamp,
        _ => b"",
    }
}

/// The first line with those without a stamp that follow it: the empty lines of a record.
fn length_of_record(lines: &[u8]) -> usize {
    let mut length = 0;
    loop {
        length += memchr::memchr(b'\n', &lines[length..]).map_or(lines.len() - length, |at| at + 1);
        if length == lines.len() || !stamp(&lines[length..]).is_empty() {
            return length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[(u32, &str)]) -> Vec<u8> {
        let line = |(at, text): &(u32, &str)| match text.is_empty() {
            true => "\n".to_owned(),
            false => format!("2026-11-20T16:27:36,{at:03} {text}\n"),
        };
        lines.iter().map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn follows_the_stamps_and_keeps_each_logs_order() {
        let outer = log(&[(1, "a"), (5, "b"), (0, ""), (0, ""), (4, "earlier than the line before"), (9, "c")]);
        let inner = log(&[(0, ""), (5, "x"), (6, "y"), (9, "z")]);
        let merged = String::from_utf8(merge(&[outer, inner, Vec::new()])).unwrap();
        let texts: Vec<_> = merged.lines().map(|line| line.get(24..).unwrap_or("")).collect();
        assert_eq!(texts, ["", "a", "b", "", "", "earlier than the line before", "x", "y", "c", "z"]);
    }

    #[test]
    fn nothing_is_lost_without_stamps() {
        assert_eq!(merge(&[b"no stamp\nat all".to_vec(), b"nor here".to_vec()]), b"no stamp\nat allnor here");
        assert_eq!(merge(&[]), b"");
    }
}
