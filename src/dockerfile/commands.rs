//! The simple commands of a `RUN` instruction: words and assignments, as a shell would divide them.
//!
//! Refuses to expand anything: a word that holds a variable is passed on as it is written.

/// A command with the assignments before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// `NAME=value` before the command, or after `export` and `env`.
    pub(super) assignments: Vec<(String, String)>,
    /// The command and its arguments.
    pub(super) words: Vec<String>,
}

impl Simple {
    /// The name of the command, without its directory.
    pub(super) fn name(&self) -> Option<&str> {
        self.words.first()?.rsplit('/').next()
    }

    /// The line of shell that it is, if it is a shell that is given one (`sh -ec "..."`).
    fn line(&self) -> Option<&str> {
        let words = self.words.get(1..).filter(|_| matches!(self.name(), Some("sh" | "bash" | "dash" | "ash")))?;
        let is_option = |word: &str| word.starts_with(['-', '+']) || word == "pipefail";
        let options = words.iter().take_while(|word| is_option(word)).count();
        let is_given = |word: &String| word.ends_with('c') && !word.starts_with("--");
        words[..options].iter().any(is_given).then(|| words.get(options).map(String::as_str))?
    }
}

/// The commands of `text`, in their order: the shell form, or the exec form's one.
pub(super) fn commands(text: &str) -> Vec<Simple> {
    let found = match serde_json::from_str::<Vec<String>>(text.trim()) {
        Ok(words) => vec![simple(words)],
        Err(_) => divided(text),
    };
    let within = |one: Simple| match one.line() {
        Some(line) => commands(line),
        None => vec![one],
    };
    found.into_iter().flat_map(within).collect()
}

fn divided(text: &str) -> Vec<Simple> {
    let mut found = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => word.get_or_insert_default().extend(letters.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(inner) = letters.next().filter(|c| *c != '"') {
                    let escaped = letters.next_if(|next| inner == '\\' && matches!(next, '"' | '\\' | '$' | '`'));
                    word.push(escaped.unwrap_or(inner));
                }
            }
            '\\' => word.get_or_insert_default().extend(letters.next()),
            '#' if word.is_none() => while letters.next_if(|c| *c != '\n').is_some() {},
            ';' | '&' | '|' | '\n' | '(' | ')' => {
                words.extend(word.take());
                found.push(simple(std::mem::take(&mut words)));
            }
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    found.push(simple(words));
    found.retain(|one| !one.words.is_empty() || !one.assignments.is_empty());
    found
}

/// What may stand before a command and leave it the one that runs.
const BEFORE: [&str; 14] =
    ["env", "export", "exec", "command", "time", "sudo", "nice", "set", "if", "then", "else", "do", "{", "!"];

fn simple(words: Vec<String>) -> Simple {
    let mut one = Simple::default();
    for word in words {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        match word.split_once('=').filter(|(name, _)| one.words.is_empty() && is_name(name)) {
            Some((name, value)) => one.assignments.push((name.to_owned(), value.to_owned())),
            // Options of `env` and `sudo` go as well.
            None if one.words.is_empty() && (BEFORE.contains(&word.as_str()) || word.starts_with('-')) => {}
            None => one.words.push(word),
        }
    }
    one
}

#[cfg(test)]
mod tests {
    use super::{Simple, commands};

    fn words(text: &str) -> Vec<String> {
        commands(text).iter().map(|one| one.words.join("|")).collect()
    }

    #[test]
    fn a_line_is_divided_as_a_shell_divides_it() {
        assert_eq!(words("a 'b c' && d \"e \\\" f\"; g\\ h | i # j && k"), ["a|b c", "d|e \" f", "g h", "i"]);
        assert_eq!(words("(a) || { b; }"), ["a", "b", "}"]);
        assert_eq!(words("[\"/bin/sh\", \"-c\", \"a && b\"]"), ["a", "b"]);
        assert_eq!(words("x && bash -euc 'a; b' c && sh d -c e"), ["x", "a", "b", "sh|d|-c|e"]);
        assert_eq!(words("[\"/bin/bash\", \"-o\", \"pipefail\", \"-c\", \"a | b\"]"), ["a", "b"]);
        assert_eq!(words("[\"pip\", \"install\", \"x y\"]"), ["pip|install|x y"]);
    }

    #[test]
    fn assignments_are_told_from_words() {
        let one = Simple {
            assignments: vec![("A".to_owned(), "1 2".to_owned()), ("B".to_owned(), String::new())],
            words: vec!["pip".to_owned(), "x=1".to_owned()],
        };
        assert_eq!(commands("A='1 2' env B= pip x=1"), [one]);
        assert_eq!(commands("export A=1")[0].assignments, [("A".to_owned(), "1".to_owned())]);
    }
}
