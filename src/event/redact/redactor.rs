//! Knows the secrets of one invocation and takes them out of its texts.

use std::ops::Range;

use memchr::memmem::Finder;

use super::names::{Promise, promise};
use super::shapes::{Lesson, Sort, secrets};
use crate::event::text;

/// What stands where a secret stood.
pub const REDACTED: &str = "****";

/// A secret shorter than this is taken out only where its shape shows it.
const SHORTEST: usize = 4;

/// A secret shorter than this is taken out only where it stands as a word of its own.
const LONG: usize = 8;

/// Values and users that everybody has: taken out where their shape shows them, not learnt.
const COMMON: [&str; 44] = [
    "true",
    "false",
    "none",
    "null",
    "auto",
    "always",
    "never",
    "default",
    "required",
    "enabled",
    "disabled",
    "basic",
    "bearer",
    "digest",
    "import",
    "subprocess",
    "http",
    "https",
    "root",
    "admin",
    "user",
    "username",
    "name",
    "anonymous",
    "guest",
    "token",
    "__token__",
    "oauth2",
    "oauth2accesstoken",
    "x-access-token",
    "x-token-auth",
    "gitlab-ci-token",
    "_json_key",
    "_json_key_base64",
    "api_key",
    "apikey",
    "pypi",
    "python",
    "jenkins",
    "test",
    "main",
    "build",
    "docker",
    "wheelhouse",
];

/// Knows the secrets of one invocation. The default knows none, and takes out those that their shape shows.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

#[derive(Clone)]
struct Secret {
    finder: Finder<'static>,
    /// Whether it is taken out of the middle of words.
    anywhere: bool,
}

/// A record of the redactor itself must not hold what it hides.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

impl Redactor {
    /// Learns the secrets of these arguments (without or with the command's name) and this environment: user information
    /// of any URL, values of options, settings and variables that are named for a secret.
    pub fn learn<'a>(
        arguments: impl IntoIterator<Item = &'a [u8]>,
        environment: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Self {
        let mut redactor = Redactor::default();
        // The user's own name is in every path of a home directory: it is no secret that a URL has told.
        let mut own_names = Vec::new();
        let mut lessons = Vec::new();
        let joined = join(arguments);
        secrets(&joined, Sort::Words, &mut |part, lesson| lessons.push((joined[part].to_owned(), lesson)));
        for (name, value) in environment {
            match name {
                b"USER" | b"LOGNAME" => own_names.push(text(value)),
                b"HOME" => own_names.extend(text(value).rsplit('/').next().map(str::to_owned)),
                _ => {
                    let mut named = text(name);
                    let promised = promise(&named);
                    named.push('=');
                    let start = named.len();
                    named.push_str(&text(value));
                    secrets(&named, Sort::Words, &mut |part, lesson| lessons.push((named[part].to_owned(), lesson)));
                    if matches!(promised, Promise::Secret | Promise::Header) {
                        let value = &named[start..];
                        lessons.extend(value.lines().skip(1).map(|line| (line.to_owned(), Lesson::Secret)));
                        lessons.push((value.to_owned(), Lesson::Secret));
                    }
                }
            }
        }
        for (secret, lesson) in lessons {
            match lesson {
                Lesson::Nothing => {}
                Lesson::Secret => redactor.add(&secret),
                Lesson::UserInformation => {
                    let (user, password) = secret.split_once(':').unwrap_or((&secret, ""));
                    if !own_names.iter().any(|name| name == user) {
                        redactor.add(user);
                    }
                    redactor.add(password);
                }
            }
        }
        redactor
    }

    /// `text` without secrets; as it is where there is none.
    pub fn text(&self, text: &str) -> String {
        self.without(text, Sort::Prose)
    }

    /// Arguments without secrets, aware of options whose value is the next argument.
    pub fn arguments(&self, arguments: &[Vec<u8>]) -> Vec<String> {
        if arguments.is_empty() {
            return Vec::new();
        }
        self.without(&join(arguments.iter().map(Vec::as_slice)), Sort::Words).split('\0').map(str::to_owned).collect()
    }

    /// An environment variable for a record: its value without secrets, or none of it if it is named for one.
    pub fn variable(&self, name: &[u8], value: &[u8]) -> (String, String) {
        let (name, value) = (text(name), text(value));
        let value = match promise(&name) {
            Promise::Secret | Promise::Header if !value.is_empty() => REDACTED.to_owned(),
            // The name belongs to the shape of the value.
            _ => {
                let named = self.without(&format!("{name}={value}"), Sort::Words);
                named.split_once('=').map_or(REDACTED, |(_, value)| value).to_owned()
            }
        };
        (name, value)
    }

    fn without(&self, text: &str, sort: Sort) -> String {
        let mut parts = Vec::new();
        secrets(text, sort, &mut |part, _| parts.push(part));
        self.find(text.as_bytes(), |part| parts.push(part));
        if !self.secrets.is_empty()
            && let Some(decoded) = Decoded::of(text.as_bytes())
        {
            self.find(&decoded.bytes, |part| parts.push(decoded.places[part.start]..decoded.places[part.end]));
        }
        without(text, parts)
    }

    fn add(&mut self, secret: &str) {
        let secret = secret.trim().as_bytes();
        let decoded = Decoded::of(secret).map(|decoded| decoded.bytes);
        for secret in [Some(secret), decoded.as_deref()].into_iter().flatten() {
            let is_common = COMMON.iter().any(|common| secret.eq_ignore_ascii_case(common.as_bytes()));
            let is_known = self.secrets.iter().any(|known| known.finder.needle() == secret);
            if secret.len() >= SHORTEST && !is_common && !is_known && secret.iter().any(|&byte| byte != b'*') {
                let finder = Finder::new(secret).into_owned();
                self.secrets.push(Secret { finder, anywhere: secret.len() >= LONG });
            }
        }
    }

    /// Finds what was learnt.
    fn find(&self, text: &[u8], mut found: impl FnMut(Range<usize>)) {
        let is_word = |place: Option<&u8>| place.is_some_and(u8::is_ascii_alphanumeric);
        for Secret { finder, anywhere } in &self.secrets {
            for start in finder.find_iter(text) {
                let end = start + finder.needle().len();
                if *anywhere || !is_word(start.checked_sub(1).and_then(|at| text.get(at))) && !is_word(text.get(end)) {
                    found(start..end);
                }
            }
        }
    }
}

/// Arguments as one text, in which NUL stands between them.
fn join<'a>(arguments: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut joined = String::new();
    for (number, argument) in arguments.into_iter().enumerate() {
        if number > 0 {
            joined.push('\0');
        }
        joined.push_str(&text(argument));
    }
    joined
}

/// A text of which `%XX` was decoded.
struct Decoded {
    bytes: Vec<u8>,
    /// Where each byte began before, and where the text ended.
    places: Vec<usize>,
}

impl Decoded {
    /// `None` where there is nothing to decode.
    fn of(text: &[u8]) -> Option<Self> {
        text.contains(&b'%').then_some(())?;
        let mut decoded = Decoded { bytes: Vec::with_capacity(text.len()), places: Vec::with_capacity(text.len() + 1) };
        let digit = |at: usize| text.get(at).and_then(|&byte| (byte as char).to_digit(16));
        let mut at = 0;
        while at < text.len() {
            decoded.places.push(at);
            match (text[at], digit(at + 1), digit(at + 2)) {
                (b'%', Some(high), Some(low)) => {
                    decoded.bytes.push((high << 4 | low) as u8);
                    at += 3;
                }
                (byte, _, _) => {
                    decoded.bytes.push(byte);
                    at += 1;
                }
            }
        }
        decoded.places.push(text.len());
        Some(decoded)
    }
}

/// `text` with [`REDACTED`] in the place of these parts, of which several that touch or overlap are one.
fn without(text: &str, mut parts: Vec<Range<usize>>) -> String {
    if parts.is_empty() {
        return text.to_owned();
    }
    parts.sort_unstable_by_key(|part| (part.start, part.end));
    let mut kept = String::with_capacity(text.len());
    let (mut from, mut parts) = (0, parts.into_iter().peekable());
    while let Some(mut part) = parts.next() {
        while let Some(next) = parts.next_if(|next| next.start <= part.end) {
            part.end = part.end.max(next.end);
        }
        // What was learnt as bytes may be found across characters.
        while !text.is_char_boundary(part.start) {
            part.start -= 1;
        }
        while !text.is_char_boundary(part.end) {
            part.end += 1;
        }
        kept.push_str(&text[from..part.start]);
        kept.push_str(REDACTED);
        from = part.end;
    }
    kept.push_str(&text[from..]);
    kept
}
