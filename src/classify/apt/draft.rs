//! An artifact in the making, with the clues to its bytes.

use super::target::Target;
use crate::classify::{Clues, Finding};
use crate::event::{Artifact, Ecosystem, Evidence, Kind, Origin};

/// What will be one [`Finding::Artifact`].
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) record: Artifact,
    pub(super) clues: Clues,
}

impl Draft {
    /// Of unknown origin.
    pub(super) fn new(kind: Kind, evidence: &[Evidence]) -> Self {
        let mut record = Artifact::new(Ecosystem::Deb, kind);
        record.evidence = evidence.into();
        Draft { record, clues: Clues::default() }
    }

    /// Of unknown origin, with the identity of what was asked for.
    pub(super) fn of(target: &Target, evidence: &[Evidence]) -> Self {
        let mut draft = Draft::new(target.kind, evidence);
        draft.record.name = target.name.clone().map(Into::into);
        draft.record.version = target.version.clone().map(Into::into);
        draft.record.arch = target.arch.clone().map(Into::into);
        draft.record.filename = Some(target.filename.clone().into());
        draft.record.index = target.repository.clone().map(Into::into);
        draft
    }

    /// The same, of this origin; a reason belongs to `failed` and `unknown` only.
    pub(super) fn origin(mut self, origin: Origin, reason: Option<String>) -> Self {
        self.record.origin = origin;
        self.record.reason = reason.map(Into::into);
        self
    }

    /// Whether this may be the package of that name, version and architecture; what is not known agrees with anything.
    pub(super) fn is_package(&self, name: &str, version: Option<&str>, arch: Option<&str>) -> bool {
        let agrees = |known: Option<&str>, asked: Option<&str>| match (known, asked) {
            (Some(known), Some(asked)) => known == asked,
            _ => true,
        };
        self.record.kind == Kind::Deb
            && self.record.name.as_deref() == Some(name)
            && agrees(self.record.version.as_deref(), version)
            && agrees(self.record.arch.as_deref(), arch)
    }

    /// As a finding.
    pub(super) fn finding(self, number: u64) -> Finding {
        Finding::Artifact { number, record: Box::new(self.record), clues: Box::new(self.clues) }
    }
}
