//! Which shell a stage begins with: that of the image it builds on, or of the stage.

use std::collections::HashMap;

use parse_dockerfile::FromInstruction;

use super::wrapping::Injection;

/// The shell in force at the beginning of a stage.
pub(super) fn base_shell(
    from: &FromInstruction<'_>,
    arguments: &HashMap<String, String>,
    stages: &HashMap<String, Option<Vec<String>>>,
    injection: &Injection<'_>,
) -> Option<Vec<String>> {
    let image = expand(&from.image.value, arguments)?;
    match stages.get(&image.to_lowercase()) {
        Some(shell) => shell.clone(),
        None => (injection.shell)(&image),
    }
}

/// `text` with `$name`, `${name}`, `${name:-word}` and `${name:+word}` replaced; `None` where a name is unknown.
fn expand(text: &str, arguments: &HashMap<String, String>) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, word, after) = if let Some(braced) = rest.strip_prefix('{') {
            let (inside, after) = braced.split_once('}')?;
            let at = inside.find(':').unwrap_or(inside.len());
            (&inside[..at], &inside[at..], after)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (&rest[..end], "", &rest[end..])
        };
        let value = arguments.get(name).filter(|value| !value.is_empty());
        expanded.push_str(match (word.get(..2), value) {
            (None, value) => value?,
            (Some(":-"), value) => value.map_or(&word[2..], String::as_str),
            (Some(":+"), value) => value.map_or("", |_| &word[2..]),
            _ => return None,
        });
        rest = after;
    }
    expanded.push_str(rest);
    Some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_the_command_line_win_over_defaults() {
        let arguments = HashMap::from([("A".to_owned(), "x".to_owned())]);
        for (text, expected) in
            [("$A", Some("x")), ("${A}y", Some("xy")), ("${B:-z}", Some("z")), ("${A:+w}", Some("w")), ("$B", None)]
        {
            assert_eq!(expand(text, &arguments).as_deref(), expected, "{text}");
        }
    }
}
