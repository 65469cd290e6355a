//! What is accepted beforehand, one a line: attempts, `HOST[:PORT]  # why`, and servers outside of the cut, `/PATH  # why`,
//! with `*` for any run of characters.

use super::document::Reach;

/// The accepted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    patterns: Vec<Pattern>,
    /// Of sockets of files.
    paths: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    host: String,
    port: Option<u16>,
}

/// A line that accepts nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct KnownFault {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong and what to write.
    pub reason: String,
}

impl Known {
    /// Reads a file.
    ///
    /// # Errors
    /// Every line that is wrong.
    pub fn parse(text: &str) -> Result<Known, Vec<KnownFault>> {
        let (mut known, mut faults) = (Known::default(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            if entry.starts_with('/') && !entry.contains(char::is_whitespace) {
                known.paths.push(entry.to_owned());
                continue;
            }
            match Pattern::parse(entry) {
                Ok(pattern) => known.patterns.push(pattern),
                Err(reason) => faults.push(KnownFault { line: number + 1, reason }),
            }
        }
        if faults.is_empty() { Ok(known) } else { Err(faults) }
    }

    /// Whether the server behind a socket of files is accepted.
    pub(super) fn accepts_server(&self, path: &str) -> bool {
        self.paths.iter().any(|pattern| fits(pattern.as_bytes(), path.as_bytes()))
    }

    /// Whether a try is accepted. One whose name was asked for and never resolved has no port: its host decides.
    pub(super) fn accepts(&self, reach: &Reach) -> bool {
        let address = reach.addr.as_deref().and_then(|address| address.rsplit_once(':'));
        let port = address.and_then(|(_, port)| port.parse::<u16>().ok());
        let unresolved = reach.host_source.as_deref() != Some("dns-correlated") && reach.host.is_some();
        let ip = address.map(|(ip, _)| ip.trim_start_matches('[').trim_end_matches(']'));
        self.patterns.iter().any(|pattern| {
            let by_name = reach.host.as_deref().is_some_and(|host| pattern.names(host));
            // The address of a question is the name server's, which nobody wanted for itself.
            let by_address = reach.host.is_none() && ip.is_some_and(|ip| pattern.names(ip));
            let by_port = pattern.port.is_none() || pattern.port == port || (by_name && unresolved);
            (by_name || by_address) && by_port
        })
    }
}

impl Pattern {
    fn parse(entry: &str) -> Result<Pattern, String> {
        if entry.contains(char::is_whitespace) {
            return Err(format!(
                "`{entry}` is more than one host: write one `HOST[:PORT]  # why` or `/PATH  # why` a line"
            ));
        }
        if entry.contains('/') {
            return Err(format!("`{entry}` is not a host: write `HOST[:PORT]`, without scheme and path"));
        }
        let (host, port) = match entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or(rest))),
            // More than one colon: an address of IPv6 without its port.
            None if entry.matches(':').count() > 1 => (entry, None),
            None => entry.split_once(':').map_or((entry, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            None | Some("*") => None,
            Some(port) => Some(port.parse().map_err(|_| format!("`{port}` is not a port: write 1 to 65535, or `*`"))?),
        };
        if host.is_empty() {
            return Err(format!("`{entry}` names no host: write `HOST[:PORT]`"));
        }
        Ok(Pattern { host: host.to_ascii_lowercase(), port })
    }

    fn names(&self, host: &str) -> bool {
        fits(self.host.as_bytes(), host.to_ascii_lowercase().as_bytes())
    }
}

/// Whether a text is as a pattern says, with `*` for any run of characters.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| fits(rest, &text[at..])),
        Some((first, rest)) => text.split_first().is_some_and(|(head, tail)| head == first && fits(rest, tail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(host: Option<&str>, source: Option<&str>, addr: Option<&str>) -> Reach {
        Reach {
            tool: "curl".to_owned(),
            host: host.map(str::to_owned),
            host_source: source.map(str::to_owned),
            addr: addr.map(str::to_owned),
            proto: None,
            count: 1,
            seconds: None,
            uid: None,
            chain: Vec::new(),
            invocation: None,
            step: None,
            wanted: None,
            known: false,
        }
    }

    #[test]
    fn accepts_what_its_lines_say_and_nothing_else() {
        let known = Known::parse(
            "# none\n\ntelemetry.example  # phones home\n*.mirror.example:443 # a mirror\n192.0.2.1:80 # ntp\n[2001:db8::1]:53 # six\n",
        )
        .unwrap();
        let question = |host| reach(Some(host), Some("dns-query"), Some("192.0.2.53:53"));
        assert!(known.accepts(&question("telemetry.example")) && known.accepts(&question("TELEMETRY.example")));
        assert!(known.accepts(&question("a.mirror.example")), "a name that was never resolved has no port");
        assert!(!known.accepts(&question("mirror.example")) && !known.accepts(&question("x.telemetry.example")));
        let connect = |host, addr| reach(host, host.map(|_| "dns-correlated"), Some(addr));
        assert!(known.accepts(&connect(Some("a.mirror.example"), "192.0.2.7:443")));
        assert!(!known.accepts(&connect(Some("a.mirror.example"), "192.0.2.7:80")));
        assert!(known.accepts(&connect(None, "192.0.2.1:80")) && !known.accepts(&connect(None, "192.0.2.1:81")));
        assert!(known.accepts(&connect(None, "[2001:db8::1]:53")));
        assert!(!known.accepts(&reach(None, None, None)), "what nobody was seen to do cannot be known");
    }

    #[test]
    fn a_path_is_a_servers() {
        let known = Known::parse("/run/docker.sock  # builds nothing\n/run/user/*/podman.sock\n").unwrap();
        assert!(known.accepts_server("/run/docker.sock") && known.accepts_server("/run/user/7/podman.sock"));
        assert!(!known.accepts_server("/var/run/docker.sock") && !known.accepts_server("/run/docker.sock2"));
        assert!(!known.accepts(&reach(Some("/run/docker.sock"), None, None)));
    }

    #[test]
    fn says_which_line_is_wrong_and_what_to_write() {
        let faults = Known::parse("a.example # fine\nb.example:http # x\nhttps://c.example/ # x\n:80 # x\nx y\n");
        let lines: Vec<String> = faults.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].starts_with("line 2: `http` is not a port"), "{lines:?}");
        assert!(lines[1].starts_with("line 3: `https://c.example/` is not a host"), "{lines:?}");
        assert!(lines[2].starts_with("line 4: `:80` names no host"), "{lines:?}");
        assert!(lines[3].starts_with("line 5: `x y` is more than one host"), "{lines:?}");
    }
}
