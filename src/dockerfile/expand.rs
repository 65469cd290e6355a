//! Words before the first stage, with the variables in them replaced as BuildKit replaces them (its `shell.Lex`).
//!
//! Refuses to guess: a word with a variable that is not known, or in a form that only newer builders have, is none.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

/// The words of `text`, with their quotes.
pub(super) fn words(text: &str, escape: char) -> Vec<&str> {
    let (mut words, mut begin, mut quote) = (Vec::new(), None, None);
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if quote.is_none() && letter.is_whitespace() {
            words.extend(begin.take().map(|begin| &text[begin..at]));
            continue;
        }
        begin = begin.or(Some(at));
        match quote {
            _ if letter == escape && quote != Some('\'') => drop(letters.next()),
            Some(open) => quote = quote.filter(|_| letter != open),
            None => quote = Some(letter).filter(|letter| matches!(letter, '"' | '\'')),
        }
    }
    words.extend(begin.map(|begin| &text[begin..]));
    words
}

/// A word without its quotes, and with the variables in it replaced; `None` if that is not known.
pub(super) fn expand(word: &str, values: &HashMap<String, String>, escape: char) -> Option<String> {
    Word { rest: word.chars().peekable(), values, escape }.until(None)
}

struct Word<'a> {
    rest: Peekable<Chars<'a>>,
    values: &'a HashMap<String, String>,
    escape: char,
}

impl Word<'_> {
    /// Up to the letter `stop`, which goes with it, or to the end.
    fn until(&mut self, stop: Option<char>) -> Option<String> {
        let mut expanded = String::new();
        while let Some(letter) = self.rest.next() {
            match letter {
                _ if Some(letter) == stop => return Some(expanded),
                '\'' => self.single(&mut expanded)?,
                '"' => self.double(&mut expanded)?,
                '$' => expanded.push_str(&self.variable()?),
                _ if letter == self.escape => expanded.extend(self.rest.next()),
                _ => expanded.push(letter),
            }
        }
        stop.is_none().then_some(expanded)
    }

    fn single(&mut self, expanded: &mut String) -> Option<()> {
        loop {
            match self.rest.next()? {
                '\'' => return Some(()),
                letter => expanded.push(letter),
            }
        }
    }

    fn double(&mut self, expanded: &mut String) -> Option<()> {
        loop {
            match self.rest.next()? {
                '"' => return Some(()),
                '$' => expanded.push_str(&self.variable()?),
                letter if letter == self.escape => {
                    let next = self.rest.next()?;
                    expanded.extend(Some(letter).filter(|_| next != '"' && next != '$' && next != letter));
                    expanded.push(next);
                }
                letter => expanded.push(letter),
            }
        }
    }

    /// What stands behind a `$`.
    fn variable(&mut self) -> Option<String> {
        let is_braced = self.rest.next_if_eq(&'{').is_some();
        let name: String =
            std::iter::from_fn(|| self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_')).collect();
        let value = self.values.get(&name).cloned();
        if !is_braced {
            return if name.is_empty() { Some("$".to_owned()) } else { value };
        }
        let operator = self.rest.next()?;
        let (operator, value) = match operator {
            '}' => return value,
            // Behind a colon what is empty is as good as unset.
            ':' => (self.rest.next()?, value.filter(|value| !value.is_empty())),
            _ => (operator, value),
        };
        let word = self.until(Some('}'))?;
        match operator {
            '-' => Some(value.unwrap_or(word)),
            '+' => Some(value.map(|_| word).unwrap_or_default()),
            '?' => value,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_divided_at_blanks_that_are_not_quoted() {
        assert_eq!(words(r#" A=1  B="x y" C='z "' D=\ e	F "#, '\\'), ["A=1", "B=\"x y\"", "C='z \"'", "D=\\ e", "F"]);
        assert_eq!(words(r#"A="\" b" C=`" d"#, '\\'), ["A=\"\\\" b\"", "C=`\" d"]);
    }

    #[test]
    fn a_word_is_replaced_as_buildkit_replaces_it() {
        let values = [("A", "x"), ("EMPTY", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let values = HashMap::from(values);
        for (text, expected) in [
            ("$A", Some("x")),
            ("${A}y$A.", Some("xyx.")),
            ("${B:-z}", Some("z")),
            ("${EMPTY:-z}${EMPTY-z}", Some("z")),
            ("${A:+w}${B+w}${A:?why}", Some("wx")),
            ("${B:-d${A}'}'}", Some("dx}")),
            ("\"a $A 'b'\"'$A'", Some("a x 'b'$A")),
            (r#"\$A"\$A\n\\"\b"#, Some(r"$A$A\n\b")),
            ("a$", Some("a$")),
            ("$EMPTY", Some("")),
            ("$B", None),
            ("${B}", None),
            ("${B:?why}", None),
            ("${A#x}", None),
            ("${A", None),
            ("'a", None),
            ("\"a", None),
        ] {
            assert_eq!(expand(text, &values, '\\').as_deref(), expected, "{text}");
        }
        assert_eq!(expand("`$A\\", &values, '`').as_deref(), Some("$A\\"));
    }
}
