//! Whole records without secrets: every field that may hold text of a tool passes the redactor, in one place.

use super::Redactor;
use crate::event::{Artifact, Attempt};

impl Redactor {
    /// An artifact for a record.
    pub fn artifact(&self, artifact: &Artifact) -> Artifact {
        Artifact {
            source: self.some(artifact.source.as_deref()),
            index: self.some(artifact.index.as_deref()),
            destination: self.some(artifact.destination.as_deref()),
            reason: self.some(artifact.reason.as_deref()),
            ..artifact.clone()
        }
    }

    /// Tries to reach the network for a record.
    pub fn attempt(&self, attempt: &Attempt) -> Attempt {
        Attempt {
            wanted: self.some(attempt.wanted.as_deref()),
            reason: self.some(attempt.reason.as_deref()),
            chain: attempt.chain.iter().map(|arguments| self.text(arguments)).collect(),
            ..attempt.clone()
        }
    }

    fn some<T: From<String>>(&self, text: Option<&str>) -> Option<T> {
        text.map(|text| self.text(text).into())
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Artifact, Attempt, AttemptKind, Ecosystem, Kind, Redactor};

    #[test]
    fn no_field_keeps_a_secret() {
        const SECRET: &str = "https://user:hunter2@host.example/simple/";
        let mut artifact = Artifact::new(Ecosystem::Pypi, Kind::Wheel);
        artifact.source = Some(SECRET.into());
        artifact.index = Some(SECRET.into());
        artifact.destination = Some(SECRET.into());
        artifact.reason = Some(SECRET.into());
        let attempt = Attempt {
            wanted: Some(SECRET.to_owned()),
            reason: Some(SECRET.to_owned()),
            chain: vec![SECRET.to_owned()],
            ..Attempt::new("pip", AttemptKind::Fetch)
        };
        let redactor = Redactor::default();
        let records = format!("{:?} {:?}", redactor.artifact(&artifact), redactor.attempt(&attempt));
        assert!(records.contains("host.example") && !records.contains("hunter2"), "{records}");
    }
}
