//! The shapes in which secrets are written, found in one pass over a text of any kind: arguments, a log line, a header,
//! an instruction of a Dockerfile.
//!
//! Arguments of a command are given as one text in which NUL stands between them.

use std::ops::Range;

use super::names::{Promise, may_be_package, promise};

/// What can be learnt from a secret that was found by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lesson {
    /// It is a secret wherever it stands.
    Secret,
    /// `user:password` or `user`.
    UserInformation,
    /// It may be an everyday word: it is taken out only here.
    Nothing,
}

/// How an authorization begins; not secret itself, and worth keeping.
const SCHEMES: [&str; 7] = ["basic", "bearer", "digest", "negotiate", "ntlm", "token", "apikey"];

/// How much of an option's value is searched for user information.
const LONGEST_AUTHORITY: usize = 2048;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Any text: what is quoted ends with its quote, what is not with a blank or a sign.
    Prose,
    /// Words as a command or an environment is given them, NUL between them: a value ends where its word ends.
    Words,
}

/// Calls `found` with every part of `text` that is secret by its shape, in order; the parts may overlap.
pub(super) fn secrets(text: &str, sort: Sort, found: &mut dyn FnMut(Range<usize>, Lesson)) {
    let words = sort == Sort::Words;
    let mut scan = Scan { text, bytes: text.as_bytes(), words, done: 0, url_end: 0, url_sign: 0, found };
    let mut at = 0;
    while at < scan.bytes.len() {
        at = match scan.bytes[at] {
            b':' if at > 0 && scan.bytes[at - 1].is_ascii_alphanumeric() && scan.bytes[at..].starts_with(b"://") => {
                scan.url(at + 3)
            }
            b':' | b'=' => scan.pair(at),
            b'@' => scan.user_information(at),
            b'?' if at < scan.url_end => scan.query(at + 1),
            byte if is_blank(byte) && at > 0 && !is_blank(scan.bytes[at - 1]) => scan.word(at),
            _ => at + 1,
        }
        .max(at + 1);
    }
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Whether it is words as a command is given them, in which a quote is a character like any other.
    words: bool,
    /// Nothing before this is looked at again.
    done: usize,
    /// Where the word ends that the last URL begins in, and the place of its last `@`: found once for all URLs in it.
    url_end: usize,
    url_sign: usize,
    found: &'a mut dyn FnMut(Range<usize>, Lesson),
}

impl Scan<'_> {
    /// Takes a part out and returns where to go on.
    fn cut(&mut self, part: Range<usize>, lesson: Lesson) -> usize {
        let end = part.end;
        if !part.is_empty() && !is_reference(&self.bytes[part.clone()]) {
            // What ends a secret belongs to nothing else: it must still end it when the text is read again.
            self.done = end + 1;
            (self.found)(part, lesson);
        }
        end
    }

    /// Whether a byte ends a URL, a name or an unquoted value.
    fn ends(&self, byte: u8) -> bool {
        is_blank(byte) || !self.words && matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | 0x7f)
    }

    /// Whether a byte ends the host of a URL.
    fn ends_authority(&self, byte: u8) -> bool {
        self.ends(byte) || matches!(byte, b'/' | b'?' | b'#')
    }

    /// The first place from `from` whose byte `is` such, else the end.
    fn until(&self, from: usize, is: impl Fn(u8) -> bool) -> usize {
        self.bytes[from..].iter().position(|&byte| is(byte)).map_or(self.bytes.len(), |length| from + length)
    }

    /// The first place of the run of bytes before `to` that all are such. Each run is looked at once or twice, since
    /// what is looked from stands in none.
    fn back(&self, to: usize, is: impl Fn(u8) -> bool) -> usize {
        let from = self.done.min(to);
        from + self.bytes[from..to].iter().rposition(|&byte| !is(byte)).map_or(0, |place| place + 1)
    }

    fn skip(&self, from: usize, skipped: u8) -> usize {
        self.until(from, |byte| byte != skipped)
    }

    /// A URL whose authority begins at `start`. Goes on in its path, where another URL may begin.
    fn url(&mut self, start: usize) -> usize {
        if start >= self.url_end {
            self.url_end = self.until(start, |byte| self.ends(byte));
            self.url_sign = last(&self.bytes[start..self.url_end], b'@').map_or(0, |place| start + place);
        }
        let authority_end = self.until(start, |byte| self.ends_authority(byte));
        let authority = &self.bytes[start..authority_end];
        let sign = last(authority, b'@').map(|place| start + place).or_else(|| {
            // A password with a `/`, `?` or `#` in it: what should be a port is none.
            let host = last(authority, b']').map_or(0, |place| place + 1);
            let port = host + authority[host..].iter().position(|&byte| byte == b':')? + 1;
            let is_port = authority[port..].iter().all(u8::is_ascii_digit);
            (!is_port && self.url_sign > authority_end).then_some(self.url_sign)
        });
        let mut path = authority_end;
        if let Some(sign) = sign {
            self.cut(start..sign, Lesson::UserInformation);
            path = self.until(sign, |byte| self.ends_authority(byte));
        }
        // Anaconda's servers take a token as `/t/TOKEN/`.
        if self.bytes[path..].starts_with(b"/t/") {
            path = self.cut(path + 3..self.until(path + 3, |byte| self.ends_authority(byte)), Lesson::Secret);
        }
        path
    }

    /// The values of a query: any of them may be a signature.
    fn query(&mut self, mut start: usize) -> usize {
        loop {
            let end = self.until(start, |byte| self.ends(byte) || matches!(byte, b'&' | b'#'));
            let value = self.until(start, |byte| byte == b'=').min(end);
            let name = &self.text[start..value];
            let value = if value < end { value + 1 } else { start };
            let lesson =
                if promise(name) == Promise::Secret || end - value >= 16 { Lesson::Secret } else { Lesson::Nothing };
            self.cut(value..end, lesson);
            match self.bytes.get(end) {
                Some(b'&') => start = end + 1,
                _ => return end,
            }
        }
    }

    /// A `=` or `:` that may stand between a name and its value.
    fn pair(&mut self, at: usize) -> usize {
        let colon = self.bytes[at] == b':';
        let next = self.bytes.get(at + 1).copied().unwrap_or(b' ');
        if next == b'=' || colon && matches!(next, b':' | b'/') {
            return at + 1;
        }
        let name_end = self.back(at, |byte| byte == b' ');
        let name_end = self.back(name_end, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
        let name_start = self.back(name_end, is_name);
        let promised = promise(&self.text[name_start..name_end]);
        if promised == Promise::Nothing {
            return at + 1;
        }
        let start = self.skip(at + 1, b' ');
        // `failed to compute cache key: ...`: in prose a key is mostly one of a map.
        if colon && start > at + 1 && !self.words && self.is_word(name_start..name_end, "key") {
            return at + 1;
        }
        if promised == Promise::Secret
            && start == at + 1
            && may_be_package(&self.text[name_start..name_end])
            && self.is_pin(start)
        {
            return at + 1;
        }
        self.value(start, promised)
    }

    /// Whether what follows a package's name is a version or an architecture: `google-auth=2.1`, `libpam-auth:amd64`.
    fn is_pin(&self, start: usize) -> bool {
        let word = &self.bytes[start..self.until(start, |byte| self.ends(byte) || matches!(byte, b',' | b')' | b'='))];
        let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_version = digits > 0 && digits < 9 && matches!(word.get(digits), Some(b'.' | b':' | b'+' | b'~'))
            // A password may begin as a version does: in one of those there are small letters alone, and few of them at once.
            && word.split(|byte| !byte.is_ascii_lowercase()).all(|letters| letters.len() < 9)
            && !word.iter().any(u8::is_ascii_uppercase);
        is_version || matches!(word, b"amd64" | b"arm64" | b"armhf" | b"armel" | b"i386" | b"all" | b"any" | b"native")
    }

    /// The value that begins at `start`, of a name that promised something.
    fn value(&mut self, start: usize, promised: Promise) -> usize {
        if promised == Promise::Authority {
            return self.authority(start);
        }
        let escapes = self.skip(start, b'\\');
        let quote = self.bytes.get(escapes).copied().filter(|byte| !self.words && matches!(byte, b'"' | b'\'' | b'`'));
        let start = if quote.is_some() { escapes + 1 } else { start };
        let scheme_end = self.until(start, |byte| byte == b' ' || self.ends(byte));
        let has_scheme = self.bytes.get(scheme_end).is_none_or(|&byte| is_blank(byte))
            && SCHEMES.iter().any(|scheme| self.is_word(start..scheme_end, scheme));
        let start = if has_scheme { self.skip(scheme_end, b' ') } else { start };
        let reference = self.bytes[start..].starts_with(b"${");
        let end = self.until(start, |byte| match (quote, promised) {
            _ if self.words => byte == 0,
            (Some(quote), _) => byte == quote || matches!(byte, 0 | b'\n'),
            (None, Promise::Header) => matches!(byte, 0 | b'\n' | b'\r' | b'"' | b'\'' | b'`'),
            (None, _) => {
                self.ends(byte) || matches!(byte, b'&' | b';' | b',' | b')' | b']') || byte == b'}' && !reference
            }
        });
        self.cut(start..end, Lesson::Secret)
    }

    /// A value that may begin with user information without a scheme before it.
    fn authority(&mut self, start: usize) -> usize {
        let longest = self.bytes.len().min(start + LONGEST_AUTHORITY);
        let length = self.bytes[start..longest].iter().position(|&byte| self.ends(byte)).unwrap_or(longest - start);
        let value = &self.bytes[start..start + length];
        match last(value, b'@') {
            Some(sign) if memchr::memmem::find(value, b"://").is_none() => {
                self.cut(start..start + sign, Lesson::UserInformation)
            }
            _ => start,
        }
    }

    fn is_word(&self, part: Range<usize>, word: &str) -> bool {
        self.bytes[part].eq_ignore_ascii_case(word.as_bytes())
    }

    /// An `@` outside a URL: `user:password@host`, but no digest of an image (`python:3.12@sha256:...`).
    fn user_information(&mut self, sign: usize) -> usize {
        let start =
            self.back(sign, |byte| !self.ends(byte) && !matches!(byte, b'/' | b'@' | b'=' | b'(' | b'[' | b','));
        let after = &self.bytes[sign + 1..];
        let is_host = after.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'[');
        let is_digest = after.starts_with(b"sha256:") || after.starts_with(b"sha512:");
        let password = self.bytes[start..sign].iter().position(|&byte| byte == b':');
        if is_host && !is_digest && password.is_some_and(|colon| colon > 0) {
            self.cut(start..sign, Lesson::UserInformation);
        }
        sign + 1
    }

    /// A blank: the word before it may announce what follows.
    fn word(&mut self, blank: usize) -> usize {
        let start = self.back(blank, |byte| !self.ends(byte) && byte != b'=');
        let word = start..blank;
        let next = self.next_word(blank);
        if self.bytes[start..].starts_with(b"--") {
            return match promise(&self.text[word.clone()]) {
                Promise::Nothing if self.is_word(word, "--user") => self.login(next),
                Promise::Nothing => blank + 1,
                promised => self.value(next.start, promised).max(blank + 1),
            };
        }
        if self.is_word(word.clone(), "-u") {
            return self.login(next);
        }
        if self.is_word(word.clone(), "bearer") && next.len() >= 8 {
            return self.cut(next, Lesson::Secret);
        }
        if self.is_word(word.clone(), "machine") {
            return self.netrc(next.end);
        }
        if self.is_word(word.clone(), "login") || self.is_word(word.clone(), "default") {
            let account = if self.is_word(word.clone(), "login") { start } else { blank };
            return self.netrc(account);
        }
        if self.is_word(word, "env") {
            // `ENV API_TOKEN value` of a Dockerfile, without a `=`.
            if promise(&self.text[next.clone()]) == Promise::Secret && self.bytes.get(next.end) == Some(&b' ') {
                let end = self.until(next.end, |byte| matches!(byte, 0 | b'\n'));
                return self.cut(next.end + 1..end, Lesson::Secret);
            }
        }
        blank + 1
    }

    /// `user:password` as curl takes it.
    fn login(&mut self, word: Range<usize>) -> usize {
        match self.bytes[word.clone()].contains(&b':') {
            true => self.cut(word, Lesson::UserInformation),
            false => word.start,
        }
    }

    /// The words of a netrc's entry from `from` on, if there is a password among them.
    fn netrc(&mut self, from: usize) -> usize {
        let (mut at, mut values, mut has_password) = (from, Vec::new(), false);
        while values.len() < 3 {
            let name = self.next_word(at);
            if !["login", "password", "account"].iter().any(|kind| self.is_word(name.clone(), kind)) {
                break;
            }
            let value = self.next_word(name.end);
            at = value.end;
            has_password |= self.is_word(name, "password") && !value.is_empty();
            values.push(value);
        }
        if !has_password {
            return from;
        }
        for value in values {
            self.cut(value, Lesson::Secret);
        }
        at
    }

    /// The word after the blanks from `from` on.
    fn next_word(&self, from: usize) -> Range<usize> {
        let start = self.until(from, |byte| !is_blank(byte));
        start..self.until(start, |byte| self.ends(byte))
    }
}

/// Whether a part only names variables, `${USER}:${TOKEN}`, as requirements files do to keep secrets out of them.
fn is_reference(part: &[u8]) -> bool {
    part.split(|&byte| byte == b':').all(|word| {
        let name = word.strip_prefix(b"${").and_then(|word| word.strip_suffix(b"}"));
        name.is_some_and(|name| {
            name.iter().all(|&byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        })
    })
}

fn last(text: &[u8], wanted: u8) -> Option<usize> {
    text.iter().rposition(|&byte| byte == wanted)
}

fn is_blank(byte: u8) -> bool {
    byte <= b' '
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
