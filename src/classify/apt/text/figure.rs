//! Figures as apt prints them: four digits at most, in units of 1000 bytes.

/// A number of bytes, as exactly as it was printed: the true one lies between `low` and `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) low: u64,
    pub(super) high: u64,
}

impl Figure {
    /// Reads `884 B`, `34.8 kB`, `3 002 ko` at the start of `text`; gives what follows the prefix of the unit.
    ///
    /// Separators are those of any locale: one before a single last digit is a decimal point, others group thousands.
    pub(super) fn parse(text: &str) -> Option<(Figure, &str)> {
        let separator = |c: char| matches!(c, '.' | ',' | '\'' | ' ' | '\u{a0}' | '\u{202f}');
        let (mut digits, mut decimals, mut end) = (String::new(), None, 0);
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if character.is_ascii_digit() {
                digits.push(character);
                end = at + 1;
                decimals = decimals.map(|count| count + 1);
            } else if separator(character) && characters.peek().is_some_and(|(_, next)| next.is_ascii_digit()) {
                decimals = matches!(character, '.' | ',').then_some(0);
            } else {
                break;
            }
        }
        let number: u64 = digits.parse().ok()?;
        let rest = text[end..].trim_start_matches([' ', '\u{a0}', '\u{202f}']);
        let (thousands, rest) = match rest.chars().next() {
            Some('k' | 'K' | 'к' | 'К') => (1, &rest[rest.chars().next().map_or(0, char::len_utf8)..]),
            Some('M' | 'М') => (2, &rest[rest.chars().next().map_or(0, char::len_utf8)..]),
            Some('G' | 'Г') => (3, &rest[rest.chars().next().map_or(0, char::len_utf8)..]),
            Some('T' | 'Т') => (4, &rest[rest.chars().next().map_or(0, char::len_utf8)..]),
            _ => (0, rest),
        };
        let scale = 1000u64.pow(thousands);
        let unit = if decimals == Some(1) { scale / 10 } else { scale };
        if unit == 0 {
            return None;
        }
        let value = number.checked_mul(unit)?;
        let slack = if scale == 1 { 0 } else { unit };
        Some((Figure { low: value.saturating_sub(slack), high: value.checked_add(slack)? }, rest))
    }

    /// The number, where it was printed to the byte.
    pub(super) fn exact(self) -> Option<u64> {
        (self.low == self.high).then_some(self.low)
    }

    /// Nothing.
    pub(super) const ZERO: Figure = Figure { low: 0, high: 0 };
}

impl std::ops::Add for Figure {
    type Output = Figure;

    fn add(self, other: Figure) -> Figure {
        Figure { low: self.low.saturating_add(other.low), high: self.high.saturating_add(other.high) }
    }
}

impl std::iter::Sum for Figure {
    fn sum<I: Iterator<Item = Figure>>(figures: I) -> Figure {
        figures.fold(Figure::ZERO, |sum, figure| sum + figure)
    }
}

#[cfg(test)]
mod tests {
    use super::Figure;

    #[test]
    fn reads_figures_of_any_locale() {
        let bounds = |text| Figure::parse(text).map(|(figure, rest)| (figure.low, figure.high, rest));
        assert_eq!(bounds("884 B]"), Some((884, 884, "B]")));
        assert_eq!(bounds("1760 B of archives."), Some((1760, 1760, "B of archives.")));
        assert_eq!(bounds("34.8 kB"), Some((34_700, 34_900, "B")));
        assert_eq!(bounds("34,8 kB"), Some((34_700, 34_900, "B")));
        assert_eq!(bounds("3\u{a0}002 ko"), Some((3_001_000, 3_003_000, "o")));
        assert_eq!(bounds("3,002 kB"), Some((3_001_000, 3_003_000, "B")));
        assert_eq!(bounds("0 B/1760 B"), Some((0, 0, "B/1760 B")));
        assert_eq!(bounds("kB"), None);
    }
}
