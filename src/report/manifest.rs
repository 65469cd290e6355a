//! What a build turned out to depend on, as a dependency manifest.

use std::collections::BTreeMap;

use serde::Serialize;

use super::analysis::Analysis;
use super::history::package;
use crate::event::json;
use crate::event::{Ecosystem, Moment, Origin, Purpose};

#[derive(Serialize)]
struct Manifest<'a> {
    schema: u32,
    session_id: &'a str,
    total_dependencies: usize,
    dependencies: Vec<Dependency<'a>>,
}

/// One package in one version.
#[derive(Serialize)]
struct Dependency<'a> {
    name: String,
    ecosystem: Ecosystem,
    /// `six==1.16.0`, `curl=7.88.1-10`: as the tool takes it.
    requirement: String,
    version: Option<&'a str>,
    stage: Option<&'a str>,
    parsed_at: Option<Moment>,
}

/// Each package that was obtained for use, by name; one entry for each version and stage. Ends with a newline.
pub fn dependency_manifest(analysis: &Analysis<'_>) -> String {
    let session = analysis.session;
    let mut dependencies = BTreeMap::new();
    for artifact in session.downloads.all() {
        let is_obtained = !matches!(artifact.origin, Origin::Failed | Origin::Unknown);
        if !artifact.kind.is_package() || artifact.purpose != Purpose::Runtime || !is_obtained {
            continue;
        }
        let Some((ecosystem, name)) = package(artifact) else { continue };
        let version = artifact.version.as_deref();
        let stage = artifact.step.as_ref().and_then(|step| step.stage.as_deref());
        let sign = if ecosystem == Ecosystem::Deb { "=" } else { "==" };
        let requirement = version.map_or_else(|| name.clone(), |version| format!("{name}{sign}{version}"));
        dependencies.entry((ecosystem, name.clone(), version, stage)).or_insert(Dependency {
            name,
            ecosystem,
            requirement,
            version,
            stage,
            parsed_at: session.finished_at,
        });
    }
    let manifest = Manifest {
        schema: 1,
        session_id: session.session_id.as_str(),
        total_dependencies: dependencies.len(),
        dependencies: dependencies.into_values().collect(),
    };
    json::text(&manifest)
}
