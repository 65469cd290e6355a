//! Whole records without secrets: every field that may hold text of a tool passes the redactor, in one place.

use super::Redactor;
use crate::event::{Artifact, Attempt};

impl Redactor {
    /// An artifact for a record.
    pub fn artifact(&self, artifact: &Artifact) -> Artifact {
        Artifact {
            source: self.some(&artifact.source),
            index: self.some(&artifact.index),
            destination: self.some(&artifact.destination),
            reason: self.some(&artifact.reason),
            ..artifact.clone()
        }
    }

    /// Tries to reach the network for a record.
    pub fn attempt(&self, attempt: &Attempt) -> Attempt {
        Attempt {
            wanted: self.some(&attempt.wanted),
            reason: self.some(&attempt.reason),
            chain: attempt.chain.iter().map(|arguments| self.text(arguments)).collect(),
            ..attempt.clone()
        }
    }

    fn some(&self, text: &Option<String>) -> Option<String> {
        text.as_deref().map(|text| self.text(text))
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Artifact, Attempt, AttemptKind, Ecosystem, Kind, Redactor};

    #[test]
    fn no_field_keeps_a_secret() {
        let secret = || Some("https://user:hunter2@host.example/simple/".to_owned());
        let mut artifact = Artifact::new(Ecosystem::Pypi, Kind::Wheel);
        artifact.source = secret();
        artifact.index = secret();
        artifact.destination = secret();
        artifact.reason = secret();
        let attempt = Attempt {
            wanted: secret(),
            reason: secret(),
            chain: secret().into_iter().collect(),
            ..Attempt::new("pip", AttemptKind::Fetch)
        };
        let redactor = Redactor::default();
        let records = format!("{:?} {:?}", redactor.artifact(&artifact), redactor.attempt(&attempt));
        assert!(records.contains("host.example") && !records.contains("hunter2"), "{records}");
    }
}
