//! A requirement of a distribution, as the closure reckons with it.

use std::str::FromStr as _;

use pep440_rs::{Operator, Version, VersionSpecifiers};
use pep508_rs::ExtraName;

use super::super::requirements::{Marker, Requirement, Source};
use crate::event::canonical_name;

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The distribution, in canonical form.
    pub name: String,
    /// With these extras.
    pub extras: Vec<ExtraName>,
    /// In one of these versions.
    pub specifiers: VersionSpecifiers,
    /// When this holds.
    pub marker: Option<Marker>,
    /// From just this URL or path.
    pub location: Option<String>,
    /// In which words.
    pub text: String,
}

impl Wish {
    /// The wish of a `Requires-Dist`, or of an entry of a build system's `requires`.
    ///
    /// # Errors
    /// What is wrong with it as PEP 508.
    pub fn parse(text: &str) -> Result<Self, String> {
        let requirement = Requirement::parse_metadata(text)?;
        let name = requirement.name.clone().ok_or("it has no name")?;
        Ok(Wish::of(&requirement, &name, text.to_owned()))
    }

    /// The wish of a requirement whose name is known.
    pub fn of(requirement: &Requirement, name: &str, text: String) -> Self {
        let location = match &requirement.source {
            Source::Index => None,
            Source::Url(location) | Source::Path(location) | Source::Repository(location) => Some(location.clone()),
        };
        Wish {
            name: canonical_name(name),
            extras: requirement.extras.iter().filter_map(|extra| ExtraName::from_str(extra).ok()).collect(),
            specifiers: if location.is_some() { VersionSpecifiers::empty() } else { requirement.specifiers.clone() },
            marker: requirement.marker.clone(),
            location,
            text,
        }
    }

    /// Whether this version is one of them. A pre-release is held to its number only: whether one is taken at all is
    /// decided over all wishes together.
    pub fn takes(&self, version: &Version) -> bool {
        self.specifiers.contains(version)
    }

    /// Whether a pre-release is asked for by name.
    pub fn names_prerelease(&self) -> bool {
        self.specifiers.iter().any(|one| {
            one.version().any_prerelease() && !matches!(one.operator(), Operator::NotEqual | Operator::NotEqualStar)
        })
    }

    /// Whether one version alone is asked for.
    pub fn is_pinned(&self) -> bool {
        self.specifiers.iter().any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual))
    }
}
