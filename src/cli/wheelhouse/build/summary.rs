//! What the run brought, in a few lines.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::{Console, Tone, counted};
use crate::event::{Origin, Purpose, Session};
use crate::ledger::Files;
use crate::manifest::wheelhouse::{MANIFEST, Unmet, WheelhouseManifest};

/// The origins in the order in which they are shown, with the words for people.
const WORDS: [(Origin, &str); 12] = [
    (Origin::Downloaded, "downloaded"),
    (Origin::HttpCache, "from pip's HTTP cache"),
    (Origin::WheelCache, "from pip's cache of built wheels"),
    (Origin::Wheelhouse, "from a directory of links"),
    (Origin::Destination, "already there"),
    (Origin::Local, "from a local path"),
    (Origin::LayerCache, "from the layer cache"),
    (Origin::Vcs, "from version control"),
    (Origin::Built, "built"),
    (Origin::Failed, "failed"),
    (Origin::ArchiveCache, "from apt's archives"),
    (Origin::Unknown, "of unknown origin"),
];

/// Shows the summary.
pub(super) fn show(
    manifest: &WheelhouseManifest,
    directory: &Path,
    session: Option<&Session>,
    files: Option<&Files>,
    log: &Path,
    console: &mut Console,
) -> std::io::Result<()> {
    for (tone, label, list) in [(Tone::Doubtful, "skipped", &manifest.skipped), (Tone::Bad, "failed", &manifest.errors)]
    {
        for unmet in list {
            console.line_with(tone, &format!("{label}:"), &told(unmet))?;
        }
    }
    let taken = tally(manifest, session);
    let may_be_download =
        |(origin, _): &(Origin, Purpose)| matches!(origin, Origin::Downloaded | Origin::Vcs | Origin::Unknown);
    if !taken.keys().any(may_be_download) {
        console.line("nothing was downloaded")?;
    }
    for (origin, word) in WORDS {
        for (purpose, remark) in
            [(Purpose::Runtime, ""), (Purpose::Build, ", to build"), (Purpose::ResolverDiscarded, ", not used")]
        {
            if let Some((count, bytes)) = taken.get(&(origin, purpose)) {
                console.line(&format!("{count:>5} {:>10}  {word}{remark}", sized(*bytes)))?;
            }
        }
    }
    let total = counted(manifest.summary.total_files, "file", "files");
    let seconds = manifest.duration_seconds.unwrap_or_default();
    console.line(&format!(
        "{}: {total}, {}, in {seconds:.1} s",
        directory.display(),
        sized(manifest.summary.size_bytes)
    ))?;
    let mut paths = vec![("manifest", directory.join(MANIFEST)), ("log", log.to_owned())];
    if let Some(files) = files {
        paths.extend([("session", files.document.clone()), ("", files.log.clone())]);
    }
    for (label, path) in paths {
        console.line(&format!("{label:>8}  {}", path.display()))?;
    }
    Ok(())
}

/// How many package files, and how many bytes, by origin: as the session saw them, else by the manifest.
fn tally(manifest: &WheelhouseManifest, session: Option<&Session>) -> BTreeMap<(Origin, Purpose), (usize, u64)> {
    let mut taken: BTreeMap<(Origin, Purpose), (usize, u64)> = BTreeMap::new();
    let mut add = |origin, purpose, bytes: u64| {
        let (count, sum) = taken.entry((origin, purpose)).or_default();
        (*count, *sum) = (*count + 1, *sum + bytes);
    };
    match session.filter(|session| session.downloads.all().next().is_some()) {
        Some(session) => {
            let packages = session.downloads.all().filter(|artifact| artifact.kind.is_package());
            packages.for_each(|artifact| add(artifact.origin, artifact.purpose, artifact.size_bytes.unwrap_or(0)));
        }
        None => manifest.success.iter().for_each(|line| add(line.origin, Purpose::Runtime, line.size_bytes)),
    }
    taken
}

fn told(unmet: &Unmet) -> String {
    let place = match (&unmet.file, unmet.line) {
        (Some(file), Some(line)) => format!(" ({file}:{line})"),
        (Some(file), None) => format!(" ({file})"),
        _ => String::new(),
    };
    match unmet.requirement.as_str() {
        "" => format!("{}{place}", unmet.reason),
        requirement => format!("{requirement}{place}: {}", unmet.reason),
    }
}

/// Bytes for people.
fn sized(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
