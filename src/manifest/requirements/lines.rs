//! The logical lines of a requirements file: continuations joined, comments cut, variables filled in, in pip's order.
//!
//! Refuses to know what a line means.

use std::borrow::Cow;

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first physical line, from 1.
    pub(super) number: usize,
    /// What it says.
    pub(super) text: String,
    /// The same with its variables not filled in.
    pub(super) written: String,
}

/// The lines of `content` that hold more than comments and space.
pub(super) fn logical_lines(content: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Line> {
    let lines = joined(content).into_iter().filter_map(|(number, line)| {
        let written = without_comment(&line).trim_matches(is_space).to_owned();
        let text = with_variables(&written, variable).into_owned();
        (!written.is_empty()).then_some(Line { number, text, written })
    });
    lines.collect()
}

/// What Python takes for white space: Unicode's, and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// The physical lines of Python's `str.splitlines`, which knows more ends of a line than `\n`.
fn physical(content: &str) -> impl Iterator<Item = &str> {
    let ends_line =
        |c| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut rest = content;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(ends_line).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        let end_width = if tail.starts_with("\r\n") { 2 } else { tail.chars().next().map_or(0, char::len_utf8) };
        rest = &tail[end_width..];
        Some(line)
    })
}

/// Joins a line that ends in a backslash with what follows. A comment line ends a continuation and is never continued.
fn joined(content: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in physical(content).enumerate() {
        let is_comment = line.trim_start_matches(is_space).starts_with('#');
        let (number, mut whole) = open.take().unwrap_or((index + 1, String::new()));
        if line.ends_with('\\') && !is_comment {
            whole.push_str(line.trim_matches('\\'));
            open = Some((number, whole));
        } else {
            // The space lets a comment within a continuation be seen as one.
            whole.push_str(if is_comment { " " } else { "" });
            whole.push_str(line);
            lines.push((number, whole));
        }
    }
    lines.extend(open);
    lines
}

/// Cuts a comment: `#` at the start or after white space. `#` within a word belongs to a URL.
fn without_comment(line: &str) -> &str {
    let opens = |&(at, _): &(usize, _)| at == 0 || line[..at].ends_with(is_space);
    match line.match_indices('#').find(opens) {
        Some((at, _)) => &line[..at],
        None => line,
    }
}

/// Fills in `${NAME}` for every variable that is set and not empty.
fn with_variables<'a>(line: &'a str, variable: &dyn Fn(&str) -> Option<String>) -> Cow<'a, str> {
    let mut filled = Cow::Borrowed(line);
    for (at, _) in line.match_indices("${") {
        let name_at = at + 2;
        let is_inner = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let end = line[name_at..].find(|c| !is_inner(c)).map_or(line.len(), |length| name_at + length);
        if end > name_at
            && line[end..].starts_with('}')
            && let Some(value) = variable(&line[name_at..end]).filter(|value| !value.is_empty())
        {
            filled = Cow::Owned(filled.replace(&line[at..=end], &value));
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::logical_lines;

    fn lines(content: &str) -> Vec<(usize, String)> {
        let variable = |name: &str| (name == "A_1").then(|| "value".to_owned());
        logical_lines(content, &variable).into_iter().map(|line| (line.number, line.text)).collect()
    }

    fn said(expected: &[(usize, &str)]) -> Vec<(usize, String)> {
        expected.iter().map(|&(number, text)| (number, text.to_owned())).collect()
    }

    #[test]
    fn joins_and_cuts() {
        assert_eq!(lines("a\r\n\r\n b # c\u{85}d#e\n"), said(&[(1, "a"), (3, "b"), (4, "d#e")]));
        assert_eq!(lines("a \\\n --x \\\n# gone\nb"), said(&[(1, "a  --x"), (4, "b")]));
        assert_eq!(lines("# a \\\nb\\"), said(&[(2, "b")]));
        assert_eq!(lines("\\\n\\\na"), said(&[(1, "a")]));
    }

    #[test]
    fn fills_in_variables() {
        assert_eq!(lines("x==${A_1} ${B} $A_1 ${a} ${A_1"), said(&[(1, "x==value ${B} $A_1 ${a} ${A_1")]));
        assert_eq!(logical_lines("${A_1}", &|_| Some("s".to_owned()))[0].written, "${A_1}");
    }
}
