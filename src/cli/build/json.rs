//! A log that docker prints as JSON (`--progress=rawjson`), on its way to the user: names are the user's own, and what a
//! step printed is without our marked lines.
//!
//! Only the strings that hold either are written anew; every other byte stays as it is, so that it does not matter
//! whether objects stand on one line or on many. Refuses to take objects out: the vertices that carry our executable in
//! remain.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::screen::without_marks;
use crate::dockerfile::Names;

/// Where in the log we are.
#[derive(Debug, Default)]
pub(super) struct Json {
    /// Whether the log began as JSON: what a step printed in another log may look like it.
    is_spoken: Option<bool>,
    /// How many objects and lists are open.
    depth: usize,
    key: String,
    vertex: String,
    stream: String,
    /// The beginnings of lines of ours whose ends are still to come, by vertex and stream.
    begun: BTreeMap<(String, String), Vec<u8>>,
}

impl Json {
    /// Whether `line` belongs to an object.
    pub(super) fn holds(&mut self, line: &[u8]) -> bool {
        *self.is_spoken.get_or_insert(line.starts_with(b"{")) && (self.depth > 0 || line.starts_with(b"{"))
    }

    /// A line of it, as the user is to see it.
    pub(super) fn line(&mut self, line: &str, names: Option<&Names>) -> String {
        let mut shown = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(at) = rest.find('"') {
            self.between(&rest[..at]);
            shown.push_str(&rest[..at]);
            let Some(end) = end_of_string(&rest[at..]) else { break };
            let (string, after) = rest[at..].split_at(end);
            if after.trim_start().starts_with(':') {
                self.key = string.trim_matches('"').to_owned();
                self.stream.clear();
                shown.push_str(string);
            } else {
                shown.push_str(&self.value(string, names));
            }
            rest = after;
        }
        self.between(rest);
        shown.push_str(rest);
        shown
    }

    /// What stands between strings.
    fn between(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '{' | '[' => self.depth += 1,
                '}' | ']' => self.depth = self.depth.saturating_sub(1),
                '0'..='9' if self.key == "stream" => self.stream.push(letter),
                _ => {}
            }
        }
    }

    /// A string that is a value, quotes included.
    fn value<'a>(&mut self, string: &'a str, names: Option<&Names>) -> Cow<'a, str> {
        let Ok(value) = serde_json::from_str::<String>(string) else { return Cow::Borrowed(string) };
        let other = match (self.key.as_str(), names) {
            ("vertex", _) => {
                self.vertex = value;
                None
            }
            ("data", _) => self.printed(&value),
            ("name", Some(names)) => changed(names.vertex(&value)),
            ("error", Some(names)) => changed(names.reason(&value)),
            _ => None,
        };
        other.map_or(Cow::Borrowed(string), |other| Cow::Owned(written(&other)))
    }

    /// What a step printed, without what is ours; nothing if nothing is.
    fn printed(&mut self, data: &str) -> Option<String> {
        let printed = STANDARD.decode(data).ok()?;
        let source = (self.vertex.clone(), self.stream.clone());
        let begun = self.begun.remove(&source).unwrap_or_default();
        let whole = [begun.as_slice(), &printed].concat();
        let mut shown = Vec::with_capacity(whole.len());
        for line in whole.split_inclusive(|&byte| byte == b'\n') {
            match (without_marks(line.strip_suffix(b"\n").unwrap_or(line)), line.ends_with(b"\n")) {
                (None, true) => {}
                (Some(rest), true) => {
                    shown.extend_from_slice(&rest);
                    shown.push(b'\n');
                }
                (Some(rest), false) if rest.len() == line.len() && !may_be_ours(line) => shown.extend_from_slice(line),
                (_, false) => drop(self.begun.insert(source.clone(), line.to_vec())),
            }
        }
        (shown != printed).then(|| STANDARD.encode(shown))
    }
}

/// Whether an unfinished line may turn out to be one of ours.
fn may_be_ours(line: &[u8]) -> bool {
    line.windows(b"@wheeltap1:".len()).any(|window| window == b"@wheeltap1:")
}

fn changed(text: Cow<'_, str>) -> Option<String> {
    match text {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    }
}

/// Where the string at the beginning of `text` ends, behind its quote.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map(|end| end + 2)
}

/// A string as docker writes it.
fn written(text: &str) -> String {
    let plain = serde_json::Value::from(text).to_string();
    plain.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::{Injection, inject};

    const WRAPPER: [&str; 2] = ["/w", "--"];

    #[test]
    fn strings_are_the_users_and_all_else_stays() {
        let text = "FROM x\nRUN a && b\n";
        let injection = Injection {
            mount: "type=bind,from=w",
            wrapper: &WRAPPER,
            here_documents: true,
            argument: &|_| None,
            shell: &|_| Ok(vec!["/bin/sh".into(), "-c".into()]),
        };
        let names = Names::new(text, &inject(text, &injection).unwrap(), &WRAPPER);
        let mut json = Json::default();
        let name = r#"{"name": "[stage-0 2/2] RUN --mount=type=bind,from=w [\"/w\",\"--\",\"/bin/sh\",\"-c\",\"a \u0026\u0026 b\"]", "x":[1.50]}"#;
        assert!(json.holds(name.as_bytes()));
        assert_eq!(json.line(name, Some(&names)), r#"{"name": "[2/2] RUN a \u0026\u0026 b", "x":[1.50]}"#);
        assert!(!json.holds(b"ERROR: failed"));
        assert_eq!(json.line(r#"{"name":"x","#, Some(&names)), r#"{"name":"x","#);
        assert!(json.holds(br#""error": "/w -- /bin/sh""#));
        assert_eq!(json.line(r#""error": "/w -- /bin/sh"}"#, Some(&names)), r#""error": "/bin/sh"}"#);
    }

    #[test]
    fn what_a_step_printed_in_another_log_is_no_json() {
        let mut json = Json::default();
        assert!(!json.holds(b"Step 1/2 : FROM x"));
        assert!(!json.holds(b"{"));
    }

    #[test]
    fn lines_of_ours_are_taken_out_of_what_a_step_printed() {
        let id = crate::event::InvocationId("a".repeat(16).into());
        let mark = crate::event::marked::mark(&id, 0, &[]);
        let printed = [b"one\n", mark.as_slice(), b"two\nthree"].concat();
        for cut in [printed.len(), 4 + mark.len() - 3] {
            let mut json = Json::default();
            let mut shown = Vec::new();
            for piece in [&printed[..cut], &printed[cut..]] {
                let line = format!(r#"{{"logs":[{{"vertex":"v","stream":2,"data":"{}"}}]}}"#, STANDARD.encode(piece));
                let line: serde_json::Value = serde_json::from_str(&json.line(&line, None)).unwrap();
                shown.extend(STANDARD.decode(line["logs"][0]["data"].as_str().unwrap()).unwrap());
            }
            assert_eq!(String::from_utf8(shown).unwrap(), "one\ntwo\nthree");
        }
    }
}
