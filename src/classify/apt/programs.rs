//! The programs that apt's configuration names as acquire methods: `Dir::Bin::Methods::http=/usr/lib/apt/methods/http`.

use std::collections::BTreeMap;

use crate::event::text;

/// By scheme; what was not said is missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Programs(BTreeMap<String, Vec<u8>>);

impl Programs {
    /// One item of the configuration, `Key=value`; keys are the same in either case.
    pub(super) fn line(&mut self, line: &[u8]) {
        let Some(equals) = memchr::memchr(b'=', line) else { return };
        let key = text(&line[..equals]).to_ascii_lowercase();
        if let Some(scheme) = key.strip_prefix("dir::bin::methods::") {
            self.0.insert(scheme.to_owned(), line[equals + 1..].trim_ascii().to_vec());
        }
    }

    /// A scheme of the network whose method is not `program`, if one is named.
    pub(super) fn other_than(&self, program: &[u8]) -> Option<&str> {
        let network = |scheme: &str| scheme == "http" || scheme == "https";
        let other = self.0.iter().find(|(scheme, named)| network(scheme) && named.as_slice() != program);
        other.map(|(scheme, _)| scheme.as_str())
    }
}
