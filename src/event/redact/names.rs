//! Which names of options, settings, headers and variables promise a secret.

/// What the value of a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Nothing secret is expected.
    Nothing,
    /// A secret.
    Secret,
    /// A secret up to the end of the line: `Authorization: Basic ...`, `Cookie: a=b; c=d`.
    Header,
    /// A host that user information may stand before, without a scheme: `--proxy user:password@host:3128`.
    Authority,
}

/// Words that make a name secret wherever they stand in it.
const SECRET_WORDS: [&str; 16] = [
    "key",
    "keys",
    "auth",
    "oauth",
    "oauth2",
    "authentication",
    "pass",
    "pwd",
    "pat",
    "sas",
    "sig",
    "signature",
    "bearer",
    "cred",
    "creds",
    "passcode",
];

/// Endings that make a word secret: `token`, `authtoken`, `PGPASSWORD`, `clientsecret`.
const SECRET_ENDINGS: [&str; 13] = [
    "token",
    "tokens",
    "secret",
    "secrets",
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "apikey",
    "secretkey",
    "privatekey",
    "credential",
    "credentials",
];

/// Last words of a name whose value only tells where or of which sort a secret is, or what became of it.
const HARMLESS_ENDINGS: [&str; 23] = [
    "file",
    "path",
    "dir",
    "directory",
    "home",
    "sock",
    "socket",
    "url",
    "uri",
    "provider",
    "helper",
    "backend",
    "type",
    "method",
    "host",
    "hostname",
    "port",
    "stdin",
    "error",
    "server",
    "servers",
    "ring",
    "rings",
];

/// What `name` promises: of an option (with its dashes), a variable, a setting or a header, in any case and notation.
pub(super) fn promise(name: &str) -> Promise {
    let name = name.trim_start_matches('-');
    let (mut secret, mut header, mut last, mut first) = (false, false, Word::default(), None);
    for word in Words(name).map(Word::of) {
        secret |= word.is_one_of(&SECRET_WORDS) || !word.is_of_library && word.ends_with_one_of(&SECRET_ENDINGS);
        header |= word.is_one_of(&["authorization", "cookie"]);
        first.get_or_insert(word);
        last = word;
    }
    let ends = |words: &str| {
        name.len() >= words.len() && {
            let tail = &name.as_bytes()[name.len() - words.len()..];
            tail.iter().zip(words.bytes()).all(|(a, b)| a.to_ascii_lowercase() == b || b == b'_' && *a == b'-')
        }
    };
    if header {
        Promise::Header
    } else if ["proxy", "index_url", "trusted_host"].into_iter().any(ends) {
        Promise::Authority
    } else if secret
        && !last.is_one_of(&HARMLESS_ENDINGS)
        && !first.is_some_and(|first| first.is_one_of(&["no"]))
        && !matches!(name, "PWD" | "OLDPWD")
    {
        Promise::Secret
    } else {
        Promise::Nothing
    }
}

/// Whether a name that promises a secret may be one of a package: `google-auth`, `libpam-auth`, but not `upload-password`.
pub(super) fn may_be_package(name: &str) -> bool {
    const NEVER: [&str; 6] = ["password", "passwords", "passwd", "passphrase", "secret", "secrets"];
    name.contains('-') && !Words(name).map(Word::of).any(|word| word.ends_with_one_of(&NEVER))
}

/// No word that is looked for is longer.
const LONGEST: usize = 16;

/// A word in small letters: its end, in whatever case it was written. Every variable of an environment is looked at when
/// a session begins, so that none is copied to the heap for it.
#[derive(Clone, Copy, Default)]
struct Word {
    end: [u8; LONGEST],
    length: usize,
    /// Whether it is the name of a library: `libsecret`.
    is_of_library: bool,
}

impl Word {
    fn of(word: &str) -> Word {
        let bytes = word.as_bytes();
        let tail = &bytes[bytes.len().saturating_sub(LONGEST)..];
        let mut end = [0; LONGEST];
        end[..tail.len()].copy_from_slice(tail);
        end.make_ascii_lowercase();
        let is_of_library = bytes.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"lib"));
        Word { end, length: bytes.len(), is_of_library }
    }

    fn ends_with_one_of(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.end().ends_with(ending.as_bytes()))
    }

    /// The last of its letters.
    fn end(&self) -> &[u8] {
        &self.end[..self.length.min(LONGEST)]
    }

    fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|other| other.len() == self.length && self.end() == other.as_bytes())
    }
}

/// The words of a name: cut at what is no letter or digit, and where a capital follows a small letter.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        let end = (1..bytes.len())
            .find(|&at| {
                !bytes[at].is_ascii_alphanumeric()
                    || bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase()
            })
            .unwrap_or(bytes.len());
        self.0 = &rest[end..];
        Some(&rest[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::{Promise, promise};

    #[test]
    fn names_promise_what_they_say() {
        for name in [
            "TOKEN",
            "API_TOKEN",
            "CI_JOB_TOKEN",
            "npm_config__authToken",
            "accessKey",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "PGPASSWORD",
            "MYSQL_PWD",
            "DB_PASSWD",
            "--password",
            "--api-key",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "X-JFrog-Art-Api-Key",
            "sig",
            "PRIVATE-TOKEN",
            "GOOGLE_CREDENTIALS",
            "DOCKER_AUTH_CONFIG",
            "SSH_KEY",
            "client_secret",
            "OAUTH2",
            "pass",
        ] {
            assert_eq!(promise(name), Promise::Secret, "{name}");
        }
        for name in [
            "PATH",
            "PWD",
            "OLDPWD",
            "HOME",
            "AUTHOR",
            "GIT_AUTHOR_NAME",
            "PIP_KEYRING_PROVIDER",
            "--keyring-provider",
            "SSH_AUTH_SOCK",
            "TOKEN_FILE",
            "TOKEN_URL",
            "XAUTHORITY",
            "monkey",
            "keyring",
            "passlib",
            "libsecret-1-0",
            "compass",
            "tokenize",
            "secretary",
            "--no-auth",
            "--password-stdin",
            "KeyError",
            "sha256",
            "",
            "-",
            "PIP_CERT",
        ] {
            assert_eq!(promise(name), Promise::Nothing, "{name}");
        }
        for name in ["Authorization", "Proxy-Authorization", "HTTP_AUTHORIZATION", "Cookie", "set-cookie"] {
            assert_eq!(promise(name), Promise::Header, "{name}");
        }
        for name in ["--proxy", "https_proxy", "PIP_PROXY", "--index-url", "PIP_EXTRA_INDEX_URL", "--trusted-host"] {
            assert_eq!(promise(name), Promise::Authority, "{name}");
        }
    }
}
