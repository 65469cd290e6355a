//! The errors that apt prints at its end, on standard error: the one place where the text has a full URL.

/// `E: Failed to fetch URL  REASON`, with the lines that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FetchError {
    pub(super) url: String,
    pub(super) reason: String,
    pub(super) details: Vec<String>,
}

impl FetchError {
    /// In any language: a URL, two blanks, and the reason, which is not translated where it comes from a method.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let rest = ["E: ", "W: "].iter().find_map(|start| line.strip_prefix(start))?;
        let at = rest.find("://").or_else(|| rest.find(":/"))?;
        let start = rest[..at].rfind(' ').map_or(0, |blank| blank + 1);
        let (url, reason) = rest[start..].split_once("  ")?;
        let whole = !url.contains([' ', '\'', '"']) && start > 0;
        whole.then(|| FetchError { url: url.to_owned(), reason: reason.trim().to_owned(), details: Vec::new() })
    }

    /// The last component of the URL.
    pub(super) fn filename(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::FetchError;

    #[test]
    fn finds_url_and_reason_in_any_language() {
        let parse = |line| FetchError::parse(line).map(|error| (error.url, error.reason));
        let expected = Some(("http://a.example/x_1_all.deb".to_owned(), "404  Not Found [IP : 127.0.0.1]".to_owned()));
        assert_eq!(
            parse("E: Impossible de récupérer http://a.example/x_1_all.deb  404  Not Found [IP : 127.0.0.1]"),
            expected
        );
        assert_eq!(parse("E: The repository 'http://a.example s Release' does not have a Release file."), None);
        assert_eq!(
            parse("E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?"),
            None
        );
    }
}
