//! Which texts need no closer look, since they can be written as they stand.
//!
//! Eight bytes at a time: code that is built for size compares no more at once by itself.

/// Where a string ends whose first byte is the first of `bytes`: at its closing quote. `None` where it has none, or where
/// an escape or a control comes before it.
#[inline(always)]
pub(super) fn string_end(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let found = words.iter().enumerate().find_map(|(number, word)| {
        let found = unusual(u64::from_le_bytes(*word), b' ') & HIGHEST;
        (found != 0).then(|| 8 * number + found.trailing_zeros() as usize / 8)
    });
    let rest = || Some(8 * words.len() + rest.iter().position(|&byte| byte < b' ' || matches!(byte, b'"' | b'\\'))?);
    found.or_else(rest).filter(|&end| bytes[end] == b'"')
}

/// Whether texts of the same length are the same; for what is short and mostly is: musl compares byte by byte.
#[inline(always)]
pub(super) fn equals(these: &[u8], those: &[u8]) -> bool {
    let same = |this: &[u8; 8], that: &[u8; 8]| u64::from_le_bytes(*this) == u64::from_le_bytes(*that);
    match these.last_chunk().zip(those.last_chunk()) {
        Some((last, other)) => {
            same(last, other)
                && these.as_chunks().0.iter().zip(those.as_chunks().0).all(|(this, that)| same(this, that))
        }
        None => these.iter().zip(those).all(|(this, that)| this == that),
    }
}

/// Whether all bytes lie between `first`, a blank or a byte soon after it, and `~`, and none is a quote or a backslash: then
/// neither JSON nor a terminal minds.
pub fn is_plain(bytes: &[u8], first: u8) -> bool {
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().all(|&byte| is_plain_byte(byte, first));
    };
    let special = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        // One more than DEL sets the highest bit, as all bytes beyond ASCII have it.
        word | word.wrapping_add(ONES) | unusual(word, first)
    };
    let (words, _) = bytes.as_chunks();
    words.iter().fold(special(last), |found, word| found | special(word)) & HIGHEST == 0
}

fn is_plain_byte(byte: u8, first: u8) -> bool {
    (first..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = 0x80 * ONES;

/// The highest bit of each byte is set that lies below `first`, or is a quote or a backslash. What such a byte carries over
/// reaches only those after it.
#[inline(always)]
fn unusual(word: u64, first: u8) -> u64 {
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, first) | is(b'"') | is(b'\\')
}

#[cfg(test)]
mod tests {
    use super::{equals, is_plain, is_plain_byte, string_end};

    #[test]
    fn a_string_ends_at_its_quote() {
        for length in 0..20 {
            for byte in 0..=u8::MAX {
                let text = [&vec![byte; length], &b"\"rest, \"and more\\"[..]].concat();
                let expected = match byte {
                    b'"' => Some(0),
                    b'\\' | 0..b' ' if length > 0 => None,
                    _ => Some(length),
                };
                assert_eq!(string_end(&text), expected, "{length} of {byte:#x}");
                assert_eq!(
                    string_end(&vec![byte; length]),
                    expected.filter(|&end| end < length),
                    "{length} of {byte:#x}"
                );
            }
        }
    }

    #[test]
    fn texts_are_the_same_where_each_byte_is() {
        for length in 0..40 {
            assert!(equals(&vec![b'a'; length], &vec![b'a'; length]));
            for at in 0..length {
                let mut other = vec![b'a'; length];
                other[at] = b'b';
                assert!(!equals(&vec![b'a'; length], &other), "{at} of {length}");
            }
        }
    }

    #[test]
    fn plain_is_what_each_byte_is() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    for other in *b"~ !#[]" {
                        let mut bytes = vec![other; length];
                        bytes[at] = byte;
                        for first in [b' ', b'!'] {
                            let expected = bytes.iter().all(|&byte| is_plain_byte(byte, first));
                            assert_eq!(is_plain(&bytes, first), expected, "{byte:#x} at {at} of {length}");
                        }
                    }
                }
            }
        }
    }
}
