//! Text as it was meant, without what only a terminal understands.

use crate::classify::shown;

/// `line` as text without escape sequences and without blanks at its end.
pub(super) fn clean(line: &[u8]) -> String {
    let mut text = crate::event::text(&shown(line));
    text.truncate(text.trim_end().len());
    text
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
